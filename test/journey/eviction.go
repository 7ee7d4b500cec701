package journey

import (
	"context"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	clusterv1 "open-cluster-management.io/api/cluster/v1"
	workv1 "open-cluster-management.io/api/work/v1"

	"github.com/acmdr/kubectl-acmdr/pkg/ocm"
)

// afterGrace is how much longer than the grace period the workload is watched: the work agent looks at its evictions
// when they are due, and deletes in a few seconds.
const afterGrace = 15 * time.Second

// outlivesEviction watches a managed cluster until its agent has been with the new hub for longer than the eviction grace
// period and has ended what it had begun to evict: the workload must be there, untouched, all the time.
func (w *World) outlivesEviction(t TB, name string) {
	t.Helper()
	before := w.before[name].Workload
	over := w.joined(t, NewHub, name).Add(w.EvictionGrace + afterGrace)
	eventually(t, w.EvictionGrace+2*time.Minute, "the end of evictions on "+name, func(ctx context.Context) (bool, string) {
		if now := w.workload(t, name); now != before {
			t.Fatalf("%s: the workload was deleted and made again", name)
		}
		evicting := w.evicting(ctx, t, name)
		left := time.Until(over).Round(time.Second)
		return left <= 0 && evicting == 0, fmt.Sprintf("%d AppliedManifestWorks are being evicted, %s to go", evicting, left)
	})
}

// joined is when the agent joined the hub.
func (w *World) joined(t TB, hub, name string) time.Time {
	t.Helper()
	cluster, err := ocm.ManagedClusters(w.Cluster(t, hub).Dynamic).Get(t.Context(), name)
	if err != nil {
		t.Fatalf("ManagedCluster %s on %s: %v", name, hub, err)
	}
	condition := meta.FindStatusCondition(cluster.Status.Conditions, clusterv1.ManagedClusterConditionJoined)
	if condition == nil {
		t.Fatalf("%s never joined %s", name, hub)
	}
	return condition.LastTransitionTime.Time
}

// evicting counts the AppliedManifestWorks that are being evicted. Those of the old hub are, after a move; each must have
// its counterpart on the new hub, or own nothing, as ACM's <cluster>-klusterlet does: else its workload goes with it.
func (w *World) evicting(ctx context.Context, t TB, name string) int {
	t.Helper()
	applied, err := ocm.AppliedManifestWorks(w.Cluster(t, name).Dynamic).List(ctx, "")
	if err != nil {
		t.Fatalf("AppliedManifestWorks of %s: %v", name, err)
	}
	works := ocm.ManifestWorks(w.Cluster(t, NewHub).Dynamic, name)
	evicting := 0
	for _, work := range applied {
		if work.Status.EvictionStartTime == nil {
			continue
		}
		evicting++
		if _, err := works.Get(ctx, work.Spec.ManifestWorkName); !apierrors.IsNotFound(err) {
			continue
		}
		if owned := w.ownedBy(ctx, t, name, &work); len(owned) > 0 {
			t.Fatalf("%s: AppliedManifestWork %s is being evicted since %s, has no ManifestWork on %s and owns %q",
				name, work.Name, work.Status.EvictionStartTime, NewHub, owned)
		}
	}
	return evicting
}

// ownedBy are the objects that are deleted with an AppliedManifestWork: a work with deleteOption Orphan owns nothing.
func (w *World) ownedBy(ctx context.Context, t TB, name string, work *workv1.AppliedManifestWork) []string {
	t.Helper()
	var owned []string
	for _, r := range work.Status.AppliedResources {
		resource := schema.GroupVersionResource{Group: r.Group, Version: r.Version, Resource: r.Resource}
		object, err := w.Cluster(t, name).Dynamic.Resource(resource).Namespace(r.Namespace).Get(ctx, r.Name, metav1.GetOptions{})
		if err != nil {
			t.Fatalf("%s: what AppliedManifestWork %s applied is gone: %v", name, work.Name, err)
		}
		for _, owner := range object.GetOwnerReferences() {
			if owner.UID == work.UID {
				owned = append(owned, r.Resource+" "+r.Name)
			}
		}
	}
	return owned
}
