package testutil

import (
	"encoding/json"
	"path"
	"regexp"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/scheme"
)

// Contents makes the tarball and the resource list that Velero writes of these objects, custom resources typed or as made
// by Object.
func Contents(t *testing.T, written time.Time, objects ...runtime.Object) (tarball []byte, list map[string][]string) {
	t.Helper()
	entries, list := []Entry{{Name: "metadata/version", Body: "1.1.0\n", Written: written}}, map[string][]string{}
	for _, object := range objects {
		object = WithKind(t, object)
		kind := object.GetObjectKind().GroupVersionKind()
		body, err := json.Marshal(object)
		if err != nil {
			t.Fatal(err)
		}
		named := object.(metav1.Object)
		plural, _ := meta.UnsafeGuessKindToResource(kind)
		place := path.Join("cluster", named.GetName()+".json")
		if named.GetNamespace() != "" {
			place = path.Join("namespaces", named.GetNamespace(), named.GetName()+".json")
		}
		folder := path.Join("resources", plural.GroupResource().String(), kind.Version+"-preferredversion")
		entries = append(entries, Entry{Name: path.Join(folder, place), Body: string(body), Written: written})
		key := kind.GroupVersion().String() + "/" + kind.Kind
		list[key] = append(list[key], path.Join(named.GetNamespace(), named.GetName()))
	}
	return Packed(t, entries...), list
}

var versioned = regexp.MustCompile("/[^/]+-preferredversion/")

// Packed is Tarball of objects under their versions, before each of which Velero writes a copy without the version.
func Packed(t *testing.T, entries ...Entry) []byte {
	t.Helper()
	var packed []Entry
	for _, entry := range entries {
		if other := entry; versioned.MatchString(entry.Name) {
			other.Name = versioned.ReplaceAllString(entry.Name, "/")
			packed = append(packed, other)
		}
		packed = append(packed, entry)
	}
	return Tarball(t, packed...)
}

// WithKind is an object that says its apiVersion and kind, as every object in a backup does.
func WithKind(t *testing.T, object runtime.Object) runtime.Object {
	t.Helper()
	object = asCustom(t, object)
	if !object.GetObjectKind().GroupVersionKind().Empty() {
		return object
	}
	known, _, err := scheme.Scheme.ObjectKinds(object)
	if err != nil {
		t.Fatal(err)
	}
	object = object.DeepCopyObject()
	object.GetObjectKind().SetGroupVersionKind(known[0])
	return object
}
