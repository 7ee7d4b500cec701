package velero_test

import (
	"testing"

	"k8s.io/apimachinery/pkg/util/sets"

	"github.com/acmdr/kubectl-acmdr/pkg/velero"
)

// A hub is found by the beginning of any of its ids, that of its kube-system and that of its ClusterVersion.
func TestChooseHub(t *testing.T) {
	ours := acmBackup("ours", "", velero.BackupCompleted)
	ours.Labels = map[string]string{
		velero.ManagedByLabel: velero.ManagedBy, velero.HubLabel: "uid-of-a", velero.ClusterVersionLabel: "version-of-a",
	}
	backups := append(set("20261125040000", "version-of-a", velero.BackupCompleted), ours)
	backups = append(backups, set("20261125050000", "version-of-b", velero.BackupCompleted)...)
	backups = append(backups, set("20261125060000", "this-version", velero.BackupCompleted)...)
	hubs := velero.Hubs(velero.Sources(backups), sets.New("this-uid", "this-version"))
	if len(hubs) != 3 {
		t.Fatalf("%d hubs, want 3", len(hubs))
	}
	for wanted, want := range map[string]string{
		"uid-of-a": "uid-of-a", "version-of-a": "uid-of-a", "version-of-b": "version-of-b", "this": "this-version", "none": "",
	} {
		got := ""
		hub, err := velero.ChooseHub(hubs, wanted)
		if hub != nil {
			got = hub.ID
		}
		if got != want || err != nil {
			t.Errorf("%s: got %q, %v, want %q", wanted, got, err, want)
		}
	}
	for wanted, want := range map[string]string{
		"version-of": "--from-hub version-of is the beginning of several hubs' ids: version-of-b, uid-of-a",
		"": "backups of 2 other hubs are in the bucket; choose one with --from-hub: version-of-b (newest: acm-20261125050000, " +
			"taken 2026-11-25T05:00:00Z), uid-of-a (newest: acm-20261125040000, taken 2026-11-25T04:00:00Z)",
	} {
		if _, err := velero.ChooseHub(hubs, wanted); err == nil || err.Error() != want {
			t.Errorf("%q: got %v, want %s", wanted, err, want)
		}
	}
}
