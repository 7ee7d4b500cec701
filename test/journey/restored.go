package journey

import (
	"context"
	"slices"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"

	"github.com/acmdr/kubectl-acmdr/pkg/ocm"
)

// Restored puts what the old hub holds of a managed cluster onto the new hub, as a restore would, but for the objects that
// are named: for tests of what comes after a restore.
func (w *World) Restored(t TB, name string, without ...string) {
	t.Helper()
	from, to := w.Cluster(t, OldHub).Dynamic, w.Cluster(t, NewHub).Dynamic
	sets := schema.GroupVersionResource{Group: "cluster.open-cluster-management.io", Version: "v1beta2", Resource: "managedclustersets"}
	namespaces := schema.GroupVersionResource{Version: "v1", Resource: "namespaces"}
	secrets := schema.GroupVersionResource{Version: "v1", Resource: "secrets"}
	put(t, from.Resource(sets), to.Resource(sets), "fleet")
	put(t, from.Resource(ocm.ManagedClusterResource), to.Resource(ocm.ManagedClusterResource), name)
	put(t, from.Resource(namespaces), to.Resource(namespaces), name)
	without = append(without, ocm.ImportSecret(name))
	for _, resource := range []schema.GroupVersionResource{secrets, ocm.ClusterDeploymentResource, ocm.ManifestWorkResource, ocm.AddOnResource} {
		list, err := from.Resource(resource).Namespace(name).List(t.Context(), metav1.ListOptions{})
		if err != nil {
			t.Fatalf("%s: %v", resource.Resource, err)
		}
		for i := range list.Items {
			if object := list.Items[i].GetName(); !slices.Contains(without, object) {
				put(t, from.Resource(resource).Namespace(name), to.Resource(resource).Namespace(name), object)
			}
		}
	}
}

// Copied puts one more object of a cluster from the old hub onto the new one.
func (w *World) Copied(t TB, cluster string, resource schema.GroupVersionResource, name string) {
	t.Helper()
	from, to := w.Cluster(t, OldHub).Dynamic, w.Cluster(t, NewHub).Dynamic
	put(t, from.Resource(resource).Namespace(cluster), to.Resource(resource).Namespace(cluster), name)
}

// put copies an object without what only its own API server can know of it.
func put(t TB, from, to dynamic.ResourceInterface, name string) {
	t.Helper()
	object, err := from.Get(t.Context(), name, metav1.GetOptions{})
	if err != nil {
		t.Fatalf("%v", err)
	}
	for _, field := range []string{
		"uid", "resourceVersion", "creationTimestamp", "ownerReferences", "managedFields", "generation", "deletionTimestamp",
	} {
		unstructured.RemoveNestedField(object.Object, "metadata", field)
	}
	unstructured.RemoveNestedField(object.Object, "status")
	if _, err := to.Create(t.Context(), object, metav1.CreateOptions{}); err != nil && !apierrors.IsAlreadyExists(err) {
		t.Fatalf("%s %s: %v", object.GetKind(), name, err)
	}
}

// CSR waits until a hub holds a CSR of a cluster that nobody has decided on, and returns its name.
func (w *World) CSR(t TB, hub, name string) string {
	t.Helper()
	requests := w.Cluster(t, hub).Kube.CertificatesV1().CertificateSigningRequests()
	found := ""
	eventually(t, patience, "a CSR of "+name, func(ctx context.Context) (bool, string) {
		list, err := requests.List(ctx, metav1.ListOptions{LabelSelector: ocm.ClusterNameLabel + "=" + name})
		if err != nil {
			return false, err.Error()
		}
		for i := range list.Items {
			if len(list.Items[i].Status.Conditions) == 0 {
				found = list.Items[i].Name
			}
		}
		return found != "", "there is none"
	})
	return found
}
