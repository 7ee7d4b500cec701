//go:build e2e

package e2e

import (
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/acmdr/kubectl-acmdr/test/journey"
)

// kindOf is a CustomResourceDefinition of a kind that may hold anything.
func kindOf(scope, group, version, kind, plural string) string {
	return strings.NewReplacer("SCOPE", scope, "GROUP", group, "VERSION", version, "KIND", kind, "PLURAL", plural, "SINGULAR", strings.ToLower(kind)).Replace(`
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: PLURAL.GROUP}
spec:
  group: GROUP
  names: {kind: KIND, listKind: KINDList, plural: PLURAL, singular: SINGULAR}
  scope: SCOPE
  versions:
  - name: VERSION
    served: true
    storage: true
    subresources: {status: {}}
    schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}
`)
}

const machines = `
apiVersion: metal3.io/v1alpha1
kind: BareMetalHost
metadata: {name: free, namespace: managed-one}
spec: {online: true}
---
apiVersion: metal3.io/v1alpha1
kind: BareMetalHost
metadata: {name: held, namespace: managed-one, annotations: {baremetalhost.metal3.io/paused: its-owner}}
spec: {online: true}
`

var hostResource = schema.GroupVersionResource{Group: "metal3.io", Version: "v1alpha1", Resource: "baremetalhosts"}

// hasMachines puts machines that are installed onto the old hub.
func hasMachines(t journey.TB, w *journey.World) {
	t.Helper()
	kubectl := func(args ...string) {
		t.Helper()
		w.Shell.Run(t, "kubectl", append(args, "--context", journey.OldHub)...).Exits(0)
	}
	kubectl("create", "-f", w.File(t, "machines.yaml", []byte(machines)))
	for _, name := range []string{"free", "held"} {
		kubectl("patch", "baremetalhost", name, "-n", "managed-one", "--subresource", "status", "--type", "merge",
			"-p", `{"status": {"provisioning": {"state": "provisioned", "ID": "`+name+`"}}}`)
	}
}

// machinesComeBack: not by themselves; with their status, and paused until they have it.
func machinesComeBack(t journey.TB, w *journey.World) {
	t.Helper()
	kubectl := func(hub string, args ...string) *journey.Result {
		t.Helper()
		return w.Shell.Run(t, "kubectl", append(args, "--context", hub)...)
	}
	w.Acmdr(t, "backup", "without-machines", "--context", journey.OldHub).Exits(0).Says("warning: 2 objects of baremetalhosts on this hub, not backed up")
	w.Acmdr(t, "backup", "machines", "--include-baremetalhosts", "--context", journey.OldHub).Exits(0).NeverSays("baremetalhosts")
	w.BackupIs(t, journey.NewHub, "machines", "Completed")
	restore := []string{"restore", "--from-backup", "machines", "--context", journey.NewHub}
	w.Acmdr(t, restore...).Exits(0)
	kubectl(journey.NewHub, "get", "baremetalhosts", "-A").Exits(0).Says("No resources found")

	first := w.FirstSeen(t, journey.NewHub, hostResource, "managed-one", "free")
	w.Acmdr(t, append(restore, "--include-baremetalhosts")...).Exits(0)
	created := first()
	if by := created.GetAnnotations()["baremetalhost.metal3.io/paused"]; by != "kubectl-acmdr" {
		t.Fatalf("it was created paused by %q", by)
	}
	if state, has, _ := unstructured.NestedString(created.Object, "status", "provisioning", "state"); has {
		t.Fatalf("it was created as %s: this test shows nothing", state)
	}
	for name, by := range map[string]string{"free": "", "held": "its-owner"} {
		kubectl(journey.NewHub, "get", "baremetalhost", name, "-n", "managed-one", "-o",
			`jsonpath=[{.status.provisioning.state}][{.status.provisioning.ID}][{.metadata.annotations.baremetalhost\.metal3\.io/paused}]`).Exits(0).
			Says("[provisioned][" + name + "][" + by + "]")
	}
	before := w.Snapshot(t, journey.NewHub)
	w.Acmdr(t, append(restore, "--include-baremetalhosts")...).Exits(0).Says("nothing is changed")
	before.Same(t, w.Snapshot(t, journey.NewHub))
}

// unknownKind: Velero leaves out without a word what came to the hub a moment ago.
func unknownKind(t journey.TB, w *journey.World) {
	t.Helper()
	kubectl := func(args ...string) {
		t.Helper()
		w.Shell.Run(t, "kubectl", append(args, "--context", journey.OldHub)...).Exits(0)
	}
	kubectl("apply", "-f", w.File(t, "widgets.yaml", []byte(kindOf("Namespaced", "example.open-cluster-management.io", "v1", "Widget", "widgets"))))
	kubectl("wait", "--for=condition=Established", "crd/widgets.example.open-cluster-management.io")
	kubectl("create", "-f", w.File(t, "widget.yaml", []byte(
		"{apiVersion: example.open-cluster-management.io/v1, kind: Widget, metadata: {name: widget, namespace: managed-one}}")))
	w.Acmdr(t, "backup", "early", "--context", journey.OldHub).Exits(1).NeverSays("VERIFIED").
		Says("lacks all objects of kinds that came to the hub shortly before it").Says("widgets.example.open-cluster-management.io; back up again then")
}
