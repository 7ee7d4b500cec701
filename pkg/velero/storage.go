package velero

import velerov1 "github.com/vmware-tanzu/velero/pkg/apis/velero/v1"

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
