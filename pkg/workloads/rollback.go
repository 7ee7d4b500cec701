package workloads

import (
	"context"
	"encoding/json"
	"fmt"

	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	workv1 "open-cluster-management.io/api/work/v1"
)

// Changed names the applied objects that the new hub's works hold with other content: the agent would change them to what
// the backup knew, which can be older than what runs.
func Changed(ctx context.Context, managed dynamic.Interface, applied []workv1.AppliedManifestWork, works []workv1.ManifestWork) (string, error) {
	held := manifests(works)
	var names []string
	for _, a := range applied {
		for _, r := range a.Status.AppliedResources {
			raw := held[object(r)]
			if raw == nil {
				continue
			}
			same, err := asWanted(ctx, managed, r, raw)
			if err != nil {
				return "", err
			}
			if !same {
				names = append(names, object(r).String())
			}
		}
	}
	return list(names), nil
}

func asWanted(ctx context.Context, managed dynamic.Interface, r workv1.AppliedManifestResourceMeta, raw []byte) (bool, error) {
	resource := schema.GroupVersionResource{Group: r.Group, Version: r.Version, Resource: r.Resource}
	live, err := managed.Resource(resource).Namespace(r.Namespace).Get(ctx, r.Name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) || apierrors.IsForbidden(err) {
		return true, nil // what is gone or hidden is not rolled back
	}
	if err != nil {
		return false, fmt.Errorf("reading %s: %w", object(r), err)
	}
	var want map[string]any
	if err := json.Unmarshal(raw, &want); err != nil {
		return false, fmt.Errorf("the manifest of %s: %w", object(r), err)
	}
	delete(want, "status")
	return contains(live.Object, want), nil
}

// contains tells whether a live value has at least what is wanted: servers add defaults.
func contains(live, want any) bool {
	wanted, ok := want.(map[string]any)
	if !ok {
		return sameValue(live, want)
	}
	have, ok := live.(map[string]any)
	if !ok {
		return len(wanted) == 0
	}
	for key, value := range wanted {
		if value != nil && !contains(have[key], value) {
			return false
		}
	}
	return true
}

// sameValue compares lists element by element, as contains does objects, and the rest by value, whatever number type it has.
func sameValue(live, want any) bool {
	wanted, ok := want.([]any)
	if !ok {
		return equality.Semantic.DeepEqual(live, want) || fmt.Sprint(live) == fmt.Sprint(want)
	}
	have, ok := live.([]any)
	if !ok || len(have) != len(wanted) {
		return len(wanted) == 0 && !ok
	}
	for i := range wanted {
		if !contains(have[i], wanted[i]) {
			return false
		}
	}
	return true
}
