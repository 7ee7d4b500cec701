package journey

import (
	"context"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// Article makes the backup of the article of 2021: every namespace by its name, and nothing outside namespaces.
func (w *World) Article(t TB, hub, name string, clusters []string) {
	t.Helper()
	namespaces := []any{"hive", "openshift-operator-lifecycle-manager", "open-cluster-management-agent", "open-cluster-management-agent-addon"}
	for _, cluster := range clusters {
		namespaces = append(namespaces, cluster)
	}
	backup := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "velero.io/v1", "kind": "Backup",
		"metadata": map[string]any{"name": name, "namespace": veleroNamespace},
		"spec": map[string]any{
			"includeClusterResources": false, "includedNamespaces": namespaces,
			"excludedResources": []any{"nodes", "events", "certificatesigningrequests"}, "storageLocation": "default",
		},
	}}
	client := w.Cluster(t, hub).Dynamic.Resource(velero("backups")).Namespace(veleroNamespace)
	if _, err := client.Create(t.Context(), backup, metav1.CreateOptions{}); err != nil {
		t.Fatalf("%v", err)
	}
}

// Backed waits until a backup has ended, and returns how long Velero took and how many objects are in it.
func (w *World) Backed(t TB, hub, name string, patience time.Duration) (took time.Duration, items int64, phase string) {
	t.Helper()
	client := w.Cluster(t, hub).Dynamic.Resource(velero("backups")).Namespace(veleroNamespace)
	eventually(t, patience, "backup "+name, func(ctx context.Context) (bool, string) {
		backup, err := client.Get(ctx, name, metav1.GetOptions{})
		if err != nil {
			return false, err.Error()
		}
		phase, _, _ = unstructured.NestedString(backup.Object, "status", "phase")
		items, _, _ = unstructured.NestedInt64(backup.Object, "status", "progress", "itemsBackedUp")
		began, ended := at(backup, "startTimestamp"), at(backup, "completionTimestamp")
		took = ended.Sub(began)
		return !ended.IsZero(), "it is " + phase
	})
	return took, items, phase
}

func at(object *unstructured.Unstructured, field string) time.Time {
	text, _, _ := unstructured.NestedString(object.Object, "status", field)
	when, _ := time.Parse(time.RFC3339, text)
	return when
}
