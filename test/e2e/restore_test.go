//go:build e2e

package e2e

import (
	"strings"
	"testing"
	"time"

	"github.com/acmdr/kubectl-acmdr/test/journey"
)

// stranger is a hub of which TestRestore knows nothing but that it wrote to the bucket.
const stranger = "00000000-dead-4000-8000-000000000000"

// oldHubsConfig leads agents to the old hub.
const oldHubsConfig = `
apiVersion: config.open-cluster-management.io/v1alpha1
kind: KlusterletConfig
metadata: {name: global}
spec: {hubKubeAPIServerURL: "https://api.old.example.com:6443", nodePlacement: {nodeSelector: {infra: "true"}}}
`

// What a restore takes, of what, and what it leaves alone: one lab whose bucket holds backups of every kind.
func TestRestore(t *testing.T) {
	w := world(t, 2)
	kubectl := func(t journey.TB, args ...string) *journey.Result { return w.Shell.Run(t, "kubectl", args...) }
	restore := func(t journey.TB, args ...string) *journey.Result {
		return w.Acmdr(t, append([]string{"restore", "--context", journey.NewHub}, args...)...)
	}
	hub := ""
	run(t, w, []journey.Step{
		{Name: "SetUp", Do: func(t journey.TB, w *journey.World) {
			for _, name := range []string{journey.OldHub, journey.NewHub} {
				for _, kind := range []string{
					kindOf("Cluster", "config.open-cluster-management.io", "v1alpha1", "KlusterletConfig", "klusterletconfigs"),
					kindOf("Namespaced", "metal3.io", "v1alpha1", "BareMetalHost", "baremetalhosts"),
				} {
					kubectl(t, "apply", "--context", name, "-f", w.File(t, "crd.yaml", []byte(kind))).Exits(0)
				}
			}
			w.Acmdr(t, w.Install(t, journey.OldHub)...).Exits(0)
			w.Acmdr(t, append(w.Install(t, journey.NewHub), "--read-only")...).Exits(0).Says("ReadOnly")
			kubectl(t, "apply", "--context", journey.OldHub, "-f", w.File(t, "config.yaml", []byte(oldHubsConfig))).Exits(0)
			for _, annotation := range []string{
				"open-cluster-management.io/automatically-accepted-on=2026-01-01T00:00:00Z",
				"import.open-cluster-management.io/disable-auto-import=", "example.com/owner=somebody",
			} {
				kubectl(t, "annotate", "managedcluster", "managed-one", annotation, "--context", journey.OldHub).Exits(0)
			}
			kubectl(t, "annotate", "manifestworks", "--all", "-n", "managed-one", "velero.io/restore-status=true", "--context", journey.OldHub).Exits(0)
			w.Acmdr(t, "backup", good, "--context", journey.OldHub).Exits(0)
			hub = kubectl(t, "get", "ns", "kube-system", "-o", "jsonpath={.metadata.uid}", "--context", journey.OldHub).Exits(0).Stdout
			fillBucket(t, w)
		}},
		{Name: "WrongHub", Do: func(t journey.TB, _ *journey.World) {
			restore(t, "--dry-run").Exits(1).OneError("backups of 2 other hubs are in the bucket; choose one with --from-hub: .*" + stranger + ` \(newest: strange`)
		}},
		{Name: "DryRun", Do: func(t journey.TB, w *journey.World) {
			before := w.Snapshot(t, journey.OldHub, journey.NewHub)
			restore(t, "--dry-run", "--from-hub", hub[:13]).Exits(0).Says("Backup cut is not used: the backup's contents are damaged").
				Says("Reading backup good").Row("managed-one", "create").Row("managed-two", "create").
				Says("KlusterletConfigs that say where the old hub is").Says("global")
			restore(t, "--dry-run", "--from-hub", hub, "--at", "1h ago").Exits(0).Says("Reading backup older")
			before.Same(t, w.Snapshot(t, journey.OldHub, journey.NewHub))
		}},
		{Name: "Partial", Do: func(t journey.TB, _ *journey.World) {
			restore(t, "--from-backup", "half", "--dry-run").Exits(1).OneError("half is PartiallyFailed.*--accept-partial")
			restore(t, "--from-backup", "half", "--dry-run", "--accept-partial").Exits(0).
				Says("2× the hub's API server did not answer in time").Says("whole in it: managed-one; lacking objects: managed-two (2)")
		}},
		{Name: "AllReasonsAtOnce", Do: func(t journey.TB, w *journey.World) { refused(t, w, restore) }},
		{Name: "Subset", Do: func(t journey.TB, w *journey.World) {
			restore(t, "managed-nine", "--from-backup", good).Exits(1).OneError("not found in backup good: managed-nine")
			restore(t, "managed-two", "--from-backup", good).Exits(0).Row(good+"-"+stamp(t, w), good, "Completed").
				Row("managed-two", "created", "found")
			for _, kind := range []string{"managedcluster", "namespace"} {
				kubectl(t, "get", kind, "managed-one", "--context", journey.NewHub).Exits(1).Says("NotFound")
			}
			kubectl(t, "get", "manifestworks", "-n", "managed-two", "-o", "name", "--context", journey.NewHub).Exits(0).Says("manifestwork")
		}},
		{Name: "All", Do: func(t journey.TB, _ *journey.World) {
			restore(t, "--from-backup", good, "--dry-run").Exits(0).Row("managed-one", "create").Row("managed-two", "exists", "0", "0")
			restore(t, "--from-backup", good).Exits(0).Row("managed-one", "created", "found").Row("managed-two", "exists", "found").Says("harmless: ")
		}},
		{Name: "NothingLies", Do: nothingLies},
		{Name: "TwiceChangesNothing", Do: func(t journey.TB, w *journey.World) {
			before := w.Snapshot(t, journey.NewHub)
			restore(t, "--from-backup", good).Exits(0).Says("nothing is changed")
			restore(t, "managed-two", "--from-backup", good).Exits(0).Says("nothing is changed")
			before.Same(t, w.Snapshot(t, journey.NewHub))
		}},
		{Name: "AgainByAnotherName", Do: func(t journey.TB, _ *journey.World) {
			credential := []string{"secret", "-n", "managed-one", "-l", "hive.openshift.io/secret-type=kubeconfig", "--context", journey.NewHub}
			kubectl(t, append([]string{"delete"}, credential...)...).Exits(0)
			restore(t, "--from-backup", good).Exits(0).Says("nothing is changed").Says("give the new restore a --name")
			restore(t, "--from-backup", good, "--name", "again").Exits(0).Row("again", good, "Completed").Row("managed-one", "exists", "found")
			kubectl(t, append([]string{"get"}, credential...)...).Exits(0).Says("kubeconfig")
		}},
		{Name: "Update", Do: func(t journey.TB, w *journey.World) {
			kubectl(t, "label", "managedcluster", "managed-one", "environment=other", "here=yes", "--overwrite", "--context", journey.NewHub).Exits(0)
			secret := strings.TrimSpace(kubectl(t, "get", "secret", "-n", "managed-one", "-l", "hive.openshift.io/secret-type=kubeconfig",
				"-o", "name", "--context", journey.NewHub).Exits(0).Stdout)
			kubeconfig := []string{"get", secret, "-n", "managed-one", "-o", "jsonpath={.data.kubeconfig}", "--context", journey.NewHub}
			original := kubectl(t, kubeconfig...).Exits(0).Stdout
			kubectl(t, "patch", secret, "-n", "managed-one", "--type", "merge", "-p", `{"data":{"kubeconfig":""}}`, "--context", journey.NewHub).Exits(0)
			update := []string{"managed-one", "--from-backup", good, "--existing=update"}
			restore(t, "managed-one", "--from-backup", good, "--dry-run").Exits(0).Row("managed-one", "exists", "0", "0")
			restore(t, append(update, "--dry-run")...).Exits(0).Row("managed-one", "update", "0", "1")
			restore(t, update...).Exits(0).Row("managed-one", "updated", "found")
			kubectl(t, "get", "managedcluster", "managed-one", "-L", "environment", "-L", "here", "--context", journey.NewHub).Exits(0).Says("yes").NeverSays("other")
			kubectl(t, kubeconfig...).Exits(0).Says(original)
			before := w.Snapshot(t, journey.NewHub)
			restore(t, update...).Exits(0).Says("nothing is changed")
			before.Same(t, w.Snapshot(t, journey.NewHub))
		}},
		{Name: "TakeOver", Do: func(t journey.TB, w *journey.World) {
			w.Acmdr(t, "backup", "own", "--context", journey.NewHub).Exits(1).OneError("is read-only: this hub is a standby.*kubectl --context=" + journey.NewHub + " patch backupstoragelocation default")
			w.Acmdr(t, w.Install(t, journey.NewHub)...).Exits(0).Says("ReadOnly")
			w.Acmdr(t, append(w.Install(t, journey.NewHub), "--read-only=false")...).Exits(0).Says("ReadWrite")
			w.Acmdr(t, "backup", "own", "--context", journey.NewHub).Exits(0)
			// This hub's own backup is the newest of all, and yet not what was lost.
			restore(t, "--dry-run", "--from-hub", hub).Exits(0).Says("Backup good was restored onto this hub already")
		}},
		{Name: "Machines", Do: func(t journey.TB, w *journey.World) {
			hasMachines(t, w)
			machinesComeBack(t, w)
		}},
		{Name: "UnknownKind", Do: unknownKind},
	})
}

// fillBucket adds backups of good as it might have been: older, damaged, in part, of another hub.
func fillBucket(t journey.TB, w *journey.World) {
	t.Helper()
	taken := func(ago time.Duration) func(map[string]any) {
		return func(backup map[string]any) {
			backup["status"].(map[string]any)["startTimestamp"] = time.Now().Add(-ago).UTC().Format(time.RFC3339)
		}
	}
	w.CopyBackup(t, good, "older", taken(2*time.Hour), nil)
	w.CopyBackup(t, good, "cut", taken(-time.Second), map[journey.BackupFile][]byte{journey.Contents: []byte("\x1f\x8b cut")})
	w.CopyBackup(t, good, "strange", func(backup map[string]any) {
		backup["metadata"].(map[string]any)["labels"].(map[string]any)["acmdr.github.io/hub-uid"] = stranger
	}, nil)
	w.CopyBackup(t, good, "half", func(backup map[string]any) {
		status := backup["status"].(map[string]any)
		status["phase"], status["errors"] = "PartiallyFailed", 2
	}, map[journey.BackupFile][]byte{journey.Problems: journey.Gzip(t, map[string]any{"errors": map[string]any{"namespaces": map[string]any{
		"managed-two": []string{"etcdserver: request timed out", "etcdserver: leader changed"},
	}}})})
	for name, phase := range map[string]string{good: "Completed", "older": "Completed", "cut": "Completed", "strange": "Completed", "half": "PartiallyFailed"} {
		w.BackupIs(t, journey.NewHub, name, phase)
	}
}

// stamp is the time in the name of the newest Restore of a hub; restores of a test are made one after another.
func stamp(t journey.TB, w *journey.World) string {
	t.Helper()
	name := w.Shell.Run(t, "kubectl", "get", "restores", "-n", "velero", "--sort-by", "metadata.creationTimestamp",
		"-o", "jsonpath={.items[-1:].metadata.name}", "--context", journey.NewHub).Exits(0).Stdout
	return strings.TrimPrefix(name, good+"-")
}

// refused lets several things stand against a restore, which names all of them and changes nothing.
func refused(t journey.TB, w *journey.World, restore func(journey.TB, ...string) *journey.Result) {
	t.Helper()
	kubectl := func(args ...string) *journey.Result {
		return w.Shell.Run(t, "kubectl", append(args, "--context", journey.NewHub)...)
	}
	kubectl("create", "namespace", "managed-two").Exits(0)
	kubectl("create", "configmap", "stays", "-n", "managed-two").Exits(0)
	kubectl("patch", "configmap", "stays", "-n", "managed-two", "--type", "merge", "-p", `{"metadata":{"finalizers":["example.com/stays"]}}`).Exits(0)
	kubectl("delete", "namespace", "managed-two", "--wait=false").Exits(0)
	theirs := w.File(t, "theirs.yaml", []byte(`{"apiVersion": "velero.io/v1", "kind": "Restore", "metadata": {"name": "theirs", "namespace": "velero"},
		"spec": {"backupName": "good", "hooks": {}}, "status": {"phase": "InProgress"}}`))
	kubectl("create", "-f", theirs).Exits(0)
	before := w.Snapshot(t, journey.NewHub)
	restore(t, "--from-backup", good).Exits(1).
		OneError("other restores: restore theirs of backup good is InProgress.*namespaces: managed-two is being deleted on this hub")
	restore(t, "managed-one", "--dry-run", "--from-backup", good).Exits(1).OneError("^error: other restores: [^;]*$")
	before.Same(t, w.Snapshot(t, journey.NewHub))
	kubectl("patch", "configmap", "stays", "-n", "managed-two", "--type", "merge", "-p", `{"metadata":{"finalizers":null}}`).Exits(0)
	kubectl("wait", "--for=delete", "namespace/managed-two", "--timeout=60s").Exits(0)
	kubectl("delete", "restore", "theirs", "-n", "velero", "--wait=false").Exits(0)
	kubectl("patch", "restore", "theirs", "-n", "velero", "--type", "merge", "-p", `{"metadata":{"finalizers":null}}`)
}

// nothingLies looks for what a restore brings that is not true of the hub it is brought to.
func nothingLies(t journey.TB, w *journey.World) {
	t.Helper()
	get := func(args ...string) *journey.Result {
		return w.Shell.Run(t, "kubectl", append(append([]string{"get"}, args...), "--context", journey.NewHub)...).Exits(0)
	}
	get("managedcluster", "managed-one", "-o", "jsonpath={.metadata.annotations}").Says("somebody").
		NeverSays("automatically-accepted-on").NeverSays("disable-auto-import")
	get("managedcluster", "managed-one", "-o", `jsonpath={.status.conditions[?(@.type=="ManagedClusterConditionAvailable")].status}`).NeverSays("True")
	// Their agent has not been here, so nothing can have been applied for this hub.
	get("manifestworks", "-n", "managed-one", "-o", "jsonpath={.items[*].metadata.annotations}{.items[*].status.conditions}").
		NeverSays("Applied").NeverSays("restore-status")
	get("clusterdeployments", "-n", "managed-one", "-o", "jsonpath={.items[*].metadata.finalizers}").NeverSays("hive.openshift.io")
	get("klusterletconfig", "global", "-o", "jsonpath={.spec}").Says("infra").NeverSays("old.example.com")
	get("secrets", "-n", "managed-one", "-o", "name").NeverSays("managed-one-import")
	get("namespace", "managed-one", "-o", "jsonpath={.metadata.labels}").Says("cluster.open-cluster-management.io/managedCluster")
}
