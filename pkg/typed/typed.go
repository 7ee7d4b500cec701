// Package typed reads and writes one custom resource kind as its Go type through the dynamic client, so that no
// generated clientset is needed.
package typed

import (
	"context"
	"encoding/json"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"
)

// PageSize is the limit of one LIST page; larger sets are read in several.
const PageSize = 500

// Client is the API of one kind. T is the struct of the object, for example clusterv1.ManagedCluster.
type Client[T any] struct {
	client   dynamic.ResourceInterface
	resource dynamic.NamespaceableResourceInterface
	gvk      schema.GroupVersionKind
}

// New returns the client of a kind in all namespaces, or of a cluster-scoped kind.
func New[T any](d dynamic.Interface, gvr schema.GroupVersionResource, kind string) Client[T] {
	resource := d.Resource(gvr)
	return Client[T]{client: resource, resource: resource, gvk: gvr.GroupVersion().WithKind(kind)}
}

// In returns the same client bound to a namespace.
func (c Client[T]) In(namespace string) Client[T] {
	c.client = c.resource.Namespace(namespace)
	return c
}

// Get reads one object; the errors are those of the API.
func (c Client[T]) Get(ctx context.Context, name string) (*T, error) {
	object, err := c.client.Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return nil, err
	}
	return decode[T](object)
}

// List reads all objects that match the label selector (empty: all), page by page.
func (c Client[T]) List(ctx context.Context, selector string) ([]T, error) {
	var items []T
	err := c.Each(ctx, selector, func(item *T) error {
		items = append(items, *item)
		return nil
	})
	return items, err
}

// Each calls visit for every object that matches the label selector, holding one page in memory at a time.
func (c Client[T]) Each(ctx context.Context, selector string, visit func(*T) error) error {
	options := metav1.ListOptions{LabelSelector: selector, Limit: PageSize}
	for {
		page, err := c.client.List(ctx, options)
		if err != nil {
			return err
		}
		for i := range page.Items {
			item, err := decode[T](&page.Items[i])
			if err != nil {
				return err
			}
			if err := visit(item); err != nil {
				return err
			}
		}
		if options.Continue = page.GetContinue(); options.Continue == "" {
			return nil
		}
	}
}

// Create writes a new object and returns it as stored.
func (c Client[T]) Create(ctx context.Context, item *T) (*T, error) {
	object, err := c.encode(item)
	if err != nil {
		return nil, err
	}
	stored, err := c.client.Create(ctx, object, metav1.CreateOptions{})
	if err != nil {
		return nil, err
	}
	return decode[T](stored)
}

// Update replaces an object; its resourceVersion guards against lost updates.
func (c Client[T]) Update(ctx context.Context, item *T) (*T, error) {
	object, err := c.encode(item)
	if err != nil {
		return nil, err
	}
	stored, err := c.client.Update(ctx, object, metav1.UpdateOptions{})
	if err != nil {
		return nil, err
	}
	return decode[T](stored)
}

// MergePatch applies an RFC 7386 patch, given as a value that marshals to JSON.
func (c Client[T]) MergePatch(ctx context.Context, name string, patch any) error {
	return c.mergePatch(ctx, name, patch, metav1.PatchOptions{})
}

// TryMergePatch has the server do all that MergePatch would, webhooks too, but store nothing.
func (c Client[T]) TryMergePatch(ctx context.Context, name string, patch any) error {
	return c.mergePatch(ctx, name, patch, metav1.PatchOptions{DryRun: []string{metav1.DryRunAll}})
}

func (c Client[T]) mergePatch(ctx context.Context, name string, patch any, options metav1.PatchOptions) error {
	body, err := json.Marshal(patch)
	if err != nil {
		return fmt.Errorf("encoding a patch of %s %s: %w", c.gvk.Kind, name, err)
	}
	_, err = c.client.Patch(ctx, name, types.MergePatchType, body, options)
	return err
}

// Delete removes an object.
func (c Client[T]) Delete(ctx context.Context, name string) error {
	return c.client.Delete(ctx, name, metav1.DeleteOptions{})
}

func (c Client[T]) encode(item *T) (*unstructured.Unstructured, error) {
	content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(item)
	if err != nil {
		return nil, fmt.Errorf("encoding a %s: %w", c.gvk.Kind, err)
	}
	object := &unstructured.Unstructured{Object: content}
	object.SetGroupVersionKind(c.gvk)
	// A zero status is not the caller's to write.
	unstructured.RemoveNestedField(object.Object, "metadata", "creationTimestamp")
	return object, nil
}

func decode[T any](object *unstructured.Unstructured) (*T, error) {
	item := new(T)
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, item); err != nil {
		return nil, fmt.Errorf("decoding %s %s: %w", object.GetKind(), object.GetName(), err)
	}
	return item, nil
}
