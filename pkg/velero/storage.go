package velero

import (
	"fmt"

	velerov1 "github.com/vmware-tanzu/velero/pkg/apis/velero/v1"
)

// The parts of a BackupStorageLocation.
type (
	LocationList  = velerov1.BackupStorageLocationList
	ObjectStorage = velerov1.ObjectStorageLocation
	StorageType   = velerov1.StorageType
)

// LocationKind is the kind of a Location, for its TypeMeta.
const LocationKind = "BackupStorageLocation"

// Deployment is the name of Velero's server in its namespace; Velero itself relies on it.
const Deployment = deployment

// DefaultLocation is the name of the location that Velero's server takes when none is marked as the default.
const DefaultLocation = defaultLocation

// ReadWrite is the access mode of a location that says none.
const ReadWrite = string(LocationReadWrite)

// ReadOnly is the access mode of a hub that is not to write to the bucket: a standby until it takes over, or a fenced one. Velero
// makes no backup there and deletes none, neither of its own nor of the other hub's; restores work.
const ReadOnly = string(LocationReadOnly)

// AccessMode is the type of both in a location.
type AccessMode = velerov1.BackupStorageLocationAccessMode

// AccessCommand is the command that gives a location an access mode.
func AccessCommand(namespace, name, mode string) string {
	return fmt.Sprintf(`kubectl patch backupstoragelocation %s -n %s --type merge -p '{"spec":{"accessMode":%q}}'`, name, namespace, mode)
}

// Writable refuses a location that is read-only, and says how this hub takes over.
func Writable(location *Location) error {
	if location.Spec.AccessMode != LocationReadOnly {
		return nil
	}
	return fmt.Errorf("backup storage location %s/%s is read-only: this hub is a standby, or was fenced. When no other hub writes to "+
		"the bucket any more (see 'kubectl acmdr fence'), take over with: %s",
		location.Namespace, location.Name, AccessCommand(location.Namespace, location.Name, ReadWrite))
}
