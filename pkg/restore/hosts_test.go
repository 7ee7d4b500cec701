package restore

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	clienttesting "k8s.io/client-go/testing"

	"github.com/acmdr/kubectl-acmdr/pkg/internal/testutil"
	"github.com/acmdr/kubectl-acmdr/pkg/velero"
)

// host is a BareMetalHost; by is who paused it, and state that of its machine, both empty for none.
func host(name, by, state string) *unstructured.Unstructured {
	made := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "metal3.io/v1alpha1", "kind": "BareMetalHost",
		"metadata": map[string]any{"namespace": "managed-one", "name": name, "finalizers": []any{"baremetalhost.metal3.io"}},
		"spec":     map[string]any{"online": true},
	}}
	if by != "" {
		made.SetAnnotations(map[string]string{pausedAnnotation: by})
	}
	if state != "" {
		made.Object["status"] = map[string]any{"provisioning": map[string]any{"state": state}}
	}
	return made
}

const hostPath = "baremetalhosts.metal3.io/v1alpha1-preferredversion/namespaces/managed-one/"

// hosts is a hub whose Velero brings BareMetalHosts in those states.
func hosts(t *testing.T, brought ...*unstructured.Unstructured) *testutil.Hub {
	t.Helper()
	hub := standby(t, testutil.Object(t, velero.BackupResource, backup("nightly", velero.BackupCompleted)))
	hub.Kube.Resources = append(hub.Kube.Resources,
		&metav1.APIResourceList{GroupVersion: "metal3.io/v1alpha1", APIResources: []metav1.APIResource{{Name: "baremetalhosts"}}})
	stores(t, hub, map[string][]byte{"BackupContents/nightly": testutil.Packed(t,
		object(t, clusterPath+"managed-one", testutil.ManagedCluster("managed-one")),
		object(t, hostPath+"free", host("free", "", "provisioned")), object(t, hostPath+"held", host("held", "its owner", "provisioned")))})
	hub.Dynamic.PrependReactor("create", "restores", func(action clienttesting.Action) (bool, runtime.Object, error) {
		for _, each := range brought {
			each.SetLabels(map[string]string{velero.RestoreNameLabel: "back"})
			if err := hub.Dynamic.Tracker().Create(hostResource, each, each.GetNamespace()); err != nil {
				return true, nil, err
			}
		}
		made := action.(clienttesting.CreateAction).GetObject().(*unstructured.Unstructured)
		return false, nil, unstructured.SetNestedField(made.Object, "Completed", "status", "phase")
	})
	return hub
}

// BareMetalHosts come back only when they are asked for, with their status, and paused until they have it.
func TestBareMetalHosts(t *testing.T) {
	hub := hosts(t, host("free", paused, "provisioned"), host("held", "its owner", "provisioned"))
	r := restorer(hub)
	plan, err := r.Plan(t.Context(), Request{Name: "back"})
	if err != nil || len(plan.LeftOut) != 2 || plan.LeftOut[0].Resource != hostsIn || plan.Settings != nil || r.Restores(plan)[0].Spec.RestoreStatus != nil {
		t.Fatalf("got %+v, %v", plan, err)
	}
	plan, err = r.Plan(t.Context(), Request{Name: "back", BareMetalHosts: true})
	if err != nil || len(plan.LeftOut) != 1 || len(plan.Settings) != 1 {
		t.Fatalf("got %+v, %v", plan, err)
	}
	want := `resourceModifierRules:
- conditions:
    groupResource: baremetalhosts.metal3.io
    namespaces:
    - managed-one
    resourceNameRegex: ^(free)$
  mergePatches:
  - patchData: '{"metadata":{"annotations":{"baremetalhost.metal3.io/paused":"kubectl-acmdr"}}}'
version: v1
`
	if diff := cmp.Diff(want, plan.Settings[0].Data["modifiers.yaml"]); diff != "" {
		t.Error(diff)
	}
	spec := r.Restores(plan)[0].Spec
	if spec.RestoreStatus == nil || !slices.Equal(spec.RestoreStatus.IncludedResources, []string{hostsIn}) || slices.Contains(spec.ExcludedResources, hostsIn) {
		t.Errorf("got %+v", spec)
	}
	if _, err := r.Run(t.Context(), plan); err != nil {
		t.Fatal(err)
	}
	for name, by := range map[string]string{"free": "", "held": "its owner"} {
		got, err := hub.Dynamic.Resource(hostResource).Namespace("managed-one").Get(t.Context(), name, metav1.GetOptions{})
		if err != nil || got.GetAnnotations()[pausedAnnotation] != by {
			t.Errorf("%s: paused by %q, %v", name, got.GetAnnotations()[pausedAnnotation], err)
		}
	}
}

// One that has no status is never let go.
func TestABareMetalHostWithoutItsStatus(t *testing.T) {
	hub := hosts(t, host("free", paused, ""))
	r := restorer(hub)
	plan, err := r.Plan(t.Context(), Request{Name: "back", BareMetalHosts: true})
	if err != nil {
		t.Fatal(err)
	}
	if _, err = r.Run(t.Context(), plan); err == nil || !strings.Contains(err.Error(), "stay paused, or their machines would be installed again: managed-one/free") {
		t.Errorf("got %v", err)
	}
	got, err := hub.Dynamic.Resource(hostResource).Namespace("managed-one").Get(t.Context(), "free", metav1.GetOptions{})
	if err != nil || got.GetAnnotations()[pausedAnnotation] != paused {
		t.Errorf("it was let go: %v, %v", got, err)
	}
}
