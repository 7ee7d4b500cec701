package storage

import (
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic/fake"
	clienttesting "k8s.io/client-go/testing"

	"github.com/acmdr/kubectl-acmdr/pkg/internal/testutil"
	"github.com/acmdr/kubectl-acmdr/pkg/velero"
)

func settings() Settings {
	return Settings{
		Credentials: Credentials("[default]\naws_access_key_id=AKIAEXAMPLE\naws_secret_access_key=SECRETEXAMPLE\n"),
		Bucket: Bucket{
			Name: "acm-dr", Prefix: "hubs", Region: "eu-west-1", URL: "https://s3.example.com", PublicURL: "https://s3.example.org",
			ForcePathStyle: true, CACert: []byte("PEM"),
		},
	}
}

// newHub is a hub's dynamic API without OADP.
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
	testutil.ServerSideApply(hub)
	return hub
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
	setLocation(location, s, target{name: name, isDefault: true}, mountedSecret)
	for _, f := range change {
		f(location)
	}
	content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(location)
	if err != nil {
		panic(err)
	}
	return &unstructured.Unstructured{Object: content}
}

func theirs(l *velero.Location)     { l.Labels = nil }
func other(l *velero.Location)      { l.Spec.ObjectStorage.Bucket = "other" }
func notDefault(l *velero.Location) { l.Spec.Default = false }
func isAvailable(l *velero.Location) {
	l.Status.Phase = velero.LocationAvailable
	now := metav1.Now()
	l.Status.LastValidationTime = &now
}
