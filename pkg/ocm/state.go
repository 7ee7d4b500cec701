package ocm

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	clusterv1 "open-cluster-management.io/api/cluster/v1"
)

// State is where a managed cluster stands on a hub, in one word.
type State string

// The states, from lost to well.
const (
	NotAccepted State = "NotAccepted"
	NotJoined   State = "NotJoined"
	Unknown     State = "Unknown"
	Unavailable State = "Unavailable"
	Available   State = "Available"
)

// States lists the states in the order in which a fleet's summary names them.
func States() []State { return []State{Available, Unavailable, Unknown, NotJoined, NotAccepted} }

// StateOf sums the conditions of a ManagedCluster up.
func StateOf(cluster *clusterv1.ManagedCluster) State {
	switch available := ConditionStatus(cluster, clusterv1.ManagedClusterConditionAvailable); {
	case !cluster.Spec.HubAcceptsClient:
		return NotAccepted
	case !IsTrue(cluster, clusterv1.ManagedClusterConditionJoined):
		return NotJoined
	case available == metav1.ConditionTrue:
		return Available
	case available == metav1.ConditionFalse:
		return Unavailable
	}
	return Unknown
}
