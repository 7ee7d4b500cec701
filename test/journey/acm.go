package journey

import (
	"context"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	workv1 "open-cluster-management.io/api/work/v1"

	"github.com/acmdr/kubectl-acmdr/pkg/ocm"
)

// ACMActs checks that a hub has ACM's import controller, or what stands in for it: it applies its bootstrap secret to a cluster
// by a work, and tolerates no namespace of a cluster without a ManagedCluster.
func (w *World) ACMActs(t TB, hub, cluster string) {
	t.Helper()
	on := w.Cluster(t, hub)
	eventually(t, patience, "the klusterlet's work of "+cluster, func(ctx context.Context) (bool, string) {
		work, err := ocm.ManifestWorks(on.Dynamic, cluster).Get(ctx, klusterletWork(cluster))
		if err != nil {
			return false, err.Error()
		}
		return meta.IsStatusConditionTrue(work.Status.Conditions, workv1.WorkApplied), "it is not applied"
	})
	const orphan = "restored-too-early"
	namespaces := on.Kube.CoreV1().Namespaces()
	_, err := namespaces.Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{
		Name: orphan, Labels: map[string]string{"cluster.open-cluster-management.io/managedCluster": orphan},
	}}, metav1.CreateOptions{})
	if err != nil {
		t.Fatalf("%v", err)
	}
	eventually(t, patience, "the deletion of "+orphan, func(ctx context.Context) (bool, string) {
		_, err := namespaces.Get(ctx, orphan, metav1.GetOptions{})
		return apierrors.IsNotFound(err), "it is there"
	})
}
