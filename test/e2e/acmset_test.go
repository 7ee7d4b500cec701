//go:build e2e

package e2e

import (
	"strings"
	"testing"

	"github.com/acmdr/kubectl-acmdr/test/journey"
)

// acmSyncs is a Restore of ACM's.
const acmSyncs = `
apiVersion: cluster.open-cluster-management.io/v1beta1
kind: Restore
metadata: {name: passive-sync, namespace: velero}
`

// gadgets is a kind of the fleet's, and unreadable makes one of it that Velero cannot read: nobody converts its objects to the
// version that it is asked in.
const gadgets = `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: gadgets.example.open-cluster-management.io}
spec:
  group: example.open-cluster-management.io
  names: {kind: Gadget, listKind: GadgetList, plural: gadgets, singular: gadget}
  scope: Namespaced
  versions:
  - name: v1
    served: true
    storage: true
    schema: &any {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}
  - name: v2
    served: true
    storage: false
    schema: *any
`

const unreadable = `{"spec": {"conversion": {"strategy": "Webhook", "webhook": {
	"conversionReviewVersions": ["v1"], "clientConfig": {"url": "https://127.0.0.1:1/"}
}}}}`

const gadget = `
apiVersion: example.open-cluster-management.io/v1
kind: Gadget
metadata: {name: gadget, namespace: managed-one}
`

// A fleet comes back from the backups that ACM makes by itself, as far as they hold it: its hand-made works are in none of them, and
// no cluster is moved before they are back too.
func TestSetOfACM(t *testing.T) {
	w := world(t, 1)
	const ours, id = "ours", "11111111-acad-4000-8000-000000000000"
	set := ""
	on := func(hub string, args ...string) []string { return append(args, "--context", hub) }
	restored := func(t journey.TB, w *journey.World, args ...string) {
		t.Helper()
		result := w.Acmdr(t, on(journey.NewHub, append([]string{"restore"}, args...)...)...).Exits(0).Row(cluster, "created", "found")
		for _, part := range []string{"credentials", "managed-clusters", "resources", "resources-generic"} {
			member := strings.Replace(set, "acm-", "acm-"+part+"-schedule-", 1)
			result.Row("back-"+part, member, "Completed")
		}
	}
	run(t, w, []journey.Step{
		{Name: "SetUp", Do: func(t journey.TB, w *journey.World) {
			isOpenShift(t, w, id)
			hasGadget(t, w) // before Velero, which looks for new kinds every five minutes
			w.Acmdr(t, w.Install(t, journey.OldHub)...).Exits(0)
			w.Acmdr(t, append(w.Install(t, journey.NewHub), "--read-only")...).Exits(0)
			set = w.ACMBackups(t, journey.OldHub, id)
			partlyFails(t, w, ours)
			w.BackupIs(t, journey.NewHub, ours, "PartiallyFailed")
			w.BackupIs(t, journey.NewHub, strings.Replace(set, "acm-", "acm-resources-schedule-", 1), "Completed")
		}},
		{Name: "IsOneBackup", Do: func(t journey.TB, w *journey.World) {
			w.Acmdr(t, on(journey.NewHub, "get", "backups")...).Exits(0).Row(set, "Completed").NeverSays("acm-credentials-schedule")
			w.Acmdr(t, on(journey.NewHub, "inspect", set)...).Exits(0).Row(cluster, "OK")
			for _, hub := range []string{journey.OldHub, journey.NewHub} {
				w.Acmdr(t, on(hub, "check")...).Says(set+" is ").Row("WARN", "backup's content",
					"1 managed clusters are in "+set+", and none of the workloads: ACM backs up no ManifestWorks")
			}
			w.Lab.Kill(t, journey.OldHub)
			// Both say that they are of one hub, each in its own way.
			w.Acmdr(t, on(journey.NewHub, "restore", "--dry-run", "--accept-partial")...).Exits(0).Says("Reading backup " + ours)
		}},
		{Name: "DryRun", Do: func(t journey.TB, w *journey.World) {
			before := w.Snapshot(t, journey.NewHub)
			w.Acmdr(t, on(journey.NewHub, "restore", "--dry-run")...).Exits(0).Says("Reading backup "+set).Row(cluster, "create")
			w.Acmdr(t, on(journey.NewHub, "restore", "--dry-run", "-o", "jsonpath={.kind} {.backups[*]} {.clusters[*].name}")...).Exits(0).
				Says("RestorePlan acm-credentials-schedule-").Says(" " + cluster)
			before.Same(t, w.Snapshot(t, journey.NewHub))
		}},
		{Name: "ACMRestoresToo", Do: func(t journey.TB, w *journey.World) {
			kubectl := func(args ...string) *journey.Result { return w.Shell.Run(t, "kubectl", on(journey.NewHub, args...)...) }
			kubectl("apply", "-f", w.File(t, "crd.yaml", []byte(kindOf("Namespaced", "cluster.open-cluster-management.io", "v1beta1", "Restore", "restores")))).Exits(0)
			kubectl("wait", "--for=condition=Established", "crd/restores.cluster.open-cluster-management.io").Exits(0)
			kubectl("apply", "-f", w.File(t, "sync.yaml", []byte(acmSyncs))).Exits(0)
			kubectl("patch", "restores.cluster.open-cluster-management.io", "passive-sync", "-n", "velero", "--subresource", "status", "--type", "merge",
				"-p", `{"status": {"phase": "Enabled"}}`).Exits(0)
			before := w.Snapshot(t, journey.NewHub)
			w.Acmdr(t, on(journey.NewHub, "restore")...).Exits(1).OneError("Restore velero/passive-sync of ACM is Enabled.*kubectl --context=" + journey.NewHub + " delete")
			before.Same(t, w.Snapshot(t, journey.NewHub))
			kubectl("delete", "restores.cluster.open-cluster-management.io", "passive-sync", "-n", "velero").Exits(0)
		}},
		{Name: "Restore", Do: func(t journey.TB, w *journey.World) {
			restored(t, w, "--name", "back")
			before := w.Snapshot(t, journey.NewHub)
			w.Acmdr(t, on(journey.NewHub, "restore", "--from-backup", set, "--name", "back")...).Exits(0).Says("nothing is changed")
			before.Same(t, w.Snapshot(t, journey.NewHub))
		}},
		{Name: "WorksAreMissing", Do: func(t journey.TB, w *journey.World) {
			before := w.Snapshot(t, journey.NewHub, cluster)
			w.Acmdr(t, on(journey.NewHub, "reregister", cluster, "--accept")...).Exits(1).Says("the work agent would delete what no ManifestWork of this hub holds")
			before.Same(t, w.Snapshot(t, journey.NewHub, cluster))
		}},
		{Name: "Works", Do: func(t journey.TB, w *journey.World) {
			before := w.Snapshot(t, journey.NewHub)
			w.Acmdr(t, on(journey.NewHub, "restore", "--from-backup", ours)...).Exits(1).OneError("ours is PartiallyFailed.*--accept-partial")
			before.Same(t, w.Snapshot(t, journey.NewHub))
			w.Acmdr(t, on(journey.NewHub, "restore", "--from-backup", ours, "--accept-partial")...).Exits(0).Row(cluster, "exists", "found").
				Says("whole in it: managed-one; lacking objects: none")
			w.Acmdr(t, on(journey.NewHub, "reregister", cluster, "--accept")...).Exits(0)
			w.Acmdr(t, on(journey.NewHub, "get", "clusters")...).Exits(0).Row(cluster, "True", "True", "True")
		}},
	})
}

// isOpenShift gives the old hub the id by which ACM knows it.
func isOpenShift(t journey.TB, w *journey.World, id string) {
	t.Helper()
	kubectl := func(args ...string) *journey.Result {
		return w.Shell.Run(t, "kubectl", append(args, "--context", journey.OldHub)...)
	}
	definition := kindOf("Cluster", "config.openshift.io", "v1", "ClusterVersion", "clusterversions")
	kubectl("apply", "-f", w.File(t, "clusterversions.yaml", []byte(definition))).Exits(0)
	kubectl("wait", "--for=condition=Established", "crd/clusterversions.config.openshift.io").Exits(0)
	kubectl("create", "-f", w.File(t, "clusterversion.yaml", []byte(
		"{apiVersion: config.openshift.io/v1, kind: ClusterVersion, metadata: {name: version}, spec: {clusterID: "+id+"}}"))).Exits(0)
}

// hasGadget puts the kind, and one of it, onto the old hub.
func hasGadget(t journey.TB, w *journey.World) {
	t.Helper()
	kubectl := func(args ...string) *journey.Result {
		return w.Shell.Run(t, "kubectl", append(args, "--context", journey.OldHub)...)
	}
	kubectl("apply", "-f", w.File(t, "gadgets.yaml", []byte(gadgets))).Exits(0)
	kubectl("wait", "--for=condition=Established", "crd/gadgets.example.open-cluster-management.io").Exits(0)
	kubectl("create", "-f", w.File(t, "gadget.yaml", []byte(gadget))).Exits(0)
}

// partlyFails makes a backup of the old hub that is really PartiallyFailed.
func partlyFails(t journey.TB, w *journey.World, name string) {
	t.Helper()
	w.Shell.Run(t, "kubectl", "patch", "crd", "gadgets.example.open-cluster-management.io", "--type", "merge", "-p", unreadable,
		"--context", journey.OldHub).Exits(0)
	w.Acmdr(t, "backup", name, "--context", journey.OldHub).Exits(1).
		Says("error: backup " + name + " is PartiallyFailed: 2× the conversion webhook of the kind Gadget does not answer")
}
