package velero

import (
	"bytes"
	"time"
)

// Listed tells whether Velero has brought over all backups of a location's bucket: it makes them one by one, in no order, and notes
// the time when it is through (pkg/controller/backup_sync_controller.go). What it noted before the location got its present bucket is
// about another one.
func Listed(location *Location) bool {
	last := location.Status.LastSyncedTime
	return last != nil && last.After(specified(location))
}

// specified is when the spec of a location was last written; zero where nobody keeps account of it.
func specified(location *Location) time.Time {
	var last time.Time
	for _, entry := range location.ManagedFields {
		if entry.Time != nil && entry.FieldsV1 != nil && bytes.Contains(entry.FieldsV1.GetRawBytes(), []byte(`"f:spec"`)) && entry.Time.After(last) {
			last = entry.Time.Time
		}
	}
	return last
}
