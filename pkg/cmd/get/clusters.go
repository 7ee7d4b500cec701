package get

import (
	"context"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/kubectl/pkg/util/templates"
	clusterv1 "open-cluster-management.io/api/cluster/v1"

	"github.com/acmdr/kubectl-acmdr/pkg/access"
	"github.com/acmdr/kubectl-acmdr/pkg/ocm"
	"github.com/acmdr/kubectl-acmdr/pkg/printing"
)

var clustersExample = templates.Examples(`
	# Every managed cluster of this hub
	kubectl acmdr get clusters

	# The production clusters, with their URL, cluster set and switch time
	kubectl acmdr get clusters -l environment=prod -o wide

	# Follow the fleet as it comes back
	kubectl acmdr get clusters -w --context hub-dr2`)

// clusters lists ManagedClusters.
func clusters() kind {
	return kind{
		use:      "clusters",
		aliases:  []string{"cluster", "managedclusters", "managedcluster", "mcl"},
		short:    "List the managed clusters of this hub",
		example:  clustersExample,
		resource: ocm.ManagedClusterResource,
		columns: printing.Columns([]string{"Name", "Hub Accepted", "Joined", "Available", "Credential", "Age"},
			"Cluster Set", "URL", "Switched"),
		rows: clusterRows,
	}
}

// clusterRows learns once, for the whole fleet, for which clusters the hub holds a credential.
func clusterRows(ctx context.Context, from source, _ []unstructured.Unstructured) (rowFunc, error) {
	hub := from.hub
	known, err := ocm.AdminKubeconfigs(ctx, hub.Kube, hub.Dynamic, metav1.NamespaceAll)
	if err != nil {
		return nil, err
	}
	return func(object *unstructured.Unstructured, now time.Time) (metav1.TableRow, error) {
		cluster := &clusterv1.ManagedCluster{}
		if err := runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, cluster); err != nil {
			return metav1.TableRow{}, err
		}
		row := clusterRow(cluster, credential(known, cluster.Name), now)
		row.Object.Object = object
		return row, nil
	}, nil
}

func clusterRow(cluster *clusterv1.ManagedCluster, credential string, now time.Time) metav1.TableRow {
	url, switched := "", ""
	if configs := cluster.Spec.ManagedClusterClientConfigs; len(configs) > 0 {
		url = configs[0].URL
	}
	if at := ocm.SwitchedAt(cluster); !at.IsZero() {
		switched = printing.Age(now, at)
	}
	return printing.Row(
		cluster.Name,
		accepted(cluster),
		condition(cluster, clusterv1.ManagedClusterConditionJoined),
		condition(cluster, clusterv1.ManagedClusterConditionAvailable),
		credential,
		printing.Age(now, cluster.CreationTimestamp.Time),
		cluster.Labels[ocm.ClusterSetLabel],
		url,
		switched,
	)
}

// credential tells where the hub keeps the credential of a cluster; one that is named but gone is Missing.
func credential(known map[string]ocm.AdminKubeconfig, cluster string) string {
	admin, ok := known[cluster]
	switch {
	case !ok:
		return printing.None
	case !admin.Exists:
		return "Missing"
	}
	return access.HiveSource
}

func accepted(cluster *clusterv1.ManagedCluster) string {
	if cluster.Spec.HubAcceptsClient {
		return string(metav1.ConditionTrue)
	}
	return string(metav1.ConditionFalse)
}

// condition is a condition's status; one that was never set reads Unknown, not blank as in kubectl get managedclusters.
func condition(cluster *clusterv1.ManagedCluster, conditionType string) string {
	if status := ocm.ConditionStatus(cluster, conditionType); status != "" {
		return string(status)
	}
	return string(metav1.ConditionUnknown)
}
