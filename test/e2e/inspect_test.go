//go:build e2e

package e2e

import (
	"bytes"
	"testing"

	"github.com/acmdr/kubectl-acmdr/test/journey"
)

// Whether a backup is worth something: by its name on the hub that did not make it, as a file without any cluster, beside another one;
// and what somebody did to its bytes is found. check says it of a whole hub.
func TestInspectAndCheck(t *testing.T) {
	w := world(t, 2)
	on := func(hub string, args ...string) []string { return append(args, "--context", hub) }
	run(t, w, []journey.Step{
		{Name: "BackUp", Do: func(t journey.TB, w *journey.World) {
			w.Acmdr(t, on(journey.OldHub, "check")...).Exits(1).Row("FAIL", "velero").Says("it is not installed on this hub")
			w.Acmdr(t, w.Install(t, journey.OldHub)...).Exits(0)
			w.Acmdr(t, w.Install(t, journey.NewHub)...).Exits(0)
			w.Acmdr(t, on(journey.OldHub, "backup", "monday")...).Exits(0)
			w.Shell.Run(t, "kubectl", "label", "managedcluster", "managed-one", "tier=gold", "--context", journey.OldHub).Exits(0)
			w.Acmdr(t, on(journey.OldHub, "backup", "tuesday", "--clusters", "managed-one")...).Exits(0)
			w.BackupIs(t, journey.NewHub, "tuesday", "Completed")
		}},
		{Name: "ByName", Do: func(t journey.TB, w *journey.World) {
			before := w.Snapshot(t, journey.OldHub, journey.NewHub)
			w.Acmdr(t, on(journey.NewHub, "inspect", "monday")...).Exits(0).Row("managed-one", "OK").Row("managed-two", "OK").
				Says("warning: backup monday is of another hub than this one: ")
			w.Acmdr(t, on(journey.NewHub, "inspect", "monday", "-o", "json")...).Exits(0).Says(`"verdict": "OK"`)
			w.Acmdr(t, on(journey.NewHub, "inspect", "monday", "tuesday")...).Exits(0).Row("managed-two").Says("tier")
			w.Acmdr(t, on(journey.NewHub, "inspect", "wednesday")...).Exits(1).OneError("wednesday")
			before.Same(t, w.Snapshot(t, journey.OldHub, journey.NewHub))
		}},
		{Name: "AsAFile", Do: func(t journey.TB, w *journey.World) {
			contents := w.BackupFile(t, "monday", journey.Contents)
			file := w.File(t, "monday.tar.gz", contents)
			alone := w.Shell.With("KUBECONFIG=")
			alone.Run(t, "kubectl", "acmdr", "inspect", "-f", file).Exits(0).Row("managed-one", "OK").Row("managed-two", "OK")
			for name, damaged := range damages(contents) {
				alone.Run(t, "kubectl", "acmdr", "inspect", "-f", w.File(t, name+".tar.gz", damaged)).Exits(1).OneError("damaged|not gzip|truncated|corrupt")
			}
		}},
		{Name: "Check", Do: func(t journey.TB, w *journey.World) {
			before := w.Snapshot(t, journey.OldHub, journey.NewHub, "managed-one", "managed-two")
			w.Acmdr(t, on(journey.OldHub, "check", "--rpo", "1h")...).Exits(0).
				Row("PASS", "velero").Row("PASS", "location").Row("PASS", "newest backup").Row("WARN", "encryption at rest").
				Row("WARN", "schedule").Row("PASS", "permissions").Row("PASS", "works").
				Says("2 of 2 managed clusters can be opened")
			w.Acmdr(t, on(journey.OldHub, "check", "--rpo", "1s", "-o", "json")...).Exits(1).Says(`"FAIL"`).Says("newest backup")
			w.Acmdr(t, on(journey.NewHub, "check")...).Row("PASS", "permissions")
			before.Same(t, w.Snapshot(t, journey.OldHub, journey.NewHub, "managed-one", "managed-two"))
			w.Lab.Kill(t, "managed-two")
			w.Acmdr(t, on(journey.OldHub, "check")...).Exits(1).Row("FAIL", "credentials").Says("managed-two")
		}},
		{Name: "InTheBucket", Do: func(t journey.TB, w *journey.World) {
			contents := w.BackupFile(t, "monday", journey.Contents)
			for name, damaged := range damages(contents) {
				w.CopyBackup(t, "monday", name, func(map[string]any) {}, map[journey.BackupFile][]byte{journey.Contents: damaged})
			}
			swapped := map[journey.BackupFile][]byte{journey.Contents: w.BackupFile(t, "tuesday", journey.Contents)}
			w.CopyBackup(t, "monday", "swapped", func(map[string]any) {}, swapped)
			for _, name := range []string{"cut", "flipped", "swapped"} {
				w.BackupIs(t, journey.NewHub, name, "Completed")
				w.Acmdr(t, on(journey.NewHub, "inspect", name)...).Exits(1).OneError(name + ": .*(damaged|truncated|not what Velero recorded|differ|lists)")
			}
			// One of them is the newest of its time.
			w.Acmdr(t, on(journey.OldHub, "check")...).Exits(1).Row("FAIL", "backup's content").Says("is worth nothing")
		}},
	})
}

// damages are what can befall a tarball: it is cut, or a bit in it is another.
func damages(contents []byte) map[string][]byte {
	flipped := bytes.Clone(contents)
	flipped[len(flipped)/2] ^= 1
	return map[string][]byte{"cut": contents[:len(contents)*2/3], "flipped": flipped}
}
