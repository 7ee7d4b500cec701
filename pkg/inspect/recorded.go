package inspect

import (
	"context"
	"fmt"
	"hash/maphash"
	"slices"
	"time"

	"github.com/acmdr/kubectl-acmdr/pkg/velero"
)

// Backup reads a backup from its bucket, adds what is in it, and compares it with what Velero recorded: the list of what it
// backed up, the number of objects, and when it did. It returns the size of the tarball in the bucket. A tarball that is
// not the backup's own, or not all of it, is a *velero.BadContents.
func (i *Inventory) Backup(ctx context.Context, store *velero.Downloader, backup *velero.Backup) (int64, error) {
	recorded, err := store.ResourceList(ctx, backup)
	if err != nil {
		return 0, fmt.Errorf("backup %s: %w", backup.Name, err)
	}
	found := newObjects()
	one := New()
	one.observe = found.add
	stored, err := store.Contents(ctx, backup, one.visit)
	if err != nil {
		return 0, err
	}
	if err := found.compare(recorded, backup); err != nil {
		return 0, fmt.Errorf("backup %s: %w", backup.Name, err)
	}
	if err := timely(one, backup); err != nil {
		return 0, fmt.Errorf("backup %s: %w", backup.Name, err)
	}
	i.merge(one)
	return stored.Size, nil
}

// objects are the names of all objects in a tarball, as 64-bit hashes.
type objects struct {
	seed maphash.Seed
	seen map[uint64]struct{}
}

func newObjects() *objects {
	return &objects{seed: maphash.MakeSeed(), seen: map[uint64]struct{}{}}
}

func (o *objects) hash(kind, name string) uint64 { return maphash.String(o.seed, kind+" "+name) }

func (o *objects) add(kind, namespace, name string) {
	if namespace != "" {
		name = namespace + "/" + name
	}
	o.seen[o.hash(kind, name)] = struct{}{}
}

// compare finds what Velero says that it backed up and that is not in the tarball, and the other way round.
func (o *objects) compare(recorded velero.ResourceList, backup *velero.Backup) error {
	var missing []string
	listed := 0
	for kind, names := range recorded {
		for _, name := range names {
			if _, ok := o.seen[o.hash(kind, name)]; ok {
				listed++
			} else {
				missing = append(missing, kind+" "+name)
			}
		}
	}
	slices.Sort(missing)
	// Of a backup that failed in part Velero lists also what it could not write.
	if len(missing) > 0 && backup.Status.Phase == velero.BackupCompleted {
		return bad("%d of the %d objects that Velero recorded are not in it (it was cut short, or is another backup's): %s",
			len(missing), recorded.Len(), list(missing))
	}
	if foreign := len(o.seen) - listed; foreign > 0 {
		return bad("%d objects are in it that Velero did not record: it is another backup's", foreign)
	}
	if progress := backup.Status.Progress; progress != nil && backup.Status.Phase == velero.BackupCompleted &&
		progress.ItemsBackedUp != recorded.Len() {
		return bad("Velero backed up %d objects and recorded %d: the list is another backup's", progress.ItemsBackedUp, recorded.Len())
	}
	return nil
}

// rounding is how far the times of a tarball and of a backup's status, which are whole seconds, may be apart.
const rounding = time.Second

// timely refuses a tarball that Velero did not write while it made the backup: that of another backup of the same hub holds
// the same names. Both times are by the clock of Velero's server.
func timely(found *Inventory, backup *velero.Backup) error {
	from, to := backup.Status.StartTimestamp, backup.Status.CompletionTimestamp
	if from == nil || to == nil || found.objects == 0 {
		return nil
	}
	if found.first.Before(from.Add(-rounding)) || found.last.After(to.Add(rounding)) {
		const layout = time.RFC3339
		return bad("it was written from %s to %s and the backup was made from %s to %s: it is another backup's",
			found.first.UTC().Format(layout), found.last.UTC().Format(layout), from.UTC().Format(layout), to.UTC().Format(layout))
	}
	return nil
}
