package inspect

import (
	"context"

	"github.com/acmdr/kubectl-acmdr/pkg/velero"
)

// Backup reads a backup from its bucket and adds what is in it. It returns the size of the tarball in the bucket. A tarball that is
// not the backup's own, or not all of it, is a *velero.BadContents.
func (i *Inventory) Backup(ctx context.Context, store *velero.Downloader, backup *velero.Backup) (int64, error) {
	one := New()
	stored, err := store.VerifiedContents(ctx, backup, one.visit)
	if err != nil {
		return 0, err
	}
	i.merge(one)
	return stored.Size, nil
}
