//go:build e2e

package e2e

import (
	"testing"
	"time"

	"github.com/acmdr/kubectl-acmdr/pkg/ocm"
	"github.com/acmdr/kubectl-acmdr/test/journey"
)

// What becomes of the workloads of four clusters, on real agents, with grace periods that run at the same time: restored, held,
// let go, and of a cluster that joined by hand. The first is moved by a credential that may hardly do anything.
func TestGuard(t *testing.T) {
	const restored, held, lost, byHand = "managed-one", "managed-two", "managed-three", "managed-four"
	w := world(t, 4)
	for _, cluster := range []string{restored, held, lost} {
		w.Restored(t, cluster, journey.SettingsWork(cluster))
	}
	w.Restored(t, byHand)
	all := []string{journey.OldHub, journey.NewHub, restored, held, lost}
	move := func(cluster string, flags ...string) []string {
		return append([]string{"reregister", cluster, "--accept", "--context", journey.NewHub}, flags...)
	}
	atRisk := func(cluster string) string {
		return "configmaps/default/fleet-settings (work " + journey.SettingsWork(cluster) + ")"
	}
	settings, at := w.Settings(t, restored), time.Time{}
	run(t, w, []journey.Step{
		{Name: "AMissingWorkIsCaught", Do: func(t journey.TB, w *journey.World) {
			before := w.Snapshot(t, all...)
			w.Acmdr(t, "reregister", restored, held, lost, "--accept", "--context", journey.NewHub).Exits(1).
				Failed(restored, "the work agent would delete what no ManifestWork of this hub holds, 60s after it connects to this hub").
				Failed(held, "fleet-settings").Failed(lost, "fleet-settings").
				Says(atRisk(restored)).Says("--hold-eviction").Says("--allow-workload-loss").Says("Deadlines left: none.")
			w.Acmdr(t, move(restored, "--dry-run")...).Exits(1).
				Row(restored, "credential", "Done").Row(restored, "guard", "Failed")
			w.Acmdr(t, move(restored, "--dry-run", "--hold-eviction", "--old-hub-context", journey.OldHub)...).Exits(0).
				Row(restored, "fence", "Planned").Row(restored, "hold", "Planned", "tell the work agent to evict nothing, in the Klusterlet").
				Row(restored, "prepare", "Planned").Row(restored, "mint", "Planned").Row(restored, "switch", "Planned").
				Row(restored, "knock", "Planned").Row(restored, "approve", "Planned").Row(restored, "join", "Planned")
			before.Same(t, w.Snapshot(t, all...))
		}},
		{Name: "HoldEviction", Do: func(t journey.TB, w *journey.World) {
			w.Acmdr(t, move(held, "--hold-eviction")...).Exits(0).Row(held, "Done").
				Says("remove spec.workConfiguration.appliedManifestWorkEvictionGracePeriod of the Klusterlet").
				Says("Deadlines left: " + held + ": evictions are held.")
		}},
		{Name: "AllowWorkloadLoss", Do: func(t journey.TB, w *journey.World) {
			w.Acmdr(t, move(lost, "--allow-workload-loss")...).Exits(0).Row(lost, "Done").
				Says("will be deleted after the eviction grace period: " + atRisk(lost)).
				Says("Deadlines left: " + lost + ": " + atRisk(lost) + " deleted at 20")
			at = time.Now()
		}},
		{Name: "AcceptWhoJoinedByHand", Do: func(t journey.TB, w *journey.World) {
			w.JoinsByHand(t, byHand)
			w.CSR(t, journey.NewHub, byHand)
			w.Acmdr(t, "accept", byHand, "--context", journey.NewHub).Exits(0).Row(byHand, "Done")
			w.Acmdr(t, "get", "clusters", "--context", journey.NewHub).Exits(0).Row(byHand, "True", "True", "True")
		}},
		{Name: "Credentials", Do: func(t journey.TB, w *journey.World) {
			credentials := []string{"get", "credentials", restored, "--context", journey.NewHub}
			w.Acmdr(t, credentials...).Exits(0).Row(restored, "Hive", "system:admin").Says("OK")
			w.BreaksHive(t, restored)
			w.Acmdr(t, credentials...).Exits(1).Says("insecure-skip-tls-verify is not honoured")
			admin := journey.ReadKubeconfig(t, w.Lab.Kubeconfig(restored))
			for _, kept := range []struct{ source, name, key string }{
				{"HyperShift", restored + "-admin-kubeconfig", "kubeconfig"},
				{"ClusterAPI", restored + "-kubeconfig", "value"},
				{"AutoImport", "auto-import-secret", "kubeconfig"},
			} {
				take := w.Keeps(t, journey.NewHub, restored, kept.name, map[string][]byte{kept.key: admin.Encode(t)})
				w.Acmdr(t, credentials...).Exits(0).Row(restored, kept.source, "lab-admin").Says("OK; not usable: Hive admin kubeconfig")
				take()
			}
			token := w.HasManagedServiceAccount(t, restored)
			take := w.Keeps(t, journey.NewHub, restored, "auto-import-secret", map[string][]byte{"token": token, "server": []byte(admin.Server)})
			w.Acmdr(t, credentials...).Exits(0).
				Row(restored, "AutoImport", "system:serviceaccount:open-cluster-management-agent-addon:auto-import-account")
			take()
			w.Acmdr(t, credentials...).Exits(0).
				Row(restored, "ManagedServiceAccount", "system:serviceaccount:open-cluster-management-agent-addon:auto-import-account").
				Says("OK; not usable: Hive admin kubeconfig")
		}},
		{Name: "RolledBackIsTold", Do: func(t journey.TB, w *journey.World) {
			w.Copied(t, restored, ocm.ManifestWorkResource, journey.SettingsWork(restored))
			w.OlderWork(t, restored, "environment", "test")
			file := w.File(t, "admin.kubeconfig", journey.ReadKubeconfig(t, w.Lab.Kubeconfig(restored)).Encode(t))
			w.Acmdr(t, move(restored, "--dry-run", "--managed-kubeconfig", file)...).Exits(0).
				Says("will be changed to what this hub's works hold: configmaps/default/fleet-settings")
		}},
		{Name: "NarrowCredentialMoves", Do: func(t journey.TB, w *journey.World) {
			w.Acmdr(t, move(restored)...).Exits(0).Row(restored, "Done").Says("opened with ManagedServiceAccount").
				Says("not usable: Hive admin kubeconfig").Says("workloads were not checked: the credential may not list AppliedManifestWorks").
				Says("Deadlines left: " + restored + ": the credential may not look")
			w.SettingsAre(t, restored, "environment", "test")
		}},
		{Name: "LostIsLost", Do: func(t journey.TB, w *journey.World) {
			w.Evicted(t, lost)
			t.Logf("deleted %s after the move ended", time.Since(at).Round(time.Second))
		}},
		{Name: "TheOthersSurvive", Do: func(t journey.TB, w *journey.World) {
			w.GraceIsOver(t, held)
			w.GraceIsOver(t, restored)
			if w.Settings(t, held) == "" || w.Settings(t, byHand) == "" {
				t.Fatalf("a workload is gone")
			}
			if now := w.Settings(t, restored); now != settings {
				t.Fatalf("the workload of %s was deleted and made again", restored)
			}
		}},
	})
}
