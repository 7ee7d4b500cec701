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
