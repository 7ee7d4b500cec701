package journey

import (
	"maps"
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// acmBackups are what ACM's BackupSchedule has Velero back up under one cron, as far as a hub of the lab has the kinds
// (stolostron/cluster-backup-operator controllers/backup.go). Hand-made ManifestWorks are in none of them.
var acmBackups = map[string]map[string]any{
	"acm-credentials-schedule": {
		"includedResources": []any{"secrets", "configmaps"}, "includeClusterResources": false,
		"orLabelSelectors": []any{
			labelled("cluster.open-cluster-management.io/type"), labelled("hive.openshift.io/secret-type"),
			labelled("cluster.open-cluster-management.io/backup"),
		},
	},
	"acm-managed-clusters-schedule": {
		"includedResources": []any{
			"managedclusters.cluster.open-cluster-management.io", "managedclusteraddons.addon.open-cluster-management.io",
			"clusterdeployments.hive.openshift.io",
		},
		"excludedNamespaces": []any{"local-cluster"}, "includeClusterResources": true,
	},
	"acm-resources-schedule": {
		"includedResources": []any{
			"managedclustersets.cluster.open-cluster-management.io", "managedclustersetbindings.cluster.open-cluster-management.io",
			"placements.cluster.open-cluster-management.io",
		},
		"excludedNamespaces": []any{"local-cluster"}, "includeClusterResources": true,
	},
	"acm-resources-generic-schedule": {
		"labelSelector":     labelled("cluster.open-cluster-management.io/backup"),
		"excludedResources": []any{"secrets", "configmaps", "namespaces", "managedclusters.cluster.open-cluster-management.io"},
	},
}

func labelled(key string) map[string]any {
	return map[string]any{"matchExpressions": []any{map[string]any{"key": key, "operator": "Exists"}}}
}

// ACMBackups has a hub's Velero make a set as ACM's does, of a hub with this ClusterVersion id, waits until it has, and returns the name of
// the set.
func (w *World) ACMBackups(t TB, hub, id string) string {
	t.Helper()
	stamp := time.Now().UTC().Format("20060102150405")
	client := w.Cluster(t, hub).Dynamic.Resource(velero("backups")).Namespace(veleroNamespace)
	for _, schedule := range slices.Sorted(maps.Keys(acmBackups)) {
		spec := maps.Clone(acmBackups[schedule])
		spec["storageLocation"] = "default"
		backup := &unstructured.Unstructured{Object: map[string]any{
			"apiVersion": "velero.io/v1", "kind": "Backup",
			"metadata": map[string]any{
				"name": schedule + "-" + stamp, "namespace": veleroNamespace,
				"labels": map[string]any{
					"velero.io/schedule-name": schedule, "cluster.open-cluster-management.io/backup-cluster": id,
				},
			},
			"spec": spec,
		}}
		if _, err := client.Create(t.Context(), backup, metav1.CreateOptions{}); err != nil {
			t.Fatalf("%v", err)
		}
		// One by one, as Velero makes them.
		w.BackupIs(t, hub, schedule+"-"+stamp, "Completed")
	}
	return "acm-" + stamp
}
