package fence

import (
	"encoding/json"
	"fmt"
	"maps"
	"strings"

	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	workv1 "open-cluster-management.io/api/work/v1"

	"github.com/acmdr/kubectl-acmdr/pkg/ocm"
)

// rule is what a fence wants of one field of the objects of a kind.
type rule struct {
	resource schema.GroupVersionResource
	kind     string
	path     []string
	// want returns the value that the field shall have on an object, and whether the rule is for that object at all.
	want func(object *unstructured.Unstructured) (value any, ok bool)
	// text says what changes where the plain words, from what to what, would not; lift tells that it is put back.
	text func(lift bool) string
	// older is what to do instead on a hub that refuses the value as one that it does not know.
	older *rule
}

// field is a rule that sets a field to a value.
func field(resource schema.GroupVersionResource, kind string, value any, path ...string) rule {
	return rule{
		resource: resource, kind: kind, path: path,
		want: func(*unstructured.Unstructured) (any, bool) { return value, true },
	}
}

// key is the rule's field as it appears in the record and, with dots, in messages.
func (r rule) key() string {
	if len(r.path) == len(annotationPath)+1 {
		return r.path[len(annotationPath)]
	}
	return strings.Join(r.path, ".")
}

var annotationPath = []string{"metadata", "annotations"}

func (r rule) current(object *unstructured.Unstructured) any {
	value, found, err := unstructured.NestedFieldNoCopy(object.Object, r.path...)
	if !found || err != nil {
		return nil
	}
	return value
}

func (r rule) describe(was, to any, lift bool) string {
	if r.text != nil {
		return r.text(lift)
	}
	return fmt.Sprintf("%s: %s (was %s)", r.key(), shown(to), shown(was))
}

func shown(value any) string {
	if value == nil {
		return "<none>"
	}
	text, err := json.Marshal(value)
	if err != nil {
		return "<unknown>"
	}
	if word, ok := value.(string); ok && word != "" {
		return word
	}
	return string(text)
}

// appendChange adds what a rule has to change on an object, or to put back there.
func (r rule) appendChange(changes []Change, object *unstructured.Unstructured, lift bool) []Change {
	change := Change{
		Object: Object{Resource: r.resource, Namespace: object.GetNamespace(), Name: object.GetName()},
		rule:   r, lift: lift,
	}
	patch, text := r.patch(object, lift)
	if patch == nil {
		return changes
	}
	change.Text = text + keeper(object)
	return append(changes, change)
}

// keeper names who may set the field back: OADP owns locations, ACM owns Velero's schedules.
func keeper(object *unstructured.Unstructured) string {
	owner := metav1.GetControllerOf(object)
	if owner == nil {
		return ""
	}
	return fmt.Sprintf("; %s %s owns it and may set it back", owner.Kind, owner.Name)
}

// bootstrapReadOnly keeps the ManifestWorks of the old hub from applying its bootstrap kubeconfig to a cluster that has
// left: the work agent's session with the old hub outlives the switch for up to a minute, and each restart of an agent that
// is still there applies them again. A hub of backplane 5.0 or later does the same when imports are disabled
// (managedcluster-import-controller pkg/controller/manifestwork). Hubs from before OCM 0.14 know no ReadOnly; CreateOnly
// leaves a secret that is there alone as well.
func bootstrapReadOnly() rule {
	older := bootstrapStrategy(workv1.UpdateStrategyTypeCreateOnly)
	r := bootstrapStrategy(workv1.UpdateStrategyTypeReadOnly)
	r.older = &older
	return r
}

func bootstrapStrategy(strategy workv1.UpdateStrategyType) rule {
	return rule{
		resource: ocm.ManifestWorkResource, kind: "ManifestWork", path: []string{"spec", "manifestConfigs"},
		want: func(object *unstructured.Unstructured) (any, bool) {
			work := &workv1.ManifestWork{}
			if runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, work) != nil {
				return nil, false
			}
			secrets := bootstrapSecrets(work)
			existing, _, err := unstructured.NestedSlice(object.Object, "spec", "manifestConfigs")
			if err != nil || len(secrets) == 0 {
				return nil, false
			}
			return withStrategy(existing, secrets, strategy), true
		},
		text: func(lift bool) string {
			if lift {
				return "bootstrap secret: applied to the cluster again"
			}
			return fmt.Sprintf("bootstrap secret: %s (was applied to the cluster)", strategy)
		},
	}
}

// bootstrapSecrets finds the bootstrap secrets that a work applies.
func bootstrapSecrets(work *workv1.ManifestWork) []workv1.ResourceIdentifier {
	var found []workv1.ResourceIdentifier
	for _, manifest := range work.Spec.Workload.Manifests {
		var object metav1.PartialObjectMetadata
		if json.Unmarshal(manifest.Raw, &object) != nil {
			continue
		}
		if object.APIVersion == "v1" && object.Kind == "Secret" && object.Name == ocm.BootstrapSecret {
			found = append(found, workv1.ResourceIdentifier{Resource: "secrets", Namespace: object.Namespace, Name: object.Name})
		}
	}
	return found
}

// withStrategy sets the update strategy of some resources in a list of manifestConfigs and leaves all else in it alone. One
// that does not update the resource will do as it is.
func withStrategy(configs []any, resources []workv1.ResourceIdentifier, strategy workv1.UpdateStrategyType) []any {
	for _, resource := range resources {
		identifier := map[string]any{
			"group": resource.Group, "resource": resource.Resource, "namespace": resource.Namespace, "name": resource.Name,
		}
		wanted := map[string]any{"type": string(strategy)}
		config := configOf(configs, identifier)
		if config == nil {
			configs = append(configs, map[string]any{"resourceIdentifier": identifier, "updateStrategy": wanted})
			continue
		}
		current, _, _ := unstructured.NestedString(config, "updateStrategy", "type")
		if current != string(workv1.UpdateStrategyTypeReadOnly) && current != string(workv1.UpdateStrategyTypeCreateOnly) {
			config["updateStrategy"] = wanted
		}
	}
	return configs
}

func configOf(configs []any, identifier map[string]any) map[string]any {
	for _, item := range configs {
		config, _ := item.(map[string]any)
		current, _ := config["resourceIdentifier"].(map[string]any)
		full := map[string]any{"group": "", "namespace": ""}
		maps.Copy(full, current)
		if equality.Semantic.DeepEqual(full, identifier) {
			return config
		}
	}
	return nil
}
