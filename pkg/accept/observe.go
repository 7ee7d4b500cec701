package accept

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	certificatesv1 "k8s.io/api/certificates/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	clusterv1 "open-cluster-management.io/api/cluster/v1"

	"github.com/acmdr/kubectl-acmdr/pkg/ocm"
	"github.com/acmdr/kubectl-acmdr/pkg/wait"
)

// addOnLabel is on the CSRs of add-ons, which the hub's add-on manager approves.
const addOnLabel = "open-cluster-management.io/addon-name"

// defaultLeaseDuration holds where spec.leaseDurationSeconds is 0; a cluster is Unknown after five of them
// (ocm pkg/registration/hub/lease/controller.go).
const (
	defaultLeaseDuration = 60 * time.Second
	leasePeriods         = 5
)

// Hub is the hub that lets clusters in.
type Hub struct {
	Kube    kubernetes.Interface
	Dynamic dynamic.Interface
	Clock   wait.Clock
}

// ErrNotRestored tells that the hub does not know the cluster.
var ErrNotRestored = errors.New("does not exist on this hub: restore it first")

// Signals are what a hub knows of a managed cluster's agent.
type Signals struct {
	Cluster *clusterv1.ManagedCluster
	// Since is when the cluster was switched to this hub, on the hub's clock; zero when it was not, or not by the plugin.
	Since time.Time
	// Renewed is the lease's last renewal, on the agent's clock; zero without a lease.
	Renewed time.Time
	// Stored is when the hub stored the lease last, on its own clock; zero when it does not say.
	Stored time.Time
}

// Observe reads the signals of one cluster. A ManagedCluster that does not exist is an error.
func (h *Hub) Observe(ctx context.Context, name string) (*Signals, error) {
	cluster, err := ocm.ManagedClusters(h.Dynamic).Get(ctx, name)
	if apierrors.IsNotFound(err) {
		return nil, fmt.Errorf("managedcluster %s %w", name, ErrNotRestored)
	}
	if err != nil {
		return nil, fmt.Errorf("reading managedcluster %s: %w", name, err)
	}
	signals := &Signals{Cluster: cluster, Since: ocm.SwitchedAt(cluster)}
	lease, err := h.Kube.CoordinationV1().Leases(name).Get(ctx, ocm.ManagedClusterLease, metav1.GetOptions{})
	if err != nil && !apierrors.IsNotFound(err) {
		return nil, fmt.Errorf("reading lease %s/%s: %w", name, ocm.ManagedClusterLease, err)
	}
	if err == nil && lease.Spec.RenewTime != nil {
		signals.Renewed, signals.Stored = lease.Spec.RenewTime.Time, ocm.LastWrite(lease).At
	}
	return signals, nil
}

// Rules are the rules for the CSRs of the cluster.
func (s *Signals) Rules() Rules {
	return Rules{Cluster: s.Cluster.Name, Since: s.Since, Accepted: s.Cluster.Spec.HubAcceptsClient}
}

// Missing says which signal is still missing for the cluster to count as back; empty when it is back. Conditions and
// leases can be restored ones or left from before the switch: only a renewal after it counts.
func (s *Signals) Missing(now time.Time) string {
	conditions := []struct{ condition, why string }{
		{clusterv1.ManagedClusterConditionHubAccepted, "the hub has not accepted it yet"},
		{clusterv1.ManagedClusterConditionJoined, "the agent has not joined yet"},
		{clusterv1.ManagedClusterConditionAvailable, "it is not available yet"},
	}
	if ocm.ConditionStatus(s.Cluster, clusterv1.ManagedClusterConditionClockSynced) == metav1.ConditionFalse {
		return "its clock differs from the hub's: the agent writes no status until that is mended"
	}
	for _, c := range conditions {
		if !ocm.IsTrue(s.Cluster, c.condition) {
			return c.why
		}
	}
	return s.Silent(now)
}

// Silent says that the agent does not renew its lease; empty when it does.
func (s *Signals) Silent(now time.Time) string {
	switch {
	case s.Renewed.IsZero():
		return "the agent has no lease"
	case !s.Renewed.After(s.Since):
		return fmt.Sprintf("the agent has not renewed its lease since the switch at %s", stamp(s.Since))
	case now.Sub(s.Renewed) > s.grace():
		return fmt.Sprintf("the agent stopped renewing its lease at %s", stamp(s.Renewed))
	}
	return ""
}

// Period is how often the agent renews its lease.
func (s *Signals) Period() time.Duration {
	if duration := time.Duration(s.Cluster.Spec.LeaseDurationSeconds) * time.Second; duration > 0 {
		return duration
	}
	return defaultLeaseDuration
}

func (s *Signals) grace() time.Duration { return leasePeriods * s.Period() }

// Requests lists the CSRs by which the agent of a cluster asked this hub for a certificate since a time, newest first;
// those of add-ons are not among them.
func (h *Hub) Requests(ctx context.Context, name string, since time.Time) ([]certificatesv1.CertificateSigningRequest, error) {
	list, err := h.Kube.CertificatesV1().CertificateSigningRequests().List(ctx,
		metav1.ListOptions{LabelSelector: ocm.ClusterNameLabel + "=" + name + ",!" + addOnLabel})
	if err != nil {
		return nil, fmt.Errorf("listing CSRs of %s: %w", name, err)
	}
	requests := slices.DeleteFunc(list.Items, func(csr certificatesv1.CertificateSigningRequest) bool { return !Newer(&csr, since) })
	slices.SortFunc(requests, func(a, b certificatesv1.CertificateSigningRequest) int {
		return b.CreationTimestamp.Compare(a.CreationTimestamp.Time)
	})
	return requests, nil
}
