package fence

import (
	"context"
	"encoding/json"
	"fmt"

	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	utiljson "k8s.io/apimachinery/pkg/util/json"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/util/retry"
)

// Annotation is on every object that a fence changed: the fields, the value that each had and the one that it got. Lifting
// the fence puts back what is in it and nothing else.
const Annotation = "acmdr.github.io/fenced"

// entry is one field in the annotation; a Was of null is a field that was not there.
type entry struct {
	Was any `json:"was"`
	Set any `json:"set"`
}

type record map[string]entry

// recordOf reads the annotation. One that cannot be read was not written by a fence, and nothing is put back from it.
func recordOf(object *unstructured.Unstructured) record {
	r := record{}
	if utiljson.Unmarshal([]byte(object.GetAnnotations()[Annotation]), &r) != nil {
		return record{}
	}
	return r
}

// Apply makes one change. The object is read again first: a change that holds by then, or whose object is gone, is left out.
func Apply(ctx context.Context, old dynamic.Interface, change Change) error {
	err := apply(ctx, old, change)
	if apierrors.IsInvalid(err) && change.rule.older != nil && !change.lift {
		change.rule = *change.rule.older
		err = apply(ctx, old, change)
	}
	return err
}

func apply(ctx context.Context, old dynamic.Interface, change Change) error {
	client := old.Resource(change.Object.Resource).Namespace(change.Object.Namespace)
	return retry.RetryOnConflict(retry.DefaultBackoff, func() error {
		object, err := client.Get(ctx, change.Object.Name, metav1.GetOptions{})
		if apierrors.IsNotFound(err) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("reading %s on the old hub: %w", change.Object, err)
		}
		patch, _ := change.rule.patch(object, change.lift)
		if patch == nil {
			return nil
		}
		body, err := json.Marshal(patch)
		if err != nil {
			return fmt.Errorf("encoding a patch of %s: %w", change.Object, err)
		}
		changed, err := client.Patch(ctx, change.Object.Name, types.MergePatchType, body, metav1.PatchOptions{})
		if err != nil {
			return fmt.Errorf("changing %s on the old hub: %w", change.Object, err)
		}
		return change.kept(changed)
	})
}

// kept makes sure that the hub stored what it was sent: a field that its version does not know is dropped without an error.
func (c Change) kept(object *unstructured.Unstructured) error {
	if c.lift {
		return nil
	}
	if patch, _ := c.rule.patch(object, false); patch != nil {
		return fmt.Errorf("%s on the old hub did not keep %s: its version does not know the field", c.Object, c.rule.key())
	}
	return nil
}

// patch is what changes a field of an object and keeps the record of it, in one write, and what it says of that; nil when
// there is nothing to do. The resourceVersion in it refuses the write when somebody else was faster.
func (r rule) patch(object *unstructured.Unstructured, lift bool) (patch map[string]any, text string) {
	recorded := recordOf(object)
	was := r.current(object)
	var to any
	if lift {
		previous, ok := recorded[r.key()]
		if !ok {
			return nil, ""
		}
		delete(recorded, r.key())
		if !covers(was, previous.Set) {
			return r.build(object, recorded, nil, false), r.key() + ": left alone, it was changed since"
		}
		to = previous.Was
	} else {
		wanted, ok := r.want(object)
		if !ok || equality.Semantic.DeepEqual(was, wanted) {
			return nil, ""
		}
		recorded[r.key()] = entry{Was: was, Set: wanted}
		to = wanted
	}
	return r.build(object, recorded, to, true), r.describe(was, to, lift)
}

// build makes the merge patch; in one, null takes a field away.
func (r rule) build(object *unstructured.Unstructured, recorded record, value any, set bool) map[string]any {
	patch := map[string]any{}
	if set {
		setNested(patch, value, r.path)
	}
	var note any
	if len(recorded) > 0 {
		body, _ := json.Marshal(recorded) // made of JSON values
		note = string(body)
	}
	setNested(patch, note, []string{"metadata", "annotations", Annotation})
	setNested(patch, object.GetResourceVersion(), []string{"metadata", "resourceVersion"})
	return patch
}

func setNested(object map[string]any, value any, path []string) {
	for _, key := range path[:len(path)-1] {
		child, ok := object[key].(map[string]any)
		if !ok {
			child = map[string]any{}
			object[key] = child
		}
		object = child
	}
	object[path[len(path)-1]] = value
}

// covers tells whether a value is still the one that was set; an API server adds the defaults of fields that were left out.
func covers(value, set any) bool {
	switch set := set.(type) {
	case map[string]any:
		fields, ok := value.(map[string]any)
		for key, want := range set {
			ok = ok && covers(fields[key], want)
		}
		return ok
	case []any:
		items, ok := value.([]any)
		ok = ok && len(items) == len(set)
		for i := range set {
			ok = ok && covers(items[i], set[i])
		}
		return ok
	}
	return equality.Semantic.DeepEqual(value, set)
}
