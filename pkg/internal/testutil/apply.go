package testutil

import (
	"bytes"
	"encoding/json"
	"maps"
	"strconv"
	"sync"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	dynamicfake "k8s.io/client-go/dynamic/fake"
	clienttesting "k8s.io/client-go/testing"
)

// ServerSideApply teaches a fake hub to apply: client-go's fake merges, but neither creates what is missing nor counts
// resource versions. Custom resource definitions are established at once.
func ServerSideApply(hub *dynamicfake.FakeDynamicClient) {
	var mu sync.Mutex
	hub.PrependReactor("patch", "*", func(action clienttesting.Action) (bool, runtime.Object, error) {
		mu.Lock()
		defer mu.Unlock()
		patch, ok := action.(clienttesting.PatchAction)
		if !ok || patch.GetPatchType() != types.ApplyPatchType {
			return false, nil, nil
		}
		object, err := apply(hub.Tracker(), patch)
		return true, object, err
	})
}

func apply(tracker clienttesting.ObjectTracker, patch clienttesting.PatchAction) (runtime.Object, error) {
	wanted := &unstructured.Unstructured{}
	if err := json.Unmarshal(patch.GetPatch(), &wanted.Object); err != nil {
		return nil, err
	}
	existing, err := tracker.Get(patch.GetResource(), patch.GetNamespace(), patch.GetName())
	if apierrors.IsNotFound(err) {
		wanted.SetResourceVersion("1")
		if wanted.GetKind() == "CustomResourceDefinition" {
			established := []any{map[string]any{"type": "Established", "status": "True"}}
			if err := unstructured.SetNestedSlice(wanted.Object, established, "status", "conditions"); err != nil {
				return nil, err
			}
		}
		return wanted, tracker.Create(patch.GetResource(), wanted, patch.GetNamespace())
	}
	if err != nil {
		return nil, err
	}
	merged := existing.(*unstructured.Unstructured).DeepCopy()
	before := merged.DeepCopy()
	merge(merged.Object, wanted.Object)
	if apiEqual(before, merged) {
		return merged, nil
	}
	version, _ := strconv.Atoi(merged.GetResourceVersion())
	merged.SetResourceVersion(strconv.Itoa(version + 1))
	return merged, tracker.Update(patch.GetResource(), merged, patch.GetNamespace())
}

// apiEqual compares as JSON, since one side has been through it.
func apiEqual(a, b *unstructured.Unstructured) bool {
	one, _ := json.Marshal(a.Object)
	two, _ := json.Marshal(b.Object)
	return bytes.Equal(one, two)
}

func merge(into, from map[string]any) {
	for key, value := range from {
		if inner, ok := value.(map[string]any); ok {
			if existing, ok := into[key].(map[string]any); ok {
				merge(existing, inner)
				continue
			}
			value = maps.Clone(inner)
		}
		into[key] = value
	}
}
