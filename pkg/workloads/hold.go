package workloads

import (
	"context"
	"errors"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"

	"github.com/acmdr/kubectl-acmdr/pkg/ocm"
)

// never is the grace period that the work agent takes for no eviction at all: 100 years and more (ocm
// pkg/work/spoke/options.go, EvictionGracePeriodBound).
const never = 876000 * time.Hour

// globalConfig is ACM's KlusterletConfig for the whole fleet; infinite is its word for never (managedcluster-import-controller
// pkg/bootstrap/render.go).
const (
	globalConfig = "global"
	infinite     = "INFINITE"
)

// HowToLift says how an eviction that Hold held is let go on again.
const HowToLift = "evictions are held: when all works are back, remove spec.workConfiguration.appliedManifestWorkEvictionGracePeriod " +
	"of the Klusterlet (on ACM, spec.appliedManifestWorkEvictionGracePeriod of klusterletconfig/global on this hub)"

// IsHeld tells whether the agent of a managed cluster evicts nothing.
func IsHeld(ctx context.Context, managed dynamic.Interface) (bool, error) {
	klusterlets, err := ocm.Klusterlets(managed).List(ctx, "")
	if err != nil {
		return false, fmt.Errorf("listing Klusterlets: %w", err)
	}
	if len(klusterlets) != 1 {
		return false, errors.New("the managed cluster has no Klusterlet in which to hold the eviction")
	}
	work := klusterlets[0].Spec.WorkConfiguration
	return work != nil && work.AppliedManifestWorkEvictionGracePeriod != nil &&
		work.AppliedManifestWorkEvictionGracePeriod.Duration >= never, nil
}

// Hold makes the agent of a managed cluster evict nothing: by its Klusterlet, and, on an ACM hub, whose import controller
// would set that back, by the fleet's KlusterletConfig first.
func Hold(ctx context.Context, hub, managed dynamic.Interface) error {
	if err := holdOnHub(ctx, hub); err != nil {
		return err
	}
	klusterlets, err := ocm.Klusterlets(managed).List(ctx, "")
	if err != nil || len(klusterlets) != 1 {
		return errors.Join(errors.New("the managed cluster has no one Klusterlet in which to hold the eviction"), err)
	}
	patch := map[string]any{"spec": map[string]any{
		"workConfiguration": map[string]any{"appliedManifestWorkEvictionGracePeriod": never.String()},
	}}
	if err := ocm.Klusterlets(managed).MergePatch(ctx, klusterlets[0].Name, patch); err != nil {
		return fmt.Errorf("holding the eviction in klusterlet %s: %w", klusterlets[0].Name, err)
	}
	return nil
}

func holdOnHub(ctx context.Context, hub dynamic.Interface) error {
	configs := hub.Resource(ocm.KlusterletConfigResource)
	if _, err := configs.List(ctx, metav1.ListOptions{Limit: 1}); apierrors.IsNotFound(err) {
		return nil // not ACM
	}
	body := []byte(`{"spec":{"appliedManifestWorkEvictionGracePeriod":"` + infinite + `"}}`)
	_, err := configs.Patch(ctx, globalConfig, types.MergePatchType, body, metav1.PatchOptions{})
	if !apierrors.IsNotFound(err) {
		return wrap(err)
	}
	config := &unstructured.Unstructured{Object: map[string]any{
		"spec": map[string]any{"appliedManifestWorkEvictionGracePeriod": infinite},
	}}
	config.SetAPIVersion(ocm.KlusterletConfigResource.GroupVersion().String())
	config.SetKind("KlusterletConfig")
	config.SetName(globalConfig)
	_, err = configs.Create(ctx, config, metav1.CreateOptions{})
	return wrap(err)
}

func wrap(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("holding evictions in klusterletconfig %s: %w", globalConfig, err)
}
