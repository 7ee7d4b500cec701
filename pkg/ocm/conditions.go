package ocm

import (
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	clusterv1 "open-cluster-management.io/api/cluster/v1"
)

// ConditionStatus is the status of a condition of a ManagedCluster, or empty when it was never set.
func ConditionStatus(cluster *clusterv1.ManagedCluster, conditionType string) metav1.ConditionStatus {
	if condition := meta.FindStatusCondition(cluster.Status.Conditions, conditionType); condition != nil {
		return condition.Status
	}
	return ""
}

// IsTrue tells whether a condition of a ManagedCluster is True.
func IsTrue(cluster *clusterv1.ManagedCluster, conditionType string) bool {
	return ConditionStatus(cluster, conditionType) == metav1.ConditionTrue
}

// IsLocal tells whether a ManagedCluster is the hub itself.
func IsLocal(cluster *clusterv1.ManagedCluster) bool {
	return cluster.Name == LocalCluster || cluster.Labels[LocalClusterLabel] == "true"
}
