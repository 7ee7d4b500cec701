package restore

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	clusterv1 "open-cluster-management.io/api/cluster/v1"

	"github.com/acmdr/kubectl-acmdr/pkg/access"
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

// outcome says what is to be done with a ManagedCluster of the backup; here is nil when the hub has none of that name.
func outcome(cluster, here *clusterv1.ManagedCluster, update bool) (Outcome, error) {
	switch {
	case here == nil:
		return ToCreate, nil
	case differentCluster(cluster, here):
		return Conflict, fmt.Errorf("ManagedCluster %s on this hub is another cluster than the one in the backup (%s %s, not %s): "+
			"it is left alone", cluster.Name, ocm.ClusterIDLabel, here.Labels[ocm.ClusterIDLabel], cluster.Labels[ocm.ClusterIDLabel])
	case here.DeletionTimestamp != nil:
		return Conflict, fmt.Errorf("ManagedCluster %s is being deleted on this hub: wait until it is gone", cluster.Name)
	case update && changes(fresh(cluster), here) != nil:
		return ToUpdate, nil
	}
	return Exists, nil
}

// differentCluster tells whether two ManagedClusters of one name surely stand for two clusters.
func differentCluster(a, b *clusterv1.ManagedCluster) bool {
	one, other := a.Labels[ocm.ClusterIDLabel], b.Labels[ocm.ClusterIDLabel]
	return one != "" && other != "" && one != other
}

// changes is the merge patch that gives a ManagedCluster the labels, annotations and taints that it had; nil when it has them.
// What the hub has put there beside them stays, and so does whether it is accepted.
func changes(wanted, here *clusterv1.ManagedCluster) map[string]any {
	metadata := map[string]any{}
	if labels := lacks(here.Labels, wanted.Labels); len(labels) > 0 {
		metadata["labels"] = labels
	}
	if annotations := lacks(here.Annotations, wanted.Annotations); len(annotations) > 0 {
		metadata["annotations"] = annotations
	}
	patch := map[string]any{}
	if len(metadata) > 0 {
		patch["metadata"] = metadata
	}
	taints := slices.Clone(here.Spec.Taints)
	for _, taint := range wanted.Spec.Taints {
		i := slices.IndexFunc(taints, func(other clusterv1.Taint) bool { return other.Key == taint.Key })
		switch {
		case i < 0:
			taints = append(taints, taint)
		case taints[i].Value != taint.Value || taints[i].Effect != taint.Effect:
			taints[i] = taint
		}
	}
	if !slices.Equal(taints, here.Spec.Taints) {
		patch["spec"] = map[string]any{"taints": taints}
	}
	if len(patch) == 0 {
		return nil
	}
	return patch
}

// lacks are the wanted values that are not here, or are others.
func lacks(here, wanted map[string]string) map[string]string {
	missing := map[string]string{}
	for key, value := range wanted {
		if current, has := here[key]; !has || current != value {
			missing[key] = value
		}
	}
	return missing
}

// writeClusters makes the ManagedClusters that the hub does not have, and changes those that are to be updated, many at a
// time. One that fails does not keep the others back; the results are in the plan.
func (r *Restorer) writeClusters(ctx context.Context, plan *Plan) {
	var group errgroup.Group
	group.SetLimit(max(r.Parallel, 1))
	for i := range plan.Clusters {
		cluster := &plan.Clusters[i]
		group.Go(func() error {
			switch cluster.ManagedCluster {
			case ToCreate:
				r.createCluster(ctx, cluster, fresh(plan.manifest.clusters[i]))
			case ToUpdate:
				r.updateCluster(ctx, cluster, fresh(plan.manifest.clusters[i]))
			}
			return nil
		})
	}
	_ = group.Wait() // every outcome is in its cluster
}

func (r *Restorer) createCluster(ctx context.Context, cluster *Cluster, wanted *clusterv1.ManagedCluster) {
	_, err := ocm.ManagedClusters(r.Hub.Dynamic).Create(ctx, wanted)
	switch {
	case apierrors.IsAlreadyExists(err):
		cluster.ManagedCluster = Exists
	case err != nil:
		cluster.ManagedCluster, cluster.Err = Failed, fmt.Errorf("creating ManagedCluster %s: %w", cluster.Name, err)
	default:
		cluster.ManagedCluster = Created
	}
}

func (r *Restorer) updateCluster(ctx context.Context, cluster *Cluster, wanted *clusterv1.ManagedCluster) {
	client := ocm.ManagedClusters(r.Hub.Dynamic)
	here, err := client.Get(ctx, cluster.Name)
	if patch := map[string]any(nil); err == nil {
		if patch = changes(wanted, here); patch == nil {
			cluster.ManagedCluster = Exists
			return
		}
		if spec, ok := patch["spec"].(map[string]any); ok && spec != nil {
			// The taints are a list that is written whole.
			patch["metadata"] = withVersion(patch["metadata"], here.ResourceVersion)
		}
		err = client.MergePatch(ctx, cluster.Name, patch)
	}
	if err != nil {
		cluster.ManagedCluster, cluster.Err = Failed, fmt.Errorf("updating ManagedCluster %s: %w", cluster.Name, err)
		return
	}
	cluster.ManagedCluster = Updated
}

func withVersion(metadata any, version string) map[string]any {
	with, _ := metadata.(map[string]any)
	if with == nil {
		with = map[string]any{}
	}
	with["resourceVersion"] = version
	return with
}

// credentials says of each cluster whether its credential is on the hub.
func (r *Restorer) credentials(ctx context.Context, clusters []Cluster) error {
	found, err := access.FindSecrets(ctx, r.Hub.Kube, r.Hub.Dynamic, func(*corev1.Secret) bool { return true })
	if err != nil {
		return err
	}
	if err := errors.Join(found.Unread...); err != nil {
		return err
	}
	for i := range clusters {
		if secrets := found.Of(clusters[i].Name); len(secrets) > 0 {
			clusters[i].Credential = secrets[0].Name
		}
	}
	return nil
}
