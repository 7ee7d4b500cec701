package acm

import (
	"context"
	"errors"
	"slices"

	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/acmdr/kubectl-acmdr/test/lab/internal/kube"
)

var manifestWorks = schema.GroupVersionResource{Group: "work.open-cluster-management.io", Version: "v1", Resource: "manifestworks"}

// works keeps the two works by which the hub keeps the klusterlet of a cluster as it wants it.
func (c *Controller) works(ctx context.Context, name string, content map[string][]byte, readOnly bool) error {
	klusterlet, err := kube.Decode(content[importKey])
	if err != nil {
		return err
	}
	// The Klusterlet stays the lab's: it says how long the work agent waits before it evicts.
	klusterlet = slices.DeleteFunc(klusterlet, func(object *unstructured.Unstructured) bool { return object.GetKind() == "Klusterlet" })
	crds, err := kube.Decode(content[crdsKey])
	if err != nil {
		return err
	}
	spec := workOf(klusterlet)
	spec["deleteOption"] = map[string]any{"propagationPolicy": "Orphan"}
	if readOnly {
		var configs []any
		for _, object := range klusterlet {
			configs = append(configs, readOnlyConfig(object))
		}
		spec["manifestConfigs"] = configs
	}
	return errors.Join(
		c.work(ctx, name, name+"-klusterlet", spec),
		c.work(ctx, name, name+"-klusterlet-crds", workOf(crds)), // without Orphan: who evicts it uninstalls the klusterlet
	)
}

func workOf(objects []*unstructured.Unstructured) map[string]any {
	manifests := make([]any, 0, len(objects))
	for _, object := range objects {
		manifests = append(manifests, object.Object)
	}
	return map[string]any{"workload": map[string]any{"manifests": manifests}}
}

func readOnlyConfig(object *unstructured.Unstructured) map[string]any {
	kind := object.GroupVersionKind()
	resource := map[string]string{"Namespace": "namespaces", "Secret": "secrets"}[kind.Kind]
	identifier := map[string]any{"group": kind.Group, "resource": resource, "name": object.GetName()}
	if namespace := object.GetNamespace(); namespace != "" {
		identifier["namespace"] = namespace
	}
	return map[string]any{"resourceIdentifier": identifier, "updateStrategy": map[string]any{"type": "ReadOnly"}}
}

// work makes a ManifestWork, or takes back what somebody else made of it.
func (c *Controller) work(ctx context.Context, namespace, name string, spec map[string]any) error {
	works := c.Hub.Clients.Dynamic.Resource(manifestWorks).Namespace(namespace)
	work, err := works.Get(ctx, name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		work = &unstructured.Unstructured{Object: map[string]any{
			"apiVersion": manifestWorks.GroupVersion().String(), "kind": "ManifestWork",
			"metadata": map[string]any{"name": name, "namespace": namespace}, "spec": spec,
		}}
		_, err = works.Create(ctx, work, metav1.CreateOptions{})
		return err
	}
	if err != nil || work.GetDeletionTimestamp() != nil {
		return err
	}
	have, _, err := unstructured.NestedMap(work.Object, "spec")
	if err != nil {
		return err
	}
	same := true
	for _, field := range []string{"workload", "deleteOption", "manifestConfigs"} {
		same = same && equality.Semantic.DeepEqual(have[field], spec[field])
	}
	if same {
		return nil
	}
	work.Object["spec"] = spec
	_, err = works.Update(ctx, work, metav1.UpdateOptions{})
	return err
}
