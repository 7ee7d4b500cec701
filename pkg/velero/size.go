package velero

import (
	"context"
	"errors"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	velerov1 "github.com/vmware-tanzu/velero/pkg/apis/velero/v1"
)

// sized are the files of a backup that Velero hands out and that grow with it. What it keeps beside them, velero-backup.json and
// lists of volumes that these backups do not have, is a few KiB.
var sized = []velerov1.DownloadTargetKind{BackupContents, velerov1.DownloadTargetKindBackupLog, BackupResourceList, BackupResults}

// BackupSize is how many bytes a backup takes in its bucket. Only headers are read: whoever uses the plugin needs no key of the
// object store, and Velero gives nobody a listing of it.
func (d *Downloader) BackupSize(ctx context.Context, backup *Backup) (int64, error) {
	var total atomic.Int64
	group, ctx := errgroup.WithContext(ctx)
	for _, kind := range sized {
		group.Go(func() error {
			file, err := d.Open(ctx, backup.Spec.StorageLocation, kind, backup.Name)
			if _, absent := errors.AsType[*notStoredError](err); absent {
				return nil
			}
			if err != nil {
				return err
			}
			total.Add(max(file.Size, 0))
			return file.Close()
		})
	}
	err := group.Wait()
	return total.Load(), err
}
