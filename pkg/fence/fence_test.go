package fence

import (
	"context"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	validation "k8s.io/apimachinery/pkg/util/validation/field"
	dynamicfake "k8s.io/client-go/dynamic/fake"
	clienttesting "k8s.io/client-go/testing"
	"sigs.k8s.io/yaml"

	"github.com/acmdr/kubectl-acmdr/pkg/ocm"
	"github.com/acmdr/kubectl-acmdr/pkg/velero"
)

// oldHub is a hub of ACM with Hive and Velero, and two clusters.
const oldHub = `
apiVersion: cluster.open-cluster-management.io/v1beta1
kind: BackupSchedule
metadata: {name: acm, namespace: open-cluster-management-backup}
spec: {veleroSchedule: "0 * * * *"}
---
apiVersion: velero.io/v1
kind: Schedule
metadata:
  name: acm-resources
  namespace: open-cluster-management-backup
  ownerReferences: [{apiVersion: cluster.open-cluster-management.io/v1beta1, kind: BackupSchedule, name: acm, uid: u, controller: true}]
spec: {schedule: "0 * * * *", paused: false}
---
apiVersion: velero.io/v1
kind: Schedule
metadata: {name: paused, namespace: velero}
spec: {schedule: "0 * * * *", paused: true}
---
apiVersion: velero.io/v1
kind: BackupStorageLocation
metadata: {name: default, namespace: velero}
spec: {provider: aws}
---
apiVersion: velero.io/v1
kind: BackupStorageLocation
metadata: {name: second, namespace: velero}
spec: {provider: aws, accessMode: ReadWrite}
---
apiVersion: cluster.open-cluster-management.io/v1
kind: ManagedCluster
metadata: {name: one, annotations: {note: mine}}
spec: {hubAcceptsClient: true}
---
apiVersion: cluster.open-cluster-management.io/v1
kind: ManagedCluster
metadata: {name: two}
spec: {hubAcceptsClient: true}
---
apiVersion: hive.openshift.io/v1
kind: ClusterDeployment
metadata: {name: one, namespace: one}
spec: {installed: true, preserveOnDelete: false}
---
apiVersion: hive.openshift.io/v1
kind: ClusterDeployment
metadata: {name: two, namespace: two}
spec: {installed: true, preserveOnDelete: true}
---
apiVersion: work.open-cluster-management.io/v1
kind: ManifestWork
metadata: {name: one-klusterlet, namespace: one}
spec:
  workload:
    manifests:
    - {apiVersion: v1, kind: Namespace, metadata: {name: open-cluster-management-agent}}
    - {apiVersion: v1, kind: Secret, metadata: {name: bootstrap-hub-kubeconfig, namespace: open-cluster-management-agent}}
---
apiVersion: work.open-cluster-management.io/v1
kind: ManifestWork
metadata: {name: one-workload, namespace: one}
spec:
  workload:
    manifests:
    - {apiVersion: v1, kind: Secret, metadata: {name: other, namespace: guestbook}}
---
apiVersion: work.open-cluster-management.io/v1
kind: ManifestWork
metadata: {name: two-klusterlet, namespace: two}
spec:
  manifestConfigs:
  - resourceIdentifier: {resource: secrets, name: bootstrap-hub-kubeconfig, namespace: agent}
    updateStrategy: {type: ServerSideApply, serverSideApply: {force: true}}
    feedbackRules: [{type: WellKnownStatus}]
  - resourceIdentifier: {resource: configmaps, name: other, namespace: agent}
  workload:
    manifests:
    - {apiVersion: v1, kind: Secret, metadata: {name: bootstrap-hub-kubeconfig, namespace: agent}}
`

var lists = map[schema.GroupVersionResource]string{
	ocm.BackupScheduleResource:    "BackupScheduleList",
	velero.ScheduleResource:       "ScheduleList",
	velero.LocationResource:       "BackupStorageLocationList",
	ocm.ManagedClusterResource:    "ManagedClusterList",
	ocm.ClusterDeploymentResource: "ClusterDeploymentList",
	ocm.ManifestWorkResource:      "ManifestWorkList",
}

func newHub(t *testing.T, manifests string) *dynamicfake.FakeDynamicClient {
	t.Helper()
	var objects []runtime.Object
	for document := range strings.SplitSeq(manifests, "---\n") {
		object := &unstructured.Unstructured{}
		if err := yaml.Unmarshal([]byte(document), &object.Object); err != nil {
			t.Fatal(err)
		}
		objects = append(objects, object)
	}
	return dynamicfake.NewSimpleDynamicClientWithCustomListKinds(runtime.NewScheme(), lists, objects...)
}

// planAll is the whole fence, hub first, as the verb makes it.
func planAll(t *testing.T, hub *dynamicfake.FakeDynamicClient, options Options) []Change {
	t.Helper()
	changes, err := PlanHub(t.Context(), hub)
	if err != nil {
		t.Fatal(err)
	}
	for _, cluster := range []string{"one", "two"} {
		more, err := PlanCluster(t.Context(), hub, cluster, options)
		if err != nil {
			t.Fatal(err)
		}
		changes = append(changes, more...)
	}
	return changes
}

func planLift(t *testing.T, hub *dynamicfake.FakeDynamicClient) []Change {
	t.Helper()
	var changes []Change
	for _, cluster := range []string{"one", "two"} {
		more, err := PlanLiftCluster(t.Context(), hub, cluster)
		if err != nil {
			t.Fatal(err)
		}
		changes = append(changes, more...)
	}
	more, err := PlanLiftHub(t.Context(), hub)
	if err != nil {
		t.Fatal(err)
	}
	return append(changes, more...)
}

func applyAll(t *testing.T, hub *dynamicfake.FakeDynamicClient, changes []Change) {
	t.Helper()
	for _, change := range changes {
		if err := Apply(t.Context(), hub, change); err != nil {
			t.Fatal(err)
		}
	}
}

func texts(changes []Change) []string {
	var lines []string
	for _, change := range changes {
		lines = append(lines, change.Object.String()+" "+change.Text)
	}
	return lines
}

// content is all objects of a hub, without what a write leaves behind: an empty map of annotations.
func content(t *testing.T, hub *dynamicfake.FakeDynamicClient) map[string]any {
	t.Helper()
	all := map[string]any{}
	for resource := range lists {
		list, err := hub.Resource(resource).List(t.Context(), metav1.ListOptions{})
		if err != nil {
			t.Fatal(err)
		}
		for i := range list.Items {
			item := &list.Items[i]
			if len(item.GetAnnotations()) == 0 {
				unstructured.RemoveNestedField(item.Object, "metadata", "annotations")
			}
			unstructured.RemoveNestedField(item.Object, "metadata", "resourceVersion")
			all[resource.Resource+"/"+item.GetNamespace()+"/"+item.GetName()] = item.Object
		}
	}
	return all
}

func diff(t *testing.T, got, want map[string]any) {
	t.Helper()
	for name := range want {
		if !equality.Semantic.DeepEqual(got[name], want[name]) {
			t.Errorf("%s is\n%v, want\n%v", name, got[name], want[name])
		}
	}
	if len(got) != len(want) {
		t.Errorf("%d objects, want %d", len(got), len(want))
	}
}

func TestFence(t *testing.T) {
	hub := newHub(t, oldHub)
	changes := planAll(t, hub, Options{Unaccept: true})
	want := []string{
		"backupschedules.cluster.open-cluster-management.io/open-cluster-management-backup/acm spec.paused: true (was <none>)",
		"schedules.velero.io/open-cluster-management-backup/acm-resources spec.paused: true (was false); " +
			"BackupSchedule acm owns it and may set it back",
		"backupstoragelocations.velero.io/velero/default spec.accessMode: ReadOnly (was <none>)",
		"backupstoragelocations.velero.io/velero/second spec.accessMode: ReadOnly (was ReadWrite)",
		"clusterdeployments.hive.openshift.io/one/one spec.preserveOnDelete: true (was false)",
		`managedclusters.cluster.open-cluster-management.io/one import.open-cluster-management.io/disable-auto-import: "" (was <none>)`,
		"manifestworks.work.open-cluster-management.io/one/one-klusterlet bootstrap secret: ReadOnly (was applied to the cluster)",
		"managedclusters.cluster.open-cluster-management.io/one spec.hubAcceptsClient: false (was true)",
		`managedclusters.cluster.open-cluster-management.io/two import.open-cluster-management.io/disable-auto-import: "" (was <none>)`,
		"manifestworks.work.open-cluster-management.io/two/two-klusterlet bootstrap secret: ReadOnly (was applied to the cluster)",
		"managedclusters.cluster.open-cluster-management.io/two spec.hubAcceptsClient: false (was true)",
	}
	if got := texts(changes); !slices.Equal(got, want) {
		t.Errorf("plan is\n%s, want\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if actions := writes(hub); len(actions) > 0 {
		t.Errorf("planning wrote: %v", actions)
	}
	applyAll(t, hub, changes)
	if again := planAll(t, hub, Options{Unaccept: true}); len(again) > 0 {
		t.Errorf("a second run would change %v", texts(again))
	}
	for _, action := range writes(hub) {
		if action != "patch" {
			t.Errorf("wrote by %s", action)
		}
	}
	work, err := hub.Resource(ocm.ManifestWorkResource).Namespace("two").Get(t.Context(), "two-klusterlet", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	configs, _, _ := unstructured.NestedSlice(work.Object, "spec", "manifestConfigs")
	wanted := []any{
		map[string]any{
			"resourceIdentifier": map[string]any{"resource": "secrets", "name": "bootstrap-hub-kubeconfig", "namespace": "agent"},
			"updateStrategy":     map[string]any{"type": "ReadOnly"},
			"feedbackRules":      []any{map[string]any{"type": "WellKnownStatus"}},
		},
		map[string]any{"resourceIdentifier": map[string]any{"resource": "configmaps", "name": "other", "namespace": "agent"}},
	}
	if !equality.Semantic.DeepEqual(configs, wanted) {
		t.Errorf("manifestConfigs are %v, want %v", configs, wanted)
	}
}

func TestLiftPutsBackExactlyWhatFenceChanged(t *testing.T) {
	tests := []struct {
		name    string
		options []Options // one fence after the other
		between func(t *testing.T, hub *dynamicfake.FakeDynamicClient)
		// edit changes what is expected in the end.
		edit func(want map[string]any)
		want []string // lines that the plan of the lift must have
	}{
		{name: "everything", options: []Options{{Unaccept: true}}},
		{name: "a second fence adds to the first", options: []Options{{}, {Unaccept: true}}},
		{
			name: "what somebody changed since is left alone", options: []Options{{}},
			between: func(t *testing.T, hub *dynamicfake.FakeDynamicClient) {
				patch(t, hub, velero.LocationResource, "velero", "default", `{"spec":{"accessMode":"ReadWrite"}}`)
			},
			edit: func(want map[string]any) {
				location := want["backupstoragelocations/velero/default"].(map[string]any)
				location["spec"].(map[string]any)["accessMode"] = "ReadWrite"
			},
			want: []string{"backupstoragelocations.velero.io/velero/default spec.accessMode: left alone, it was changed since"},
		},
		{
			name: "defaults that the API server added go as well", options: []Options{{}},
			between: func(t *testing.T, hub *dynamicfake.FakeDynamicClient) {
				patch(t, hub, ocm.ManifestWorkResource, "one", "one-klusterlet", `{"spec":{"manifestConfigs":[{"feedbackScrapeType":"Poll",
					"resourceIdentifier":{"group":"","resource":"secrets","name":"bootstrap-hub-kubeconfig","namespace":"open-cluster-management-agent"},
					"updateStrategy":{"type":"ReadOnly"}}]}}`)
			},
			edit: func(map[string]any) {},
		},
		{
			name: "a list that somebody added to is left alone", options: []Options{{}},
			between: func(t *testing.T, hub *dynamicfake.FakeDynamicClient) {
				patch(t, hub, ocm.ManifestWorkResource, "one", "one-klusterlet", `{"spec":{"manifestConfigs":[{"resourceIdentifier":{}},{}]}}`)
			},
			edit: func(want map[string]any) {
				spec := want["manifestworks/one/one-klusterlet"].(map[string]any)["spec"].(map[string]any)
				spec["manifestConfigs"] = []any{map[string]any{"resourceIdentifier": map[string]any{}}, map[string]any{}}
			},
		},
		{
			name: "what was like that before is left alone", options: []Options{{}},
			between: func(t *testing.T, hub *dynamicfake.FakeDynamicClient) {
				patch(t, hub, ocm.ManagedClusterResource, "", "two", `{"spec":{"hubAcceptsClient":false}}`)
			},
			edit: func(want map[string]any) {
				want["managedclusters//two"].(map[string]any)["spec"].(map[string]any)["hubAcceptsClient"] = false
			},
		},
		{
			name: "a record that cannot be read is no reason to change anything", options: []Options{{}},
			between: func(t *testing.T, hub *dynamicfake.FakeDynamicClient) {
				patch(t, hub, velero.LocationResource, "velero", "second", `{"metadata":{"annotations":{"acmdr.github.io/fenced":"{"}}}`)
			},
			edit: func(want map[string]any) {
				location := want["backupstoragelocations/velero/second"].(map[string]any)
				location["spec"].(map[string]any)["accessMode"] = "ReadOnly"
				location["metadata"].(map[string]any)["annotations"] = map[string]any{"acmdr.github.io/fenced": "{"}
			},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			hub := newHub(t, oldHub)
			want := content(t, hub)
			for _, options := range test.options {
				applyAll(t, hub, planAll(t, hub, options))
			}
			if equality.Semantic.DeepEqual(content(t, hub), want) {
				t.Fatal("the fence changed nothing")
			}
			if test.between != nil {
				test.between(t, hub)
				test.edit(want)
			}
			lift := planLift(t, hub)
			for _, line := range test.want {
				if !slices.Contains(texts(lift), line) {
					t.Errorf("plan is\n%s, without\n%s", strings.Join(texts(lift), "\n"), line)
				}
			}
			applyAll(t, hub, lift)
			diff(t, content(t, hub), want)
			if again := planLift(t, hub); len(again) > 0 {
				t.Errorf("a second run would change %v", texts(again))
			}
		})
	}
}

func TestPlanClusterLeavesTheOthersAndTheHubAlone(t *testing.T) {
	hub := newHub(t, oldHub)
	changes, err := PlanCluster(t.Context(), hub, "one", Options{})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"clusterdeployments one/one", "managedclusters /one", "manifestworks one/one-klusterlet"}
	var got []string
	for _, change := range changes {
		got = append(got, change.Object.Resource.Resource+" "+change.Object.Namespace+"/"+change.Object.Name)
	}
	if !slices.Equal(got, want) {
		t.Errorf("plan is %v, want %v", got, want)
	}
	if changes, err = PlanCluster(t.Context(), hub, "elsewhere", Options{}); err != nil || len(changes) > 0 {
		t.Errorf("for a cluster that the hub does not know: %v, %v", changes, err)
	}
}

func TestPlanOnAHubWithoutVeleroHiveAndACM(t *testing.T) {
	hub := newHub(t, oldHub)
	for _, resource := range []string{"backupschedules", "schedules", "backupstoragelocations", "clusterdeployments"} {
		hub.PrependReactor("list", resource, func(clienttesting.Action) (bool, runtime.Object, error) {
			return true, nil, apierrors.NewNotFound(schema.GroupResource{Resource: resource}, "")
		})
	}
	if changes := planAll(t, hub, Options{}); len(changes) != 4 {
		t.Errorf("plan is %v", texts(changes))
	}
}

func TestPlanNamesWhatItMayNotRead(t *testing.T) {
	hub := newHub(t, oldHub)
	hub.PrependReactor("list", "schedules", func(clienttesting.Action) (bool, runtime.Object, error) {
		return true, nil, apierrors.NewForbidden(velero.ScheduleResource.GroupResource(), "", errors.New("no"))
	})
	changes, err := PlanHub(t.Context(), hub)
	if err == nil || !strings.Contains(err.Error(), "listing schedules.velero.io on the old hub") {
		t.Errorf("error is %v", err)
	}
	if len(changes) != 3 {
		t.Errorf("what can be read is not planned: %v", texts(changes))
	}
}

func TestApply(t *testing.T) {
	location := func(t *testing.T, hub *dynamicfake.FakeDynamicClient) Change {
		t.Helper()
		changes, err := PlanHub(t.Context(), hub)
		if err != nil {
			t.Fatal(err)
		}
		return changes[slices.IndexFunc(changes, func(c Change) bool { return c.Object.Name == "default" })]
	}
	work := func(t *testing.T, hub *dynamicfake.FakeDynamicClient) Change {
		t.Helper()
		changes, err := PlanCluster(t.Context(), hub, "one", Options{})
		if err != nil {
			t.Fatal(err)
		}
		return changes[len(changes)-1]
	}
	conflict := apierrors.NewConflict(velero.LocationResource.GroupResource(), "default", errors.New("too late"))
	invalid := apierrors.NewInvalid(schema.GroupKind{Kind: "ManifestWork"}, "one-klusterlet",
		validation.ErrorList{validation.NotSupported(validation.NewPath("spec"), "ReadOnly", []string{"Update", "CreateOnly"})})
	tests := []struct {
		name   string
		change func(t *testing.T, hub *dynamicfake.FakeDynamicClient) Change
		before func(t *testing.T, hub *dynamicfake.FakeDynamicClient)
		// fail are the answers to the first writes.
		fail       []error
		wantErr    string
		wantWrites int
	}{
		{name: "one write", change: location, wantWrites: 1},
		{name: "somebody else was faster", change: location, fail: []error{conflict}, wantWrites: 2},
		{
			name: "refused", change: location, fail: []error{apierrors.NewForbidden(velero.LocationResource.GroupResource(), "default", nil)},
			wantErr: "changing backupstoragelocations.velero.io/velero/default on the old hub: ", wantWrites: 1,
		},
		{
			name: "holds by now", change: location, wantWrites: 0,
			before: func(t *testing.T, hub *dynamicfake.FakeDynamicClient) {
				patch(t, hub, velero.LocationResource, "velero", "default", `{"spec":{"accessMode":"ReadOnly"}}`)
			},
		},
		{
			name: "gone by now", change: location, wantWrites: 0,
			before: func(t *testing.T, hub *dynamicfake.FakeDynamicClient) {
				err := hub.Resource(velero.LocationResource).Namespace("velero").Delete(context.Background(), "default", metav1.DeleteOptions{})
				if err != nil {
					t.Fatal(err)
				}
			},
		},
		{
			name: "the hub's version drops the field", change: location, wantWrites: 1,
			wantErr: "did not keep spec.accessMode: its version does not know the field",
			before: func(_ *testing.T, hub *dynamicfake.FakeDynamicClient) {
				hub.PrependReactor("patch", "backupstoragelocations", func(clienttesting.Action) (bool, runtime.Object, error) {
					return true, &unstructured.Unstructured{Object: map[string]any{"metadata": map[string]any{"name": "default"}}}, nil
				})
			},
		},
		{name: "a hub that knows no ReadOnly", change: work, fail: []error{invalid}, wantWrites: 2},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			hub := newHub(t, oldHub)
			change := test.change(t, hub)
			if test.before != nil {
				test.before(t, hub)
			}
			hub.ClearActions()
			hub.PrependReactor("patch", "*", func(clienttesting.Action) (bool, runtime.Object, error) {
				if len(test.fail) == 0 {
					return false, nil, nil
				}
				err := test.fail[0]
				test.fail = test.fail[1:]
				return true, nil, err
			})
			err := Apply(t.Context(), hub, change)
			if test.wantErr == "" && err != nil || test.wantErr != "" && (err == nil || !strings.Contains(err.Error(), test.wantErr)) {
				t.Errorf("error is %v, want %q", err, test.wantErr)
			}
			if got := len(writes(hub)); got != test.wantWrites {
				t.Errorf("%d writes, want %d", got, test.wantWrites)
			}
		})
	}
}

// An older hub gets CreateOnly, which does as well, and a second run finds it done.
func TestCreateOnlyHolds(t *testing.T) {
	hub := newHub(t, oldHub)
	rule := bootstrapStrategy("CreateOnly")
	work, err := hub.Resource(ocm.ManifestWorkResource).Namespace("one").Get(t.Context(), "one-klusterlet", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, change := range rule.appendChange(nil, work, false) {
		if err := Apply(t.Context(), hub, change); err != nil {
			t.Fatal(err)
		}
	}
	changes, err := PlanCluster(t.Context(), hub, "one", Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, change := range changes {
		if change.Object.Resource == ocm.ManifestWorkResource {
			t.Errorf("would change %s", change.Text)
		}
	}
}

// The page says the same as the verb.
func TestAdviceIsInTheDocs(t *testing.T) {
	page, err := os.ReadFile("../../docs/fence.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, advice := range BeforeItComesBack("kubectl acmdr", "--context=hub-dr2 --old-hub-context=hub-dr1") {
		for _, text := range []string{advice.Text, advice.Command} {
			if !strings.Contains(string(page), text) {
				t.Errorf("docs/fence.md does not say %q", text)
			}
		}
	}
}

func writes(hub *dynamicfake.FakeDynamicClient) []string {
	var verbs []string
	for _, action := range hub.Actions() {
		if verb := action.GetVerb(); verb != "get" && verb != "list" {
			verbs = append(verbs, verb)
		}
	}
	return verbs
}

func patch(t *testing.T, hub *dynamicfake.FakeDynamicClient, resource schema.GroupVersionResource, namespace, name, body string) {
	t.Helper()
	_, err := hub.Resource(resource).Namespace(namespace).
		Patch(t.Context(), name, "application/merge-patch+json", []byte(body), metav1.PatchOptions{})
	if err != nil {
		t.Fatal(err)
	}
}
