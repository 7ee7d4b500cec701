package workloads

import (
	"context"
	"fmt"
	"slices"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/client-go/dynamic"
	workv1 "open-cluster-management.io/api/work/v1"

	"github.com/acmdr/kubectl-acmdr/pkg/ocm"
)

// Orphans are objects that no eviction touches.
type Orphans = sets.Set[Object]

// FindOrphans looks which of the objects do not belong to the AppliedManifestWork that lists them, and so are not deleted
// with it: those of a work with deleteOption Orphan, such as ACM's <cluster>-klusterlet (ocm pkg/work/helper/helpers.go,
// DeleteAppliedResources). What cannot be read counts as lost.
func FindOrphans(ctx context.Context, managed dynamic.Interface, losses []Loss) (Orphans, error) {
	orphans := Orphans{}
	for _, loss := range losses {
		for i, r := range loss.resources {
			owned, err := owns(ctx, managed, loss.applied, r)
			if err != nil {
				return nil, err
			}
			if !owned {
				orphans.Insert(loss.Objects[i])
			}
		}
	}
	return orphans, nil
}

func owns(ctx context.Context, managed dynamic.Interface, applied string, r workv1.AppliedManifestResourceMeta) (bool, error) {
	resource := schema.GroupVersionResource{Group: r.Group, Version: r.Version, Resource: r.Resource}
	live, err := managed.Resource(resource).Namespace(r.Namespace).Get(ctx, r.Name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) || apierrors.IsForbidden(err) {
		return true, nil
	}
	if err != nil {
		return false, fmt.Errorf("reading %s: %w", object(r), err)
	}
	return slices.ContainsFunc(live.GetOwnerReferences(), func(owner metav1.OwnerReference) bool {
		return owner.Kind == ocm.AppliedManifestWorkKind && owner.Name == applied
	}), nil
}

// Without leaves orphans out of losses.
func Without(losses []Loss, orphans Orphans) []Loss {
	var left []Loss
	for _, loss := range losses {
		loss.Objects = slices.DeleteFunc(slices.Clone(loss.Objects), orphans.Has)
		if len(loss.Objects) > 0 {
			left = append(left, loss)
		}
	}
	return left
}
