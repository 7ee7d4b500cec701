//go:build e2e

package e2e

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/acmdr/kubectl-acmdr/test/journey"
)

// The life of backups beside the one of a disaster: of some clusters, by a schedule, and what becomes of old ones.
func TestSchedule(t *testing.T) {
	w := world(t, 2)
	hub := []string{"--context", journey.OldHub}
	acmdr := func(t journey.TB, args ...string) *journey.Result {
		t.Helper()
		return w.Acmdr(t, append(args, hub...)...)
	}
	run(t, w, []journey.Step{
		{Name: "Install", Do: func(t journey.TB, w *journey.World) { w.Acmdr(t, w.Install(t, journey.OldHub)...).Exits(0) }},
		{Name: "OfOneCluster", Do: func(t journey.TB, w *journey.World) {
			acmdr(t, "backup", "of-one", "--clusters", "managed-two").Exits(0).Row("of-one", "Completed", "1")
			holds(t, w, "of-one", "managed-two")
			acmdr(t, "backup", "labelled", "-l", "name=managed-one").Exits(0).Row("labelled", "Completed", "1")
			holds(t, w, "labelled", "managed-one")
			acmdr(t, "backup", "whole").Exits(0).Row("whole", "Completed", "2")
			holds(t, w, "whole", "managed-one", "managed-two")
			acmdr(t, "backup", "of-none", "--clusters", "managed-nine").Exits(1).OneError("not found.*managed-nine")
		}},
		{Name: "SomeClustersAreNotTheNewest", Do: func(t journey.TB, _ *journey.World) {
			acmdr(t, "backup", "newest", "--clusters", "managed-two").Exits(0)
			acmdr(t, "backup", "prune", "--keep", "1", "--dry-run").Exits(0).NeverSays("whole").NeverSays("newest")
		}},
		{Name: "Create", Do: func(t journey.TB, _ *journey.World) {
			create := []string{"schedule", "create", "fleet", "--schedule", "* * * * *", "--ttl", "24h"}
			acmdr(t, append(create, "--dry-run")...).Exits(0).Says("kind: Schedule")
			acmdr(t, "get", "schedules").Exits(0).Says("No schedules found")
			acmdr(t, create...).Exits(0).Row("fleet", "Enabled", "* * * * *")
			acmdr(t, create...).Exits(0).Says("is there already")
			acmdr(t, "schedule", "create", "fleet", "--schedule", "@daily").Exits(1).OneError("with another --schedule")
			acmdr(t, "schedule", "list", "--rpo", "1h").Exits(1).OneError("no schedule has made a good backup")
		}},
		{Name: "Backs", Do: func(t journey.TB, w *journey.World) {
			made := w.Scheduled(t, journey.OldHub, "fleet")
			holds(t, w, made, "managed-one", "managed-two")
			acmdr(t, "schedule", "list", "--rpo", "1h").Exits(0).Says("OK")
			acmdr(t, "get", "schedules", "-o", "wide").Exits(0).Row("fleet", "Enabled")
		}},
		{Name: "PauseAndResume", Do: func(t journey.TB, _ *journey.World) {
			acmdr(t, "schedule", "resume", "fleet").Exits(0).Says("is not paused")
			acmdr(t, "schedule", "pause", "fleet").Exits(0).Row("fleet", "Paused")
			acmdr(t, "schedule", "pause", "fleet").Exits(0).Says("is paused already")
			acmdr(t, "schedule", "resume", "fleet").Exits(0).Row("fleet", "Enabled")
			acmdr(t, "schedule", "pause", "fleet").Exits(0)
		}},
		{Name: "Room", Do: func(t journey.TB, _ *journey.World) {
			acmdr(t, "get", "backups", "whole", "-o", "wide").Exits(0).Says("KiB in 1 backup.")
		}},
		{Name: "Prune", Do: func(t journey.TB, w *journey.World) {
			acmdr(t, "backup", "prune", "--keep", "1").Exits(1).OneError("nothing was deleted.*--yes")
			before := w.Backups(t)
			acmdr(t, "backup", "prune", "--keep", "1", "--dry-run").Exits(0).Says("would be deleted").Row("of-one", "Completed")
			if diff := cmp.Diff(before, w.Backups(t)); diff != "" {
				t.Fatalf("a dry run changed the bucket: %s", diff)
			}
			acmdr(t, "backup", "prune", "--keep", "1", "--yes").Exits(0).Says("deleted")
			left := w.Backups(t)
			for _, gone := range []string{"of-one", "labelled"} {
				if slices.Contains(left, gone) {
					t.Fatalf("backup %s is still in the bucket: %v", gone, left)
				}
			}
			// The newest verified one, and what the schedule made last.
			if !slices.Contains(left, "whole") || len(left) < 2 {
				t.Fatalf("left in the bucket: %v", left)
			}
			acmdr(t, "backup", "prune", "--keep", "1", "--yes").Exits(0)
		}},
		{Name: "Delete", Do: func(t journey.TB, w *journey.World) {
			before := w.Backups(t)
			acmdr(t, "schedule", "delete", "fleet").Exits(0)
			acmdr(t, "schedule", "delete", "fleet").Exits(1).OneError("does not exist")
			if diff := cmp.Diff(before, w.Backups(t)); diff != "" {
				t.Fatalf("deleting a schedule changed the bucket: %s", diff)
			}
		}},
	})
}

// holds checks that a backup in the bucket holds exactly these clusters: no other's ManagedCluster, Namespace or object.
func holds(t journey.TB, w *journey.World, backup string, clusters ...string) {
	t.Helper()
	managed, namespaces, inside := w.Contents(t, backup)
	for what, got := range map[string][]string{"ManagedClusters": managed, "Namespaces": namespaces, "namespaces with objects": inside} {
		if diff := cmp.Diff(clusters, got); diff != "" {
			t.Fatalf("%s of backup %s: %s", what, backup, diff)
		}
	}
}
