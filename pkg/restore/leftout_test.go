package restore

import (
	"testing"

	backups "github.com/acmdr/kubectl-acmdr/pkg/backup"
)

// What backups leave out may be in those of somebody else, such as ACM's, which hold all of some API groups.
func TestWhatBackupsLeaveOutIsNotRestored(t *testing.T) {
	for _, resource := range backups.Refused() {
		if never[resource] == "" {
			t.Errorf("a restore would bring %s", resource)
		}
	}
}

func TestGroupsThatAreNotRestored(t *testing.T) {
	for resource, want := range map[string]bool{
		"managedclusteractions.action.open-cluster-management.io": true, "clustermanagers.operator.open-cluster-management.io": true,
		"policies.policy.open-cluster-management.io": false, "manifestworks.work.open-cluster-management.io": false, "secrets": false,
	} {
		if why, refused := (&Plan{}).refuses(resource); refused != want || refused == (why == "") {
			t.Errorf("%s: got %v, %q", resource, refused, why)
		}
	}
}
