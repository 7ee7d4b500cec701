//go:build e2e

package e2e

import (
	"testing"

	"github.com/acmdr/kubectl-acmdr/test/journey"
)

// How the store keeps a backup is what it answers for one, not what the location asks for; and a fleet comes back from a bucket that
// opens only with the customer's key, over TLS with a CA of its own.
func TestEncryption(t *testing.T) {
	w := world(t, 1, withMinIO)
	on := func(hub string, args ...string) []string { return append(args, "--context", hub) }
	checked := func(t journey.TB, w *journey.World, backup, result, says string) {
		t.Helper()
		w.Acmdr(t, on(journey.OldHub, "backup", backup)...).Exits(0)
		w.Acmdr(t, on(journey.OldHub, "check")...).Row(result, "encryption at rest").Says(says)
	}
	uninstall := func(t journey.TB, w *journey.World, hub string) {
		t.Helper()
		w.Shell.Run(t, "kubectl", "delete", "namespace", "velero", "--context", hub).Exits(0)
	}
	steps := []journey.Step{{Name: "Ignored", Do: func(t journey.TB, w *journey.World) {
		// The plain S3 server does not encrypt, whatever it is asked for.
		w.Acmdr(t, append(w.Install(t, journey.OldHub), "--server-side-encryption", "AES256")...).Exits(0)
		checked(t, w, "believed", "FAIL", "the location asks for AES256, but the store does not say that backup believed is encrypted")
		uninstall(t, w, journey.OldHub)
	}}}
	for _, c := range []struct {
		name, backup, result, says string
		flags                      []string
	}{
		{"None", "plain", "WARN", "the store does not say that backup plain is encrypted", nil},
		{"SSES3", "sse-s3", "PASS", "backup sse-s3 is kept under AES256", []string{"--server-side-encryption", "AES256"}},
		{"SSEKMS", "sse-kms", "PASS", "backup sse-kms is kept under aws:kms with key lab", []string{"--kms-key-id", "lab"}},
	} {
		steps = append(steps, journey.Step{Name: c.name, Do: func(t journey.TB, w *journey.World) {
			w.Acmdr(t, w.InstallMinIO(t, journey.OldHub, "hub", c.flags...)...).Exits(0)
			checked(t, w, c.backup, c.result, c.says)
		}})
	}
	var key, other string
	steps = append(steps,
		journey.Step{Name: "SSEC", Do: func(t journey.TB, w *journey.World) {
			key, other = w.CustomerKey(t, "customer-key"), w.CustomerKey(t, "other-key")
			uninstall(t, w, journey.OldHub)
			w.Acmdr(t, w.InstallMinIO(t, journey.OldHub, "sse-c", "--sse-c-key-file", key)...).Exits(0)
			checked(t, w, "sse-c", "PASS", "backup sse-c is kept under AES256 with the customer's key (SSE-C)")
		}},
		journey.Step{Name: "AnotherKey", Do: func(t journey.TB, w *journey.World) {
			w.Acmdr(t, w.InstallMinIO(t, journey.NewHub, "sse-c", "--sse-c-key-file", other)...).Exits(0)
			before := w.Snapshot(t, journey.NewHub)
			w.Acmdr(t, on(journey.NewHub, "restore", "--timeout", "30s")...).Exits(1).
				OneError("is the customer key of location default the one that they were written with")
			before.Same(t, w.Snapshot(t, journey.NewHub))
		}},
		journey.Step{Name: "Recover", Do: func(t journey.TB, w *journey.World) {
			w.Lab.Kill(t, journey.OldHub)
			w.Acmdr(t, w.InstallMinIO(t, journey.NewHub, "sse-c", "--sse-c-key-file", key)...).Exits(0)
			w.Acmdr(t, on(journey.NewHub, "restore")...).Exits(0).Says("sse-c")
			w.Acmdr(t, on(journey.NewHub, "inspect", "sse-c")...).Exits(0).Row("managed-one", "OK")
			w.Acmdr(t, on(journey.NewHub, "reregister", "managed-one", "--accept")...).Exits(0)
			w.Acmdr(t, on(journey.NewHub, "get", "clusters")...).Exits(0).Row("managed-one", "True", "True", "True")
		}},
	)
	run(t, w, steps)
}
