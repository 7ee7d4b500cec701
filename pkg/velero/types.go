package velero

import (
	velerov1 "github.com/vmware-tanzu/velero/pkg/apis/velero/v1"
)

// Velero's types under the names that the rest of the plugin uses: only this package imports Velero.
type (
	Backup         = velerov1.Backup
	BackupList     = velerov1.BackupList
	BackupSpec     = velerov1.BackupSpec
	BackupPhase    = velerov1.BackupPhase
	BackupProgress = velerov1.BackupProgress
	Restore        = velerov1.Restore
	RestoreList    = velerov1.RestoreList
	RestoreSpec    = velerov1.RestoreSpec
	// RestoreStatusSpec names the kinds that are restored with their status.
	RestoreStatusSpec = velerov1.RestoreStatusSpec
	RestorePhase      = velerov1.RestorePhase
	Location          = velerov1.BackupStorageLocation
	Schedule          = velerov1.Schedule
	ScheduleList      = velerov1.ScheduleList
)

// The phases that the plugin names; BackupEnded and RestoreEnded know the others.
const (
	BackupCompleted         = velerov1.BackupPhaseCompleted
	BackupPartiallyFailed   = velerov1.BackupPhasePartiallyFailed
	BackupFailedValidation  = velerov1.BackupPhaseFailedValidation
	BackupFailed            = velerov1.BackupPhaseFailed
	BackupDeleting          = velerov1.BackupPhaseDeleting
	BackupInProgress        = velerov1.BackupPhaseInProgress
	backupReadyToStart      = velerov1.BackupPhaseReadyToStart
	RestoreCompleted        = velerov1.RestorePhaseCompleted
	RestorePartiallyFailed  = velerov1.RestorePhasePartiallyFailed
	RestoreFailedValidation = velerov1.RestorePhaseFailedValidation
	RestoreFailed           = velerov1.RestorePhaseFailed
	RestoreInProgress       = velerov1.RestorePhaseInProgress
	LocationAvailable       = velerov1.BackupStorageLocationPhaseAvailable
	LocationReadWrite       = velerov1.BackupStorageLocationAccessModeReadWrite
	LocationReadOnly        = velerov1.BackupStorageLocationAccessModeReadOnly
	KeepExisting            = velerov1.PolicyTypeNone
	UpdateExisting          = velerov1.PolicyTypeUpdate
	RestoreNameLabel        = velerov1.RestoreNameLabel
	ScheduleLabel           = velerov1.ScheduleNameLabel

	ScheduleEnabled          = velerov1.SchedulePhaseEnabled
	ScheduleFailedValidation = velerov1.SchedulePhaseFailedValidation
)

// Kind is the kind of a Velero object, for its TypeMeta.
const (
	BackupKind   = "Backup"
	RestoreKind  = "Restore"
	ScheduleKind = "Schedule"
)

// APIVersion is the group and version of all of them.
var APIVersion = velerov1.SchemeGroupVersion.String()

// What the plugin puts on the objects that it makes. Velero carries labels and annotations of a Backup to every hub that
// sees the bucket.
const (
	// ManagedByLabel with the value ManagedBy marks an object as the plugin's.
	ManagedByLabel = "app.kubernetes.io/managed-by"
	ManagedBy      = "kubectl-acmdr"
	// HubLabel is the UID of the kube-system namespace of the hub that was backed up, or restored onto.
	HubLabel = "acmdr.github.io/hub-uid"
	// ClusterVersionLabel is the id of that hub's ClusterVersion, by which ACM names it; there is none where it is not OpenShift.
	ClusterVersionLabel = "acmdr.github.io/hub-cluster-version"
	// ClustersAnnotation is the number of managed clusters that a backup was made for.
	ClustersAnnotation = "acmdr.github.io/managed-clusters"
	// SelectedLabel with the value true is on a Backup of some clusters only: no restore of a whole fleet may take it for the
	// newest backup.
	SelectedLabel = "acmdr.github.io/selected-clusters"
	// SoftwareAnnotation is what was installed on the hub that a backup was made of, as JSON: versions by name. That of a Schedule goes
	// onto each of its backups.
	SoftwareAnnotation = "acmdr.github.io/software"
	// ChoiceAnnotation is on a Restore of less than everything, or that changes what is there: a sum of what was asked for.
	ChoiceAnnotation = "acmdr.github.io/choice"
	// RestoreStatusAnnotation is Velero's own, on an object whose status it shall restore (pkg/restore/restore.go).
	RestoreStatusAnnotation = "velero.io/restore-status"
	// FinishedAnnotation is on a Backup that was verified, and on a Restore after which all else that the verb does was done.
	FinishedAnnotation = "acmdr.github.io/finished"
	// WholeAnnotation is, on a Backup that was verified, how many managed clusters could be brought back by it alone.
	WholeAnnotation = "acmdr.github.io/whole-clusters"
	// NudgedAnnotation is when a Backup was changed for no other reason than to have Velero look at it.
	NudgedAnnotation = "acmdr.github.io/nudged"
	// PartialAnnotation is on a Restore that leaves out clusters whose ManagedCluster could not be made.
	PartialAnnotation = "acmdr.github.io/partial"
)

// Made tells whether the plugin made the object with these labels.
func Made(labels map[string]string) bool { return labels[ManagedByLabel] == ManagedBy }

// Selected tells whether a backup with these labels was made of some clusters only.
func Selected(labels map[string]string) bool { return labels[SelectedLabel] == "true" }

// Progress is how far Velero has come with a backup or a restore.
type Progress struct {
	// Phase is Velero's word for where it is; empty before it looked at the object.
	Phase string
	// Done of Total items; Total is 0 until Velero has counted them.
	Done, Total int
}
