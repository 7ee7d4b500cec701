package inspect

import (
	"context"

	"github.com/acmdr/kubectl-acmdr/pkg/velero"
)

// Backup reads a backup from its bucket and adds what is in it. A tarball that is not the backup's own, or not all of it, is a
// *velero.BadContents.
func (i *Inventory) Backup(ctx context.Context, store *velero.Downloader, backup *velero.Backup) error {
	one := New()
	if _, err := store.VerifiedContents(ctx, backup, one.visit); err != nil {
		return err
	}
	i.merge(one)
	return nil
}
