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

// defaultGrace is the grace period of an agent that is given none (AppliedManifestWorkEvictionGracePeriod in the same file).
const defaultGrace = time.Hour

// globalConfig is ACM's KlusterletConfig for the whole fleet; infinite is its word for never (managedcluster-import-controller
// pkg/bootstrap/render.go).
const (
	globalConfig = "global"
	infinite     = "INFINITE"
)

// HowToLift says how an eviction that Hold held is let go on again.
const HowToLift = "evictions are held: when all works are back, remove spec.workConfiguration.appliedManifestWorkEvictionGracePeriod " +
	"of the Klusterlet (on ACM, spec.appliedManifestWorkEvictionGracePeriod of klusterletconfig/global on this hub)"

// GracePeriod is how long the agent of a managed cluster keeps what its hub does not hold: what the Klusterlet says, else,
// and where that cannot be read, the agent's own default.
func GracePeriod(ctx context.Context, managed dynamic.Interface) (time.Duration, error) {
	klusterlets, err := ocm.Klusterlets(managed).List(ctx, "")
	if err != nil && !apierrors.IsNotFound(err) && !apierrors.IsForbidden(err) {
		return 0, fmt.Errorf("listing Klusterlets: %w", err)
	}
	if len(klusterlets) != 1 {
		return defaultGrace, nil
	}
	work := klusterlets[0].Spec.WorkConfiguration
	if work == nil || work.AppliedManifestWorkEvictionGracePeriod == nil {
		return defaultGrace, nil
	}
	return work.AppliedManifestWorkEvictionGracePeriod.Duration, nil
}

// IsNever tells whether an agent with this grace period evicts nothing.
func IsNever(grace time.Duration) bool { return grace >= never }

// IsHeld tells whether the agent of a managed cluster evicts nothing. A cluster where Hold could not hold anything is an error.
func IsHeld(ctx context.Context, managed dynamic.Interface) (bool, error) {
	if _, err := klusterlet(ctx, managed); err != nil {
		return false, err
	}
	grace, err := GracePeriod(ctx, managed)
	return IsNever(grace), err
}

func klusterlet(ctx context.Context, managed dynamic.Interface) (string, error) {
	klusterlets, err := ocm.Klusterlets(managed).List(ctx, "")
	if err != nil || len(klusterlets) != 1 {
		return "", errors.Join(errors.New("the managed cluster has no one Klusterlet in which to hold the eviction"), err)
	}
	return klusterlets[0].Name, nil
}

// Hold makes the agent of a managed cluster evict nothing: by its Klusterlet, and, on an ACM hub, whose import controller
// would set that back, by the fleet's KlusterletConfig first.
func Hold(ctx context.Context, hub, managed dynamic.Interface) error {
	if err := holdOnHub(ctx, hub); err != nil {
		return err
	}
	name, err := klusterlet(ctx, managed)
	if err != nil {
		return err
	}
	patch := map[string]any{"spec": map[string]any{
		"workConfiguration": map[string]any{"appliedManifestWorkEvictionGracePeriod": never.String()},
	}}
	if err := ocm.Klusterlets(managed).MergePatch(ctx, name, patch); err != nil {
		return fmt.Errorf("holding the eviction in klusterlet %s: %w", name, err)
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
