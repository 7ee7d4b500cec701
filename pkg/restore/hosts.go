package restore

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/json"

	"github.com/acmdr/kubectl-acmdr/pkg/velero"
)

// hostResource are Metal3's machines. Its operator wipes and installs the machine of one that comes without its status, so they
// come back only when they are asked for, with it, and paused until they have it.
var hostResource = schema.GroupVersionResource{Group: "metal3.io", Version: "v1alpha1", Resource: "baremetalhosts"}

var hostsIn = hostResource.GroupResource().String()

// pausedAnnotation keeps the operator from a BareMetalHost (metal3-io/baremetal-operator apis/metal3.io/v1alpha1); paused is
// what the plugin writes there, and takes away again.
const (
	pausedAnnotation = "baremetalhost.metal3.io/paused"
	paused           = velero.ManagedBy
)

// hostState is the field of a status by which the operator knows that a machine is installed.
var hostState = []string{"status", "provisioning", "state"}

// hostRules pause the BareMetalHosts that nobody had paused.
func hostRules(m *manifest) []modifier {
	kind := m.objects[hostsIn]
	if kind == nil {
		return nil
	}
	free, own := map[string][]string{}, map[string]bool{}
	for at, object := range kind.objects {
		free[at.namespace] = append(free[at.namespace], regexp.QuoteMeta(at.name))
		if object.paused {
			names := free[at.namespace]
			free[at.namespace], own[at.namespace] = names[:len(names)-1], true
		}
	}
	pause := map[string]any{"metadata": map[string]any{"annotations": map[string]any{pausedAnnotation: paused}}}
	when := conditions{GroupResource: hostsIn}
	var rules []modifier
	for _, namespace := range slices.Sorted(maps.Keys(free)) {
		if !own[namespace] {
			when.Namespaces = append(when.Namespaces, namespace)
			continue
		}
		if names := free[namespace]; len(names) > 0 {
			slices.Sort(names)
			rules = append(rules, merge(conditions{
				GroupResource: hostsIn, Namespaces: []string{namespace}, ResourceNameRegex: "^(" + strings.Join(names, "|") + ")$",
			}, pause))
		}
	}
	if len(when.Namespaces) > 0 {
		rules = append(rules, merge(when, pause))
	}
	return rules
}

// releaseHosts lets go of the restored BareMetalHosts that have their status. One that has none stays paused, and is an error.
func (r *Restorer) releaseHosts(ctx context.Context, plan *Plan) error {
	if !plan.hosts {
		return nil
	}
	client := r.Hub.Dynamic.Resource(hostResource)
	list, err := client.List(ctx, metav1.ListOptions{LabelSelector: velero.RestoreNameLabel})
	if apierrors.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("listing BareMetalHosts: %w", err)
	}
	patch, err := json.Marshal(map[string]any{"metadata": map[string]any{"annotations": map[string]any{pausedAnnotation: nil}}})
	if err != nil {
		return err
	}
	var failed []error
	var stay []string
	for i := range list.Items {
		host := &list.Items[i]
		name := host.GetNamespace() + "/" + host.GetName()
		if host.GetAnnotations()[pausedAnnotation] != paused {
			continue
		}
		if state, _, _ := unstructured.NestedString(host.Object, hostState...); state == "" {
			stay = append(stay, name)
			continue
		}
		_, err := client.Namespace(host.GetNamespace()).Patch(ctx, host.GetName(), types.MergePatchType, patch, metav1.PatchOptions{})
		if err != nil {
			failed = append(failed, fmt.Errorf("releasing BareMetalHost %s: %w", name, err))
		}
	}
	if len(stay) > 0 {
		failed = append(failed, fmt.Errorf("BareMetalHosts came back without their status and stay paused, or their machines would be "+
			"installed again: %s", strings.Join(stay, ", ")))
	}
	return errors.Join(failed...)
}
