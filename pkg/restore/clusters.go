package restore

import (
	"context"
	"fmt"
	"maps"
	"strings"

	"golang.org/x/sync/errgroup"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	clusterv1 "open-cluster-management.io/api/cluster/v1"

	"github.com/acmdr/kubectl-acmdr/pkg/ocm"
)

// veleroDomain begins the labels that Velero leaves on what it restores.
const veleroDomain = "velero.io/"

// fresh is the ManagedCluster to make on this hub for one of the backup: what its owner said of it, without what the old
// hub's controllers and the cluster's state there left on it.
func fresh(cluster *clusterv1.ManagedCluster) *clusterv1.ManagedCluster {
	made := &clusterv1.ManagedCluster{
		// No finalizers: this hub's controllers add their own, and those of controllers that are not here would keep the
		// ManagedCluster from ever being deleted.
		ObjectMeta: metav1.ObjectMeta{
			Name:        cluster.Name,
			Labels:      maps.Clone(cluster.Labels),
			Annotations: maps.Clone(cluster.Annotations),
		},
		Spec: *cluster.Spec.DeepCopy(),
	}
	maps.DeleteFunc(made.Labels, func(key, _ string) bool { return strings.HasPrefix(key, veleroDomain) })
	for _, annotation := range []string{
		ocm.AutoAcceptedAnnotation,      // with it a hub that accepts by itself would not
		ocm.DisableAutoImportAnnotation, // fences the old hub, not this one
		ocm.ImmediateImportAnnotation,   // would have ACM import it at once, beside reregister
	} {
		delete(made.Annotations, annotation)
	}
	// What the plugin noted on the lost hub, such as when the cluster was switched to it, is not true of this one.
	maps.DeleteFunc(made.Annotations, func(key, _ string) bool { return strings.HasPrefix(key, ocm.Domain) })
	made.Spec.Taints = nil
	for _, taint := range cluster.Spec.Taints {
		// These two say how the old hub saw the cluster last.
		if taint.Key != clusterv1.ManagedClusterTaintUnavailable && taint.Key != clusterv1.ManagedClusterTaintUnreachable {
			made.Spec.Taints = append(made.Spec.Taints, taint)
		}
	}
	return made
}

// createClusters makes the ManagedClusters that the hub does not have, many at a time. One that fails does not keep the
// others back; the results are in the plan. Those that exist are left alone.
func (r *Restorer) createClusters(ctx context.Context, plan *Plan) {
	client := ocm.ManagedClusters(r.Hub.Dynamic)
	var group errgroup.Group
	group.SetLimit(max(r.Parallel, 1))
	for i := range plan.Clusters {
		cluster := &plan.Clusters[i]
		if cluster.ManagedCluster != ToCreate {
			continue
		}
		group.Go(func() error {
			_, err := client.Create(ctx, fresh(plan.manifest.clusters[i]))
			switch {
			case apierrors.IsAlreadyExists(err):
				cluster.ManagedCluster = Exists
			case err != nil:
				cluster.ManagedCluster, cluster.Err = Failed, fmt.Errorf("creating ManagedCluster %s: %w", cluster.Name, err)
			default:
				cluster.ManagedCluster = Created
			}
			return nil
		})
	}
	_ = group.Wait() // every outcome is in its cluster
}

// credentials says of each cluster whether its credential is on the hub.
func (r *Restorer) credentials(ctx context.Context, clusters []Cluster) error {
	kubeconfigs, err := ocm.AdminKubeconfigs(ctx, r.Hub.Kube, r.Hub.Dynamic, metav1.NamespaceAll)
	if err != nil {
		return err
	}
	for i := range clusters {
		if found := kubeconfigs[clusters[i].Name]; found.Exists {
			clusters[i].Credential = found.Secret
		}
	}
	return nil
}
