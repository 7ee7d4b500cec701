package velero

import velerov1 "github.com/vmware-tanzu/velero/pkg/apis/velero/v1"

// BackupEnded tells whether a backup has reached a phase that it will not leave, and whether that is success. Only
// Completed is: PartiallyFailed is a failure.
func BackupEnded(phase velerov1.BackupPhase) (ended, ok bool) {
	switch phase {
	case velerov1.BackupPhaseCompleted:
		return true, true
	case velerov1.BackupPhaseFailed, velerov1.BackupPhaseFailedValidation, velerov1.BackupPhasePartiallyFailed, velerov1.BackupPhaseDeleting:
		return true, false
	}
	return false, false
}

// RestoreEnded is BackupEnded for restores.
func RestoreEnded(phase velerov1.RestorePhase) (ended, ok bool) {
	switch phase {
	case velerov1.RestorePhaseCompleted:
		return true, true
	case velerov1.RestorePhaseFailed, velerov1.RestorePhaseFailedValidation, velerov1.RestorePhasePartiallyFailed:
		return true, false
	}
	return false, false
}
