package testutil

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	clienttesting "k8s.io/client-go/testing"
)

// Store is an object store, and the part of Velero that hands out URLs to what is in it.
type Store struct {
	Server *httptest.Server
	// Files are the stored bytes, by "kind/name" of a DownloadRequest's target, for example "BackupContents/nightly". A
	// BackupResourceList that is not among them is made of the contents, as Velero would have listed them.
	Files map[string][]byte
}

// NewStore starts a store.
func NewStore(t *testing.T, files map[string][]byte) *Store {
	t.Helper()
	store := &Store{Files: files}
	store.Server = httptest.NewServer(store)
	t.Cleanup(store.Server.Close)
	return store
}

// ServeHTTP answers as S3 does.
func (s *Store) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	file, ok := s.Files[r.URL.Path[1:]]
	if backup, isList := strings.CutPrefix(r.URL.Path, "/BackupResourceList/"); isList && !ok {
		if contents, has := s.Files["BackupContents/"+backup]; has {
			file, ok = listed(contents), true
		}
	}
	if !ok {
		w.WriteHeader(http.StatusNotFound)
		_, _ = w.Write([]byte("<Error><Code>NoSuchKey</Code></Error>"))
		return
	}
	_, _ = w.Write(file)
}

// Serve has the hub's DownloadRequests answered with URLs of the store.
func (s *Store) Serve(hub *Hub) {
	hub.Dynamic.PrependReactor("create", "downloadrequests", func(action clienttesting.Action) (bool, runtime.Object, error) {
		request, _ := action.(clienttesting.CreateAction).GetObject().(*unstructured.Unstructured)
		kind, _, _ := unstructured.NestedString(request.Object, "spec", "target", "kind")
		name, _, _ := unstructured.NestedString(request.Object, "spec", "target", "name")
		_ = unstructured.SetNestedField(request.Object, s.Server.URL+"/"+kind+"/"+name+"?X-Amz-Signature=secret", "status", "downloadURL")
		return false, nil, nil
	})
}

// Gzip compresses what JSON makes of a value; bytes are taken as they are.
func Gzip(t *testing.T, value any) []byte {
	t.Helper()
	data, ok := value.([]byte)
	if !ok {
		encoded, err := json.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		data = encoded
	}
	var out bytes.Buffer
	writer := gzip.NewWriter(&out)
	if _, err := writer.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := writer.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// Entry is one file of a backup's tarball. Without Type it is a regular file.
type Entry struct {
	Name string
	Body string
	Type byte
	// Size is what the header claims; 0 for the length of Body.
	Size int64
	// Written is when Velero put it there.
	Written time.Time
}

// Tarball makes a backup's contents. A header that claims more than there is ends it.
func Tarball(t *testing.T, entries ...Entry) []byte {
	t.Helper()
	var out bytes.Buffer
	writer := tar.NewWriter(&out)
	for _, entry := range entries {
		header := &tar.Header{Name: entry.Name, Typeflag: tar.TypeReg, Mode: 0o600, Size: int64(len(entry.Body)), ModTime: entry.Written}
		if entry.Type != 0 {
			header.Typeflag, header.Linkname = entry.Type, "/etc/passwd"
		}
		if entry.Size != 0 {
			header.Size = entry.Size
		}
		if err := writer.WriteHeader(header); err != nil {
			t.Fatal(err)
		}
		if _, err := writer.Write([]byte(entry.Body)); err != nil {
			t.Fatal(err)
		}
		if entry.Size != 0 {
			return Gzip(t, out.Bytes())
		}
	}
	if err := writer.Close(); err != nil {
		t.Fatal(err)
	}
	return Gzip(t, out.Bytes())
}
