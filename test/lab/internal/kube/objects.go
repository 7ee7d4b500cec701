package kube

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/dynamic"
)

// Decode reads the objects of a YAML stream.
func Decode(data []byte) ([]*unstructured.Unstructured, error) {
	var objects []*unstructured.Unstructured
	decoder := utilyaml.NewYAMLOrJSONDecoder(bytes.NewReader(data), 4096)
	for {
		object := &unstructured.Unstructured{}
		err := decoder.Decode(&object.Object)
		if errors.Is(err, io.EOF) {
			return objects, nil
		}
		if err != nil {
			return nil, fmt.Errorf("object %d: %w", len(objects)+1, err)
		}
		if len(object.Object) != 0 {
			objects = append(objects, object)
		}
	}
}

// Create creates the objects in their order. One that is there already is left as it is: a lab that comes back must not
// undo what was done to it.
func (c *Clients) Create(ctx context.Context, objects ...*unstructured.Unstructured) error {
	for _, object := range objects {
		_, err := c.resource(object).Create(ctx, object, metav1.CreateOptions{FieldManager: "lab"})
		if err != nil && !apierrors.IsAlreadyExists(err) {
			return fmt.Errorf("%s %s/%s: %w", object.GetKind(), object.GetNamespace(), object.GetName(), err)
		}
	}
	return nil
}

// Get reads one object again.
func (c *Clients) Get(ctx context.Context, object *unstructured.Unstructured) (*unstructured.Unstructured, error) {
	return c.resource(object).Get(ctx, object.GetName(), metav1.GetOptions{})
}

func (c *Clients) resource(object *unstructured.Unstructured) dynamic.ResourceInterface {
	resource, _ := meta.UnsafeGuessKindToResource(object.GroupVersionKind())
	if namespace := object.GetNamespace(); namespace != "" {
		return c.Dynamic.Resource(resource).Namespace(namespace)
	}
	return c.Dynamic.Resource(resource)
}

// Condition gives the status and message of an object's condition; "" when it has none of that type.
func Condition(object *unstructured.Unstructured, kind string) (status, message string) {
	list, _, _ := unstructured.NestedSlice(object.Object, "status", "conditions") // not there: no condition
	for _, item := range list {
		condition, ok := item.(map[string]any)
		if !ok || condition["type"] != kind {
			continue
		}
		status, _, _ = unstructured.NestedString(condition, "status")
		message, _, _ = unstructured.NestedString(condition, "message")
		return status, message
	}
	return "", ""
}
