package preflight

import (
	"context"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
)

// apiServices are the API groups that an API server answers by itself or through another server.
var apiServices = schema.GroupVersionResource{Group: "apiregistration.k8s.io", Version: "v1", Resource: "apiservices"}

// APIServices checks that what serves the hub's API groups answers. A dead one that the work needs makes it fail; any other
// makes Velero's discovery slow and noisy.
func APIServices(ctx context.Context, hub dynamic.Interface, needs func(group string) bool) (Row, error) {
	const name = "API services"
	list, err := hub.Resource(apiServices).List(ctx, metav1.ListOptions{})
	switch {
	case apierrors.IsForbidden(err):
		return Row{Name: name, Result: Warn, Reason: "they may not be listed", Remedy: "let this user list apiservices"}, nil
	case err != nil:
		return Row{}, fmt.Errorf("listing APIServices: %w", err)
	}
	var dead []string
	row := Row{Name: name, Result: Warn, Remedy: "see 'kubectl get apiservices'; repair what serves them, or delete those of software that is gone"}
	for i := range list.Items {
		if available(&list.Items[i]) {
			continue
		}
		dead = append(dead, list.Items[i].GetName())
		if group, _, _ := unstructured.NestedString(list.Items[i].Object, "spec", "group"); needs(group) {
			row.Result = Fail
		}
	}
	if len(dead) == 0 {
		return Passed(name, "all answer"), nil
	}
	row.Reason = Few(dead) + " do not answer"
	if len(dead) == 1 {
		row.Reason = dead[0] + " does not answer"
	}
	return row, nil
}

// available tells what the aggregator found; it has not looked yet where there is no condition.
func available(object *unstructured.Unstructured) bool {
	conditions, _, _ := unstructured.NestedSlice(object.Object, "status", "conditions")
	for _, entry := range conditions {
		condition, _ := entry.(map[string]any)
		if condition["type"] == "Available" && condition["status"] == "False" {
			return false
		}
	}
	return true
}

// Terminating checks that no namespace that something is to be written to is being deleted: Velero waits ten minutes for each
// object of such a namespace (velero#9988).
func Terminating(namespaces []corev1.Namespace, wanted func(name string) bool) Row {
	const name = "namespaces"
	var deleted []string
	for i := range namespaces {
		if namespaces[i].Status.Phase == corev1.NamespaceTerminating && wanted(namespaces[i].Name) {
			deleted = append(deleted, namespaces[i].Name)
		}
	}
	if len(deleted) == 0 {
		return Passed(name, "none is being deleted")
	}
	slices.Sort(deleted)
	row := Row{Name: name, Result: Fail, Remedy: "wait until they are gone; 'kubectl describe namespace' says what holds them"}
	row.Reason = Few(deleted) + " are being deleted on this hub"
	if len(deleted) == 1 {
		row.Reason = deleted[0] + " is being deleted on this hub"
		row.Remedy = "wait until it is gone; 'kubectl describe namespace " + deleted[0] + "' says what holds it"
	}
	return row
}
