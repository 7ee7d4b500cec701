package backup

import (
	"context"
	"fmt"
	"maps"
	"path"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/acmdr/kubectl-acmdr/pkg/inspect"
	"github.com/acmdr/kubectl-acmdr/pkg/ocm"
	"github.com/acmdr/kubectl-acmdr/pkg/velero"
)

// refresh is how often Velero's server asks the hub for its kinds (pkg/cmd/server/server.go); until then it leaves out, without a
// word, what it has not heard of. A minute more is for the request itself.
const refresh = 5*time.Minute + time.Minute

// looks is how many kinds are looked at on the hub at the same time.
const looks = 10

var definitions = schema.GroupVersionResource{Group: "apiextensions.k8s.io", Version: "v1", Resource: "customresourcedefinitions"}

// unseen are the kinds that came to the hub so shortly before a backup that Velero did not know them, and of which the hub has
// objects that should be in it. Who may not read CustomResourceDefinitions is not told of any.
func unseen(
	ctx context.Context, hub Hub, kinds *Kinds, backup *velero.Backup, clusters []string, inventory *inspect.Inventory,
) ([]string, error) {
	names := slices.Sorted(maps.Keys(kinds.served))
	names = slices.DeleteFunc(names, inventory.HoldsAny)
	missed := make([]bool, len(names))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(looks)
	for i, name := range names {
		group.Go(func() error {
			known, err := hub.Dynamic.Resource(definitions).Get(ctx, name, metav1.GetOptions{})
			switch {
			case apierrors.IsNotFound(err), apierrors.IsForbidden(err):
				return nil // built into the API server, or served by another one
			case err != nil:
				return fmt.Errorf("reading CustomResourceDefinition %s: %w", name, err)
			case backup.CreationTimestamp.Sub(known.GetCreationTimestamp().Time) > refresh:
				return nil
			}
			missed[i], err = hasAny(ctx, hub, kinds.served[name], backup, clusters)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	var found []string
	for i, name := range names {
		if missed[i] {
			found = append(found, name)
		}
	}
	return found, nil
}

// hasAny tells whether the hub has an object of a kind that a backup should hold.
func hasAny(ctx context.Context, hub Hub, resource schema.GroupVersionResource, backup *velero.Backup, clusters []string) (bool, error) {
	found := false
	err := ocm.EachItem(ctx, func(ctx context.Context, options metav1.ListOptions) (runtime.Object, error) {
		options.LabelSelector = metav1.FormatLabelSelector(backup.Spec.LabelSelector)
		return hub.Dynamic.Resource(resource).List(ctx, options)
	}, func(object *unstructured.Unstructured) {
		made := object.GetCreationTimestamp()
		found = found || !backup.CreationTimestamp.Before(&made) && object.GetDeletionTimestamp() == nil &&
			covers(backup, object.GetNamespace(), clusters) && !leftOut(resource.Resource, object.GetName())
	})
	if apierrors.IsForbidden(err) || apierrors.IsNotFound(err) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("listing %s: %w", resource.GroupResource(), err)
	}
	return found, nil
}

// leftOut tells whether an object is left out by its name.
func leftOut(resource, name string) bool {
	return slices.ContainsFunc(slices.Concat(unnamed, unnamedClusterScoped), func(n naming) bool {
		matches, _ := path.Match(n.pattern, name)
		return n.resource == resource && matches
	})
}

// covers tells whether a backup takes from a namespace; it takes all that is in none.
func covers(backup *velero.Backup, namespace string, clusters []string) bool {
	if namespace == "" {
		return true
	}
	if ocm.IsHubNamespace(namespace) || velero.Selected(backup.Labels) && !slices.Contains(clusters, namespace) {
		return false
	}
	return !slices.ContainsFunc(backup.Spec.ExcludedNamespaces, func(pattern string) bool {
		matches, _ := path.Match(pattern, namespace)
		return matches
	})
}
