package velero_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/acmdr/kubectl-acmdr/pkg/velero"
)

func acmBackup(name, hub string, phase velero.BackupPhase) velero.Backup {
	b := velero.Backup{ObjectMeta: metav1.ObjectMeta{
		Namespace: "open-cluster-management-backup", Name: name,
		Labels: map[string]string{"cluster.open-cluster-management.io/backup-cluster": hub},
	}}
	b.Status.Phase = phase
	return b
}

func set(stamp, hub string, phase velero.BackupPhase, schedules ...string) []velero.Backup {
	if len(schedules) == 0 {
		schedules = []string{"managed-clusters", "credentials", "resources", "resources-generic"}
	}
	var backups []velero.Backup
	for _, schedule := range schedules {
		backups = append(backups, acmBackup("acm-"+schedule+"-schedule-"+stamp, hub, phase))
	}
	return backups
}

func TestGenerations(t *testing.T) {
	const done = velero.BackupCompleted
	var backups []velero.Backup
	backups = append(backups, set("20261125040000", "a", done)...)
	// Velero's schedules are not of one second.
	backups = append(backups, set("20261125055959", "a", done, "managed-clusters", "credentials")...)
	backups = append(backups, set("20261125060001", "a", done, "resources", "resources-generic")...)
	// Another hub, at the same time.
	backups = append(backups, set("20261125060000", "b", done)...)
	// One that failed in part, and one that lacks the clusters.
	backups = append(backups, set("20261125080000", "a", velero.BackupPartiallyFailed)...)
	backups = append(backups, set("20261125090000", "a", done, "credentials", "resources", "resources-generic")...)
	backups = append(backups,
		acmBackup("acm-validation-policy-schedule-20261125040000", "a", done),
		acmBackup("acm-restore-clusters-20261125", "a", done),
		acmBackup("nightly", "", done))
	type row struct {
		Name, Hub string
		Phase     velero.BackupPhase
		Members   int
		Missing   []string
	}
	generations, others := velero.Generations(backups)
	var got []row
	for _, g := range generations {
		got = append(got, row{g.Name, g.Hub(), g.Phase(), len(g.Backups), g.Missing})
	}
	want := []row{
		{"acm-20261125090000", "a", velero.BackupPartiallyFailed, 3, []string{"acm-managed-clusters-schedule"}},
		{"acm-20261125080000", "a", velero.BackupPartiallyFailed, 4, nil},
		{"acm-20261125060000", "b", done, 4, nil},
		{"acm-20261125055959", "a", done, 4, nil},
		{"acm-20261125040000", "a", done, 4, nil},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if len(others) != 3 {
		t.Errorf("%d backups are of no set, want 3", len(others))
	}
	if taken := generations[4].Taken(); !taken.Equal(time.Date(2026, 11, 25, 4, 0, 0, 0, time.UTC)) {
		t.Errorf("taken %s", taken)
	}
	var all []string
	for _, g := range velero.Sources(backups) {
		if g.OfACM() != (len(g.Backups) > 1) {
			t.Errorf("%s is a set: %t", g.Name, g.OfACM())
		}
		all = append(all, g.Name)
	}
	if diff := cmp.Diff([]string{
		"acm-20261125090000", "acm-20261125080000", "acm-20261125060000", "acm-20261125055959", "acm-20261125040000",
		"acm-restore-clusters-20261125", "nightly",
	}, all); diff != "" {
		t.Errorf("all: %s", diff)
	}
	for name, want := range map[string]string{
		"acm-20261125040000":                            "acm-20261125040000",
		"acm-resources-generic-schedule-20261125060001": "acm-20261125055959",
		"acm-validation-policy-schedule-20261125040000": "",
		"nightly": "",
	} {
		got := ""
		found, err := velero.FindGeneration(backups, name)
		if found != nil {
			got = found.Name
		}
		if got != want || err != nil {
			t.Errorf("%s means %q, %v, want %q", name, got, err, want)
		}
	}
}

// Two runs within half a minute are two sets: a backup of the same schedule is there already.
func TestGenerationsOfOneMinute(t *testing.T) {
	backups := append(set("20261125040000", "a", velero.BackupCompleted), set("20261125040020", "a", velero.BackupCompleted)...)
	generations, _ := velero.Generations(backups)
	if len(generations) != 2 || len(generations[0].Backups) != 4 || len(generations[1].Backups) != 4 {
		t.Errorf("got %+v", generations)
	}
}

// Two hubs may have been backed up in one second: then only a backup's name says which set is meant.
func TestSetsOfOneName(t *testing.T) {
	const done, first, second = velero.BackupCompleted, "20261125040000", "20261125040001"
	backups := set(first, "a", done, "credentials", "resources")
	backups = append(backups, set(second, "a", done, "managed-clusters", "resources-generic")...)
	backups = append(backups, set(first, "b", done, "managed-clusters", "resources-generic")...)
	backups = append(backups, set(second, "b", done, "credentials", "resources")...)
	for i := range backups {
		backups[i].Spec.StorageLocation = "default"
	}
	found, err := velero.FindGeneration(backups, "acm-"+first)
	want := "2 sets are called acm-20261125040000: name a backup of the one that is meant, such as " +
		"acm-credentials-schedule-20261125040000 (hub a, location default) or acm-credentials-schedule-20261125040001 (hub b, location default)"
	if found != nil || err == nil || err.Error() != want {
		t.Errorf("got %v, %v, want %s", found, err, want)
	}
	for name, hub := range map[string]string{"acm-resources-schedule-" + first: "a", "acm-resources-schedule-" + second: "b"} {
		if found, err := velero.FindGeneration(backups, name); err != nil || found.Hub() != hub || len(found.Backups) != 4 {
			t.Errorf("%s: got %+v, %v, want that of hub %s", name, found, err, hub)
		}
	}
}
