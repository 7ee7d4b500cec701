package journey

import (
	"context"
	"maps"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	clusterv1 "open-cluster-management.io/api/cluster/v1"

	"github.com/acmdr/kubectl-acmdr/pkg/ocm"
)

// The workload that a ManifestWork of the lab puts on every managed cluster.
const (
	workloadNamespace = "guestbook"
	workload          = "guestbook-config"
)

// Traits are what a managed cluster must still have after its move.
type Traits struct {
	Labels     map[string]string
	Taints     []clusterv1.Taint
	ClusterSet string
	// Workload identifies the very ConfigMap: one that was deleted and made again has another UID.
	Workload types.UID
}

// traits reads a managed cluster's traits from a hub and from the cluster itself.
func (w *World) traits(t TB, hub, name string) Traits {
	t.Helper()
	cluster, err := ocm.ManagedClusters(w.Cluster(t, hub).Dynamic).Get(t.Context(), name)
	if err != nil {
		t.Fatalf("ManagedCluster %s on %s: %v", name, hub, err)
	}
	return Traits{
		Labels:     cluster.Labels,
		Taints:     cluster.Spec.Taints,
		ClusterSet: cluster.Labels[ocm.ClusterSetLabel],
		Workload:   w.workload(t, name),
	}
}

// KnowAs makes a hub know a managed cluster by another ID, and returns what gives it the one that it had again.
func (w *World) KnowAs(t TB, hub, name, id string) func() {
	t.Helper()
	clusters := ocm.ManagedClusters(w.Cluster(t, hub).Dynamic)
	cluster, err := clusters.Get(t.Context(), name)
	if err != nil {
		t.Fatalf("%v", err)
	}
	label := func(ctx context.Context, id string) {
		t.Helper()
		labels := map[string]any{ocm.ClusterIDLabel: id}
		if err := clusters.MergePatch(ctx, name, map[string]any{"metadata": map[string]any{"labels": labels}}); err != nil {
			t.Fatalf("%v", err)
		}
	}
	label(t.Context(), id)
	return func() { label(context.WithoutCancel(t.Context()), cluster.Labels[ocm.ClusterIDLabel]) }
}

func (w *World) workload(t TB, name string) types.UID {
	t.Helper()
	configMap, err := w.Cluster(t, name).Kube.CoreV1().ConfigMaps(workloadNamespace).Get(t.Context(), workload, metav1.GetOptions{})
	if err != nil {
		t.Fatalf("workload of %s: %v", name, err)
	}
	return configMap.UID
}

// kept checks that a cluster has what it had.
func (before Traits) kept(t TB, name string, now Traits) {
	t.Helper()
	for key, value := range before.Labels {
		if now.Labels[key] != value {
			t.Fatalf("%s: label %s is %q, was %q; labels are %v", name, key, now.Labels[key], value, slices.Sorted(maps.Keys(now.Labels)))
		}
	}
	for _, taint := range before.Taints {
		same := func(other clusterv1.Taint) bool {
			return other.Key == taint.Key && other.Value == taint.Value && other.Effect == taint.Effect
		}
		if !slices.ContainsFunc(now.Taints, same) {
			t.Fatalf("%s: taint %s=%s:%s is lost", name, taint.Key, taint.Value, taint.Effect)
		}
	}
	if now.ClusterSet != before.ClusterSet || before.ClusterSet == "" {
		t.Fatalf("%s: cluster set is %q, was %q", name, now.ClusterSet, before.ClusterSet)
	}
	if now.Workload != before.Workload {
		t.Fatalf("%s: the workload was deleted and made again", name)
	}
}
