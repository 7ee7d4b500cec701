package ocm

import (
	"time"

	clusterv1 "open-cluster-management.io/api/cluster/v1"
)

// Domain begins the annotations and labels that the plugin leaves on objects.
const Domain = "acmdr.github.io/"

// SwitchedAtAnnotation is on a ManagedCluster of the new hub: when the plugin began to switch the cluster to this hub, in
// RFC 3339, on the hub's clock. What an agent shows there counts only when it is newer.
const SwitchedAtAnnotation = Domain + "switched-at"

// SwitchedAt is the time in the annotation, zero when there is none.
func SwitchedAt(cluster *clusterv1.ManagedCluster) time.Time {
	at, err := time.Parse(time.RFC3339, cluster.Annotations[SwitchedAtAnnotation])
	if err != nil {
		return time.Time{}
	}
	return at
}
