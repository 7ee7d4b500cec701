package velero_test

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/acmdr/kubectl-acmdr/pkg/internal/testutil"
	"github.com/acmdr/kubectl-acmdr/pkg/velero"
)

const clusterFile = "resources/managedclusters.cluster.open-cluster-management.io/v1-preferredversion/cluster/managed-one.json"

func TestReadContents(t *testing.T) {
	tarball := testutil.Packed(t,
		testutil.Entry{Name: "metadata/version", Body: "1.1.0"},
		testutil.Entry{Name: "resources/", Type: tar.TypeDir},
		testutil.Entry{Name: "resources/secrets/v1-preferredversion/namespaces/managed-one/kubeconfig.json", Body: `{"kind":"Secret"}`},
		testutil.Entry{Name: clusterFile, Body: `{"kind":"ManagedCluster"}`},
		// As with EnableAPIGroupVersions.
		testutil.Entry{Name: strings.Replace(clusterFile, "v1-preferredversion", "v1beta1", 1), Body: `{"the":"other version"}`},
	)
	got := map[velero.Object]string{}
	err := velero.ReadContents(bytes.NewReader(tarball), func(object velero.Object, body io.Reader) error {
		var content struct{ Kind string }
		if err := json.NewDecoder(body).Decode(&content); err != nil {
			return err
		}
		if object.Written.Unix() != 0 { // as testutil writes them
			t.Errorf("%s was written at %s", object, object.Written)
		}
		object.Written = time.Time{}
		got[object] = content.Kind
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	want := map[velero.Object]string{
		{Resource: "secrets", Version: "v1", Namespace: "managed-one", Name: "kubeconfig"}:                   "Secret",
		{Resource: "managedclusters.cluster.open-cluster-management.io", Version: "v1", Name: "managed-one"}: "ManagedCluster",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestReadContentsRefusesBadTarballs(t *testing.T) {
	good := testutil.Tarball(t, testutil.Entry{Name: clusterFile, Body: `{"spec":"` + strings.Repeat("x", 4096) + `"}`})
	flipped := bytes.Clone(good)
	flipped[len(flipped)-6] ^= 1 // inside the gzip sum
	swapped := testutil.Gzip(t, []byte("this is no tar archive, but it is long enough to be taken for one"+strings.Repeat(".", 1024)))
	entry := func(e testutil.Entry) []byte { return testutil.Tarball(t, e) }
	for name, test := range map[string]struct {
		tarball []byte
		want    string
	}{
		"empty":                  {nil, "not gzip"},
		"not gzip":               {[]byte("<html>login</html>"), "not gzip"},
		"truncated in the gzip":  {good[:len(good)-20], "truncated"},
		"flipped bit":            {flipped, "checksum"},
		"no tar":                 {swapped, "invalid tar header"},
		"truncated in an object": {entry(testutil.Entry{Name: clusterFile, Body: `{"spec":`, Size: 100}), "truncated"},
		"traversal":              {entry(testutil.Entry{Name: "resources/../../etc/passwd"}), "leads out of the archive"},
		"absolute":               {entry(testutil.Entry{Name: "/etc/passwd"}), "leads out of the archive"},
		"backslash":              {entry(testutil.Entry{Name: `resources\..\..\x`}), "leads out of the archive"},
		"symbolic link":          {entry(testutil.Entry{Name: clusterFile, Type: tar.TypeSymlink}), "not a regular file"},
		"hard link":              {entry(testutil.Entry{Name: clusterFile, Type: tar.TypeLink}), "not a regular file"},
		"device":                 {entry(testutil.Entry{Name: clusterFile, Type: tar.TypeChar}), "not a regular file"},
		"huge object":            {entry(testutil.Entry{Name: clusterFile, Size: 2 << 30}), "larger than an object can be"},
		"not JSON by name": {
			entry(testutil.Entry{Name: "resources/secrets/v1-preferredversion/namespaces/a/b.yaml"}), "not a JSON file"},
		"no place": {
			entry(testutil.Entry{Name: "resources/secrets/v1-preferredversion/elsewhere/a/b.json"}), "in no place of a backup"},
	} {
		t.Run(name, func(t *testing.T) {
			err := velero.ReadContents(bytes.NewReader(test.tarball), func(_ velero.Object, body io.Reader) error {
				return json.NewDecoder(body).Decode(&struct{}{})
			})
			var bad *velero.BadContents
			if !errors.As(err, &bad) || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}

func TestReadContentsNamesTheObjectThatIsNoJSON(t *testing.T) {
	tarball := testutil.Tarball(t, testutil.Entry{Name: clusterFile, Body: "not JSON"})
	err := velero.ReadContents(bytes.NewReader(tarball), func(_ velero.Object, body io.Reader) error {
		return json.NewDecoder(body).Decode(&struct{}{})
	})
	if err == nil || !strings.Contains(err.Error(), "managedclusters.cluster.open-cluster-management.io managed-one") {
		t.Errorf("got %v", err)
	}
}
