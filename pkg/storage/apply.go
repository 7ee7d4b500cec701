package storage

import (
	"context"
	"errors"
	"fmt"
	"reflect"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"

	"github.com/acmdr/kubectl-acmdr/pkg/velero"
	"github.com/acmdr/kubectl-acmdr/pkg/wait"
)

// Outcome is what applying an object came to, in kubectl's words.
type Outcome string

// The outcomes of kubectl apply.
const (
	Created    Outcome = "created"
	Configured Outcome = "configured"
	Unchanged  Outcome = "unchanged"
)

// Applied is one object and what became of it.
type Applied struct {
	Object  *unstructured.Unstructured
	Outcome Outcome
}

// Installer applies plans on one hub.
type Installer struct {
	Hub   dynamic.Interface
	Clock wait.Clock
	// Applied is called after each object, Waiting when something is waited for, or why has changed. Both may be nil.
	Applied func(Applied)
	Waiting func(what string)
}

// resources are the kinds that a plan holds.
var resources = map[string]schema.GroupVersionResource{
	crdKind:              {Group: "apiextensions.k8s.io", Version: "v1", Resource: "customresourcedefinitions"},
	"Namespace":          {Version: "v1", Resource: "namespaces"},
	"ClusterRoleBinding": {Group: "rbac.authorization.k8s.io", Version: "v1", Resource: "clusterrolebindings"},
	"ServiceAccount":     {Version: "v1", Resource: "serviceaccounts"},
	"Secret":             {Version: "v1", Resource: "secrets"},
	velero.LocationKind:  velero.LocationResource,
	"Deployment":         {Group: "apps", Version: "v1", Resource: "deployments"},
}

// Apply applies the plan's objects in order by server-side apply and returns what it changed. Running it again with the
// same plan changes nothing.
func (i *Installer) Apply(ctx context.Context, plan *Plan) ([]Applied, error) {
	var applied []Applied
	established := true
	for _, object := range plan.Objects {
		if object.GetKind() == crdKind {
			established = false
		} else if !established {
			// The API server serves a kind a moment after its definition.
			if err := i.waitEstablished(ctx, plan); err != nil {
				return applied, err
			}
			established = true
		}
		one, err := i.apply(ctx, object)
		if err != nil {
			return applied, fmt.Errorf("applying %s %s: %w", object.GetKind(), object.GetName(), err)
		}
		applied = append(applied, one)
		if i.Applied != nil {
			i.Applied(one)
		}
	}
	return applied, nil
}

func (i *Installer) client(object *unstructured.Unstructured) (dynamic.ResourceInterface, error) {
	resource, ok := resources[object.GetKind()]
	if !ok {
		return nil, errors.New("the plugin does not know how to apply this kind")
	}
	if namespace := object.GetNamespace(); namespace != "" {
		return i.Hub.Resource(resource).Namespace(namespace), nil
	}
	return i.Hub.Resource(resource), nil
}

func (i *Installer) apply(ctx context.Context, object *unstructured.Unstructured) (Applied, error) {
	client, err := i.client(object)
	if err != nil {
		return Applied{}, err
	}
	before, err := client.Get(ctx, object.GetName(), metav1.GetOptions{})
	if err != nil && !apierrors.IsNotFound(err) {
		return Applied{}, err
	}
	existed := err == nil
	var after *unstructured.Unstructured
	err = i.serving(ctx, func() error {
		// Force takes over the fields of an earlier 'kubectl apply' of the same manifests.
		after, err = client.Apply(ctx, object.GetName(), object, metav1.ApplyOptions{FieldManager: FieldManager, Force: true})
		return err
	})
	switch {
	case err != nil:
		return Applied{}, err
	case !existed:
		return Applied{Object: after, Outcome: Created}, nil
	case same(before, after):
		return Applied{Object: after, Outcome: Unchanged}, nil
	}
	return Applied{Object: after, Outcome: Configured}, nil
}

// serving retries what fails because a kind was established but one of several API servers does not serve it yet.
func (i *Installer) serving(ctx context.Context, apply func() error) error {
	ctx, cancel := context.WithTimeout(ctx, wait.Probe)
	defer cancel()
	return wait.Until(ctx, i.Clock, apply, func(_ context.Context, apply func() error) (bool, string, error) {
		err := apply()
		if apierrors.IsNotFound(err) {
			return false, err.Error(), nil
		}
		return err == nil, "", err
	})
}

// same tells whether applying changed anything of ours. The resource version alone would not: a controller may have written
// the status in between.
func same(before, after *unstructured.Unstructured) bool {
	if before.GetResourceVersion() == after.GetResourceVersion() {
		return true
	}
	return reflect.DeepEqual(wishes(before), wishes(after))
}

// wishes is an object without what the API server and controllers write.
func wishes(object *unstructured.Unstructured) map[string]any {
	content := object.DeepCopy().Object
	delete(content, "status")
	for _, field := range []string{"resourceVersion", "generation", "managedFields"} {
		unstructured.RemoveNestedField(content, "metadata", field)
	}
	return content
}

// waitEstablished waits until the hub serves every kind that the plan defines.
func (i *Installer) waitEstablished(ctx context.Context, plan *Plan) error {
	ctx, cancel := context.WithTimeout(ctx, wait.Established)
	defer cancel()
	pending := map[string]bool{}
	for _, object := range plan.Objects {
		if object.GetKind() == crdKind {
			pending[object.GetName()] = true
		}
	}
	if err := until(ctx, i, "custom resource definitions to be established", pending, i.established); err != nil {
		return fmt.Errorf("custom resource definitions: %w", err)
	}
	return nil
}

// established takes the definitions that the hub serves off the pending ones.
func (i *Installer) established(ctx context.Context, pending map[string]bool) (bool, string, error) {
	for name := range pending {
		crd, err := i.Hub.Resource(resources[crdKind]).Get(ctx, name, metav1.GetOptions{})
		if err != nil {
			return false, "", err
		}
		if condition(crd, "Established") {
			delete(pending, name)
		}
	}
	return len(pending) == 0, fmt.Sprintf("%d to go", len(pending)), nil
}

// condition tells whether a condition of an object is True.
func condition(object *unstructured.Unstructured, conditionType string) bool {
	conditions, _, _ := unstructured.NestedSlice(object.Object, "status", "conditions")
	for _, c := range conditions {
		if c, ok := c.(map[string]any); ok && c["type"] == conditionType {
			return c["status"] == "True"
		}
	}
	return false
}

// until is wait.Until that tells what is waited for, and each new reason why it is not there yet.
func until[T any](ctx context.Context, i *Installer, what string, t T, condition wait.Condition[T]) error {
	told := ""
	return wait.Until(ctx, i.Clock, t, func(ctx context.Context, t T) (bool, string, error) {
		ok, why, err := condition(ctx, t)
		if text := what + ": " + why; !ok && err == nil && text != told && i.Waiting != nil {
			told = text
			i.Waiting(text)
		}
		return ok, why, err
	})
}
