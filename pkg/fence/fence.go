// Package fence keeps an old hub that is still alive, or comes back, from taking clusters back and from writing to the
// bucket. It never deletes anything, and it notes on each object what it changed, so that all of it can be put back.
//
// The recipe is that of cluster-backup-operator and managedcluster-import-controller, each change for one thing that an old
// hub is known to do: back itself up over the new hub's backups, import a cluster again, apply its own bootstrap kubeconfig
// to a cluster that has left, deprovision a cluster whose ClusterDeployment somebody cleans up.
package fence

import (
	"context"
	"errors"
	"fmt"
	"slices"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"

	"github.com/acmdr/kubectl-acmdr/pkg/ocm"
	"github.com/acmdr/kubectl-acmdr/pkg/velero"
)

// Options are the user's wishes.
type Options struct {
	// Unaccept also takes hubAcceptsClient away from the clusters. The agents of those that are still there lose the hub.
	Unaccept bool
}

// Change is one thing that is changed on one object of the old hub, or put back there.
type Change struct {
	Object Object
	// Text says what changes, from what to what.
	Text string

	rule rule
	lift bool
}

// Object names an object of the old hub.
type Object struct {
	Resource        schema.GroupVersionResource
	Namespace, Name string
}

func (o Object) String() string {
	name := o.Resource.GroupResource().String() + "/"
	if o.Namespace != "" {
		name += o.Namespace + "/"
	}
	return name + o.Name
}

// PlanHub lists the changes for what belongs to the hub as a whole, in the order in which they are to be made: the schedules
// come before the clusters, or the annotation that disables imports would get into a backup and disable them on the new
// hub, too.
func PlanHub(ctx context.Context, old dynamic.Interface) ([]Change, error) {
	return plan(ctx, old, hubRules(), metav1.NamespaceAll, false)
}

// PlanCluster lists the changes for one managed cluster, the least intrusive first. A cluster that the old hub does not know
// needs none.
func PlanCluster(ctx context.Context, old dynamic.Interface, cluster string, options Options) ([]Change, error) {
	return planCluster(ctx, old, cluster, clusterRules(options), false)
}

// PlanLiftHub lists what puts the changes of PlanHub back, the last one first.
func PlanLiftHub(ctx context.Context, old dynamic.Interface) ([]Change, error) {
	changes, err := plan(ctx, old, hubRules(), metav1.NamespaceAll, true)
	slices.Reverse(changes)
	return changes, err
}

// PlanLiftCluster lists what puts the changes of PlanCluster back, the last one first.
func PlanLiftCluster(ctx context.Context, old dynamic.Interface, cluster string) ([]Change, error) {
	changes, err := planCluster(ctx, old, cluster, clusterRules(Options{Unaccept: true}), true)
	slices.Reverse(changes)
	return changes, err
}

func planCluster(ctx context.Context, old dynamic.Interface, cluster string, rules []rule, lift bool) ([]Change, error) {
	object, err := old.Resource(ocm.ManagedClusterResource).Get(ctx, cluster, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading managedcluster %s on the old hub: %w", cluster, err)
	}
	var changes []Change
	for _, r := range rules {
		if r.resource == ocm.ManagedClusterResource {
			changes = r.appendChange(changes, object, lift)
			continue
		}
		more, err := plan(ctx, old, []rule{r}, cluster, lift)
		if err != nil {
			return nil, err
		}
		changes = append(changes, more...)
	}
	return changes, nil
}

// plan goes through all objects of each rule; a kind that the hub does not have needs no fence.
func plan(ctx context.Context, old dynamic.Interface, rules []rule, namespace string, lift bool) ([]Change, error) {
	var changes []Change
	var failed []error
	for _, r := range rules {
		err := each(ctx, old.Resource(r.resource).Namespace(namespace), func(object *unstructured.Unstructured) {
			changes = r.appendChange(changes, object, lift)
		})
		if err != nil && !apierrors.IsNotFound(err) {
			failed = append(failed, fmt.Errorf("listing %s on the old hub: %w", r.resource.GroupResource(), err))
		}
	}
	return changes, errors.Join(failed...)
}

// pageSize is the limit of one LIST page.
const pageSize = 500

func each(ctx context.Context, client dynamic.ResourceInterface, visit func(*unstructured.Unstructured)) error {
	options := metav1.ListOptions{Limit: pageSize}
	for {
		page, err := client.List(ctx, options)
		if err != nil {
			return err
		}
		for i := range page.Items {
			visit(&page.Items[i])
		}
		if options.Continue = page.GetContinue(); options.Continue == "" {
			return nil
		}
	}
}

// hubRules are for the hub as a whole. ACM's schedules come before Velero's, which it makes from them.
func hubRules() []rule {
	return []rule{
		field(ocm.BackupScheduleResource, "BackupSchedule", true, "spec", "paused"),
		field(velero.ScheduleResource, "Schedule", true, "spec", "paused"),
		field(velero.LocationResource, "BackupStorageLocation", string(velero.LocationReadOnly), "spec", "accessMode"),
	}
}

// clusterRules are for one managed cluster. Deprovisioning is stopped first: it is the one thing that cannot be undone.
func clusterRules(options Options) []rule {
	rules := []rule{
		field(ocm.ClusterDeploymentResource, "ClusterDeployment", true, "spec", "preserveOnDelete"),
		field(ocm.ManagedClusterResource, "ManagedCluster", "", "metadata", "annotations", ocm.DisableAutoImportAnnotation),
		bootstrapReadOnly(),
	}
	if options.Unaccept {
		rules = append(rules, field(ocm.ManagedClusterResource, "ManagedCluster", false, "spec", "hubAcceptsClient"))
	}
	return rules
}
