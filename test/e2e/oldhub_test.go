//go:build e2e

package e2e

import (
	"os"
	"testing"
	"time"

	"github.com/acmdr/kubectl-acmdr/test/journey"
)

// What an old hub that is alive, dead, or comes back does to a cluster that has left it, and the way back to it.
func TestOldHub(t *testing.T) {
	const cluster = "managed-one"
	w := world(t, 1)
	w.Restored(t, cluster)
	w.AppliesBootstrap(t, cluster)
	original := w.Bootstrap(t, cluster)
	move := []string{"reregister", cluster, "--accept", "--context", journey.NewHub}
	both := []string{"--context", journey.NewHub, "--old-hub-context", journey.OldHub}
	fenced := append([]string{"reregister", cluster, "--accept"}, both...)
	undo := append([]string{"undo", cluster}, both...)
	run(t, w, []journey.Step{
		{Name: "NothingToUndo", Do: func(t journey.TB, w *journey.World) {
			w.Acmdr(t, undo...).Exits(1).Failed(cluster, "keeps no previous bootstrap kubeconfig")
		}},
		{Name: "RevertedWithoutFence", Do: func(t journey.TB, w *journey.World) {
			w.ReappliedOnSwitch(t, cluster, move...).Exits(1).Failed(cluster, "the old hub took the cluster back").Says("--old-hub-context")
			w.HasBootstrap(t, cluster, original)
		}},
		{Name: "HoldsWithFence", Do: func(t journey.TB, w *journey.World) {
			w.ReappliedOnSwitch(t, cluster, fenced...).Exits(0).Row(cluster, "Done")
			w.Stays(t, cluster, holdFor())
		}},
		{Name: "Undo", Do: func(t journey.TB, w *journey.World) {
			before := w.Snapshot(t, journey.OldHub, journey.NewHub, cluster)
			w.Acmdr(t, append(undo, "--dry-run")...).Exits(0).Row(cluster, "put-back", "Planned")
			before.Same(t, w.Snapshot(t, journey.OldHub, journey.NewHub, cluster))
			w.Acmdr(t, undo...).Exits(0).Row(cluster, "Done")
			w.HasBootstrap(t, cluster, original)
			w.Acmdr(t, "get", "clusters", "--context", journey.OldHub).Exits(0).Row(cluster, "True", "True", "True")
			w.Acmdr(t, undo...).Exits(0).Row(cluster, "Skipped")
		}},
		{Name: "UndoOnFailure", Do: func(t journey.TB, w *journey.World) {
			const signer = "kube-controller-manager"
			w.Lab.Kill(t, journey.NewHub, signer)
			w.Acmdr(t, append(fenced, "--undo-on-failure", "--timeout", "20s")...).Exits(1).Failed(cluster, "put back: it is at its old hub again")
			w.HasBootstrap(t, cluster, original)
			w.Lab.Start(t, journey.NewHub, signer)
		}},
		{Name: "FenceAndLift", Do: func(t journey.TB, w *journey.World) {
			w.Acmdr(t, w.Install(t, journey.OldHub)...).Exits(0)
			before := w.Snapshot(t, journey.OldHub)
			fence := append([]string{"fence"}, both...)
			w.Acmdr(t, append(fence, "--dry-run")...).Exits(0).Says("would be made")
			before.Same(t, w.Snapshot(t, journey.OldHub))
			w.Acmdr(t, fence...).Exits(0).Row("backupstoragelocations.velero.io/velero/default", "spec.accessMode: ReadOnly (was <none>)")
			w.Acmdr(t, fence...).Exits(0).Says("Nothing to change")
			w.Acmdr(t, append(fence, "--lift")...).Exits(0)
			before.Same(t, w.Snapshot(t, journey.OldHub))
			// The hub's own controllers take the agent's rights away, too, and give them back.
			w.Acmdr(t, append(fence, "--unaccept")...).Exits(0).
				Row("managedclusters.cluster.open-cluster-management.io/"+cluster, "spec.hubAcceptsClient: false (was true)")
			w.Acmdr(t, "get", "clusters", "--context", journey.OldHub).Exits(0).Row(cluster, "False")
			w.Acmdr(t, append(fence, "--lift")...).Exits(0).Says("5 changes made")
			w.Acmdr(t, "get", "clusters", "--context", journey.OldHub).Exits(0).Row(cluster, "True")
			w.Acmdr(t, "fence", "--context", journey.OldHub, "--old-hub-context", journey.OldHub).Exits(1).OneError("the same cluster")
		}},
		{Name: "DeadHub", Do: func(t journey.TB, w *journey.World) {
			w.Acmdr(t, fenced...).Exits(0)
			w.Lab.Kill(t, journey.OldHub)
			w.Acmdr(t, append([]string{"fence"}, both...)...).Exits(1).Says("Before the old hub comes back:").
				Says("kubectl acmdr fence --context=" + journey.NewHub + " --old-hub-context=" + journey.OldHub + " --unaccept").
				OneError("nothing is fenced: old hub: cannot reach")
			w.Acmdr(t, append([]string{"status"}, both...)...).Exits(0).Says("Unreachable")
		}},
		{Name: "ComesBack", Do: func(t journey.TB, w *journey.World) {
			before := w.Snapshot(t, journey.NewHub, cluster)
			w.Lab.Start(t, journey.OldHub)
			w.Stays(t, cluster, 30*time.Second)
			before.Same(t, w.Snapshot(t, journey.NewHub, cluster))
			w.Acmdr(t, append([]string{"status"}, both...)...).Exits(0).Row("claimed", cluster, "AtThis")
			w.Acmdr(t, "status", "--context", journey.OldHub, "--old-hub-context", journey.NewHub).Exits(0).Row("claimed", cluster, "AtOther")
		}},
	})
}

// holdFor is how long a fenced move is watched: longer than the work agent takes to apply all works again by itself in the long
// suite, and while it is made to in the short one.
func holdFor() time.Duration {
	const short, long = 20 * time.Second, 10 * time.Minute
	if os.Getenv("E2E_LONG") != "" {
		return long
	}
	return short
}
