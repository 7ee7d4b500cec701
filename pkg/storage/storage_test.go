package storage

import (
	"context"
	"encoding/json"
	"flag"
	"maps"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/dynamic/fake"
	clienttesting "k8s.io/client-go/testing"

	"github.com/acmdr/kubectl-acmdr/pkg/velero"
)

var update = flag.Bool("update", false, "write the golden files")

// golden compares with testdata/name, or writes it with -update.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(want) != string(got) {
		t.Errorf("differs from %s (run with -update if it should):\n%s", path, got)
	}
}

func settings() Settings {
	return Settings{
		Credentials: Credentials("[default]\naws_access_key_id=AKIAEXAMPLE\naws_secret_access_key=SECRETEXAMPLE\n"),
		Bucket: Bucket{
			Name: "acm-dr", Prefix: "hubs", Region: "eu-west-1", URL: "https://s3.example.com", PublicURL: "https://s3.example.org",
			ForcePathStyle: true, CACert: []byte("PEM"),
		},
	}
}

// newHub is a hub's dynamic API with server-side apply: the fake of client-go merges, but neither creates nor counts versions.
func newHub(objects ...runtime.Object) *fake.FakeDynamicClient {
	lists := map[schema.GroupVersionResource]string{
		velero.LocationResource: "BackupStorageLocationList", velero.BackupResource: "BackupList", dpaResource: "DataProtectionApplicationList",
	}
	for kind, resource := range resources {
		lists[resource] = kind + "List"
	}
	hub := fake.NewSimpleDynamicClientWithCustomListKinds(runtime.NewScheme(), lists, objects...)
	hub.PrependReactor("list", dpaResource.Resource, func(clienttesting.Action) (bool, runtime.Object, error) {
		return true, nil, apierrors.NewNotFound(dpaResource.GroupResource(), "")
	})
	var mu sync.Mutex
	hub.PrependReactor("patch", "*", func(action clienttesting.Action) (bool, runtime.Object, error) {
		mu.Lock()
		defer mu.Unlock()
		patch := action.(clienttesting.PatchAction)
		if patch.GetPatchType() != "application/apply-patch+yaml" {
			return false, nil, nil
		}
		object, err := serverSideApply(hub.Tracker(), patch)
		return true, object, err
	})
	return hub
}

func serverSideApply(tracker clienttesting.ObjectTracker, patch clienttesting.PatchAction) (runtime.Object, error) {
	wanted := &unstructured.Unstructured{}
	if err := json.Unmarshal(patch.GetPatch(), &wanted.Object); err != nil {
		return nil, err
	}
	existing, err := tracker.Get(patch.GetResource(), patch.GetNamespace(), patch.GetName())
	if apierrors.IsNotFound(err) {
		wanted.SetResourceVersion("1")
		if wanted.GetKind() == crdKind {
			_ = unstructured.SetNestedSlice(wanted.Object, []any{map[string]any{"type": "Established", "status": "True"}}, "status", "conditions")
		}
		return wanted, tracker.Create(patch.GetResource(), wanted, patch.GetNamespace())
	}
	if err != nil {
		return nil, err
	}
	merged := existing.(*unstructured.Unstructured).DeepCopy()
	before, _ := json.Marshal(merged.Object)
	merge(merged.Object, wanted.Object)
	if after, _ := json.Marshal(merged.Object); string(before) == string(after) {
		return merged, nil
	}
	version, _ := strconv.Atoi(merged.GetResourceVersion())
	merged.SetResourceVersion(strconv.Itoa(version + 1))
	return merged, tracker.Update(patch.GetResource(), merged, patch.GetNamespace())
}

func merge(into, from map[string]any) {
	for key, value := range from {
		if inner, ok := value.(map[string]any); ok {
			if existing, ok := into[key].(map[string]any); ok {
				merge(existing, inner)
				continue
			}
			value = maps.Clone(inner)
		}
		into[key] = value
	}
}

// newLocation is a location with our label, unless changed.
func newLocation(namespace, name string, change ...func(*velero.Location)) *unstructured.Unstructured {
	location := &velero.Location{}
	location.APIVersion, location.Kind = velero.APIVersion, velero.LocationKind
	location.Namespace, location.Name = namespace, name
	location.ResourceVersion = "1"
	location.Labels = map[string]string{velero.ManagedByLabel: velero.ManagedBy}
	s := settings()
	s.Namespace = namespace
	setLocation(location, s, name, mountedSecret, true)
	for _, f := range change {
		f(location)
	}
	content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(location)
	if err != nil {
		panic(err)
	}
	return &unstructured.Unstructured{Object: content}
}

func getLocation(t *testing.T, hub dynamic.Interface, namespace, name string) *velero.Location {
	t.Helper()
	location, err := velero.In(hub, namespace).Locations.Get(context.Background(), name)
	if err != nil {
		t.Fatal(err)
	}
	return location
}

func theirs(l *velero.Location)     { l.Labels = nil }
func other(l *velero.Location)      { l.Spec.ObjectStorage.Bucket = "other" }
func notDefault(l *velero.Location) { l.Spec.Default = false }
func isAvailable(l *velero.Location) {
	l.Status.Phase = velero.LocationAvailable
	now := metav1.Now()
	l.Status.LastValidationTime = &now
}
