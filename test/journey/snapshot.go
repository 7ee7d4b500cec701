package journey

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// kept are the resources that a command which changes nothing must leave as they are. Leases, events and the statuses
// of all of them change by themselves.
func kept() []schema.GroupVersionResource {
	resources := []schema.GroupVersionResource{}
	for _, name := range []string{
		"v1/namespaces", "v1/secrets", "v1/configmaps", "v1/serviceaccounts", "apps/v1/deployments",
		"rbac.authorization.k8s.io/v1/clusterroles", "rbac.authorization.k8s.io/v1/clusterrolebindings",
		"rbac.authorization.k8s.io/v1/roles", "rbac.authorization.k8s.io/v1/rolebindings",
		"certificates.k8s.io/v1/certificatesigningrequests", "apiextensions.k8s.io/v1/customresourcedefinitions",
		"cluster.open-cluster-management.io/v1/managedclusters", "cluster.open-cluster-management.io/v1beta2/managedclustersets",
		"work.open-cluster-management.io/v1/manifestworks", "addon.open-cluster-management.io/v1alpha1/managedclusteraddons",
		"hive.openshift.io/v1/clusterdeployments", "operator.open-cluster-management.io/v1/klusterlets",
		"velero.io/v1/backups", "velero.io/v1/restores", "velero.io/v1/backupstoragelocations", "velero.io/v1/schedules",
	} {
		parts := strings.Split(name, "/")
		group := strings.Join(parts[:len(parts)-2], "")
		resources = append(resources, schema.GroupVersionResource{Group: group, Version: parts[len(parts)-2], Resource: parts[len(parts)-1]})
	}
	return resources
}

// Snapshot is the state of some clusters: a sum for every object that matters.
type Snapshot map[string][sha256.Size]byte

// Snapshot looks at clusters; those that do not answer are no part of it.
func (w *World) Snapshot(t TB, clusters ...string) Snapshot {
	t.Helper()
	snapshot := Snapshot{}
	for _, name := range clusters {
		cluster := w.Cluster(t, name)
		for _, resource := range kept() {
			list, err := cluster.Dynamic.Resource(resource).List(t.Context(), metav1.ListOptions{})
			if apierrors.IsNotFound(err) {
				continue
			}
			if err != nil {
				t.Fatalf("%s on %s: %v", resource.Resource, name, err)
			}
			for i := range list.Items {
				item := &list.Items[i]
				key := fmt.Sprintf("%s: %s %s/%s", name, resource.Resource, item.GetNamespace(), item.GetName())
				snapshot[key] = sum(t, item)
			}
		}
	}
	return snapshot
}

// sum covers what somebody wrote on purpose: not the status, nor the bookkeeping of the API server.
func sum(t TB, item *unstructured.Unstructured) [sha256.Size]byte {
	t.Helper()
	unstructured.RemoveNestedField(item.Object, "status")
	unstructured.RemoveNestedField(item.Object, "metadata", "resourceVersion")
	unstructured.RemoveNestedField(item.Object, "metadata", "managedFields")
	// Of a kind without a status subresource, it counts changes of the status, too.
	unstructured.RemoveNestedField(item.Object, "metadata", "generation")
	data, err := json.Marshal(item.Object)
	if err != nil {
		t.Fatalf("%v", err)
	}
	return sha256.Sum256(data)
}

// Same checks that nothing was added, removed or changed since the snapshot.
func (before Snapshot) Same(t TB, now Snapshot) {
	t.Helper()
	var differences []string
	for key, sum := range now {
		if old, ok := before[key]; !ok {
			differences = append(differences, key+" is new")
		} else if old != sum {
			differences = append(differences, key+" was changed")
		}
	}
	for key := range before {
		if _, ok := now[key]; !ok {
			differences = append(differences, key+" is gone")
		}
	}
	if len(differences) > 0 {
		slices.Sort(differences)
		t.Fatalf("something was changed:\n%s", strings.Join(differences, "\n"))
	}
}
