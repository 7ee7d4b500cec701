package velero_test

import (
	"context"
	"encoding/pem"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/acmdr/kubectl-acmdr/pkg/internal/testutil"
	"github.com/acmdr/kubectl-acmdr/pkg/velero"
)

func downloader(t *testing.T, store *testutil.Store, location *velero.Location) (*velero.Downloader, *testutil.Hub) {
	t.Helper()
	hub := testutil.NewHub(t, testutil.Object(t, velero.LocationResource, location))
	store.Serve(hub)
	return &velero.Downloader{API: velero.In(hub.Dynamic, "velero"), Kube: hub.Kube, Clock: testutil.Instant{}}, hub
}

func location(name string) *velero.Location {
	made := &velero.Location{ObjectMeta: metav1.ObjectMeta{Namespace: "velero", Name: name}}
	made.Spec.Default = true
	made.Spec.ObjectStorage = &velero.ObjectStorage{Bucket: "acm-dr"}
	made.Status.Phase = velero.LocationAvailable
	return made
}

func nightly() *velero.Backup {
	made := &velero.Backup{ObjectMeta: metav1.ObjectMeta{Namespace: "velero", Name: "nightly"}}
	made.Spec.StorageLocation = "default"
	return made
}

func TestResourceList(t *testing.T) {
	want := velero.ResourceList{"v1/Secret": {"managed-one/kubeconfig"}, "v1/Namespace": {"managed-one"}}
	store := testutil.NewStore(t, map[string][]byte{"BackupResourceList/nightly": testutil.Gzip(t, want)})
	files, hub := downloader(t, store, location("default"))
	got, err := files.ResourceList(t.Context(), nightly())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	left, err := hub.Dynamic.Resource(velero.DownloadRequestResource).List(t.Context(), metav1.ListOptions{})
	if err != nil || len(left.Items) != 0 {
		t.Errorf("%d download requests, which hold URLs, were left behind (%v)", len(left.Items), err)
	}
}

func TestDownloadErrorsAreClearAndHoldNoURL(t *testing.T) {
	damaged := testutil.Gzip(t, velero.ResourceList{"v1/Secret": {"a/b"}})
	damaged[len(damaged)-6] ^= 1
	for name, test := range map[string]struct {
		files map[string][]byte
		stop  bool
		want  string
	}{
		"not there": {map[string][]byte{}, false, "NoSuchKey"},
		"no gzip":   {map[string][]byte{"BackupResourceList/nightly": []byte("<html>")}, false, "it is not gzip"},
		"no JSON":   {map[string][]byte{"BackupResourceList/nightly": testutil.Gzip(t, []byte("<html>"))}, false, "it is damaged"},
		"bit flip":  {map[string][]byte{"BackupResourceList/nightly": damaged}, false, "it is damaged"},
		"down":      {map[string][]byte{}, true, "cannot reach the object store at 127.0.0.1"},
	} {
		t.Run(name, func(t *testing.T) {
			store := testutil.NewStore(t, test.files)
			files, _ := downloader(t, store, location("default"))
			if test.stop {
				store.Server.Close()
			}
			_, err := files.ResourceList(t.Context(), nightly())
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Fatalf("got %v, want %q", err, test.want)
			}
			if strings.Contains(err.Error(), "X-Amz-Signature") || strings.Contains(err.Error(), "\n") {
				t.Errorf("error repeats the pre-signed URL, or has several lines: %v", err)
			}
		})
	}
}

func TestDownloadEndsWithItsContext(t *testing.T) {
	// No reactor: Velero never answers, as it does when the location is gone.
	hub := testutil.NewHub(t, testutil.Object(t, velero.LocationResource, location("default")))
	files := &velero.Downloader{API: velero.In(hub.Dynamic, "velero"), Kube: hub.Kube, Clock: testutil.Instant{}}
	ctx, cancel := context.WithTimeout(t.Context(), 1)
	defer cancel()
	_, err := files.ResourceList(ctx, nightly())
	if err == nil || !strings.Contains(err.Error(), "Velero gave no URL") && !strings.Contains(err.Error(), "not yet observed") {
		t.Errorf("got %v", err)
	}
}

// A store that goes silent is given up, and what it keeps is not called damaged.
func TestDownloadEndsWhenTheStoreIsSilent(t *testing.T) {
	whole := testutil.Gzip(t, velero.ResourceList{"v1/Secret": {"a/b"}})
	store := testutil.NewStore(t, nil)
	store.Server.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("ETag", `"0123456789abcdef0123456789abcdef"`)
		_, _ = w.Write(whole[:20])
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	})
	files, _ := downloader(t, store, location("default"))
	files.Silence = time.Millisecond
	for what, read := range map[string]func() error{
		"BackupResourceList of nightly": func() error { _, err := files.ResourceList(t.Context(), nightly()); return err },
		"backup nightly": func() error {
			_, err := files.Contents(t.Context(), nightly(), func(velero.Object, io.Reader) error { return nil })
			return err
		},
	} {
		want := what + ": the download broke off: the object store at " + store.Server.Listener.Addr().String() +
			" stopped sending: nothing came for 1ms"
		var bad *velero.BadContents
		if err := read(); err == nil || err.Error() != want || errors.As(err, &bad) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

func TestDownloadTrustsTheLocationsCA(t *testing.T) {
	list := testutil.Gzip(t, velero.ResourceList{"v1/Namespace": {"managed-one"}})
	store := testutil.NewStore(t, map[string][]byte{"BackupResourceList/nightly": list})
	store.Server.Close()
	store.Server = httptest.NewTLSServer(http.HandlerFunc(store.ServeHTTP))
	defer store.Server.Close()

	files, _ := downloader(t, store, location("default"))
	if _, err := files.ResourceList(t.Context(), nightly()); err == nil || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("an unknown authority was trusted: %v", err)
	}
	trusted := location("default")
	trusted.Spec.ObjectStorage.CACert = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: store.Server.Certificate().Raw})
	files, _ = downloader(t, store, trusted)
	if _, err := files.ResourceList(t.Context(), nightly()); err != nil {
		t.Errorf("the location's CA was not trusted: %v", err)
	}
}
