package velero

import (
	"context"
	"fmt"
	"hash/maphash"
	"io"
	"slices"
	"strings"
	"time"
)

// VerifiedContents is Contents of a tarball that must be the backup's own, and all of it: it is compared with what Velero
// recorded, the list of what it backed up, the number of objects, and when it did. One that is not is a *BadContents. visit
// returns the apiVersion and kind of an object, for example "v1/Secret".
func (d *Downloader) VerifiedContents(
	ctx context.Context, backup *Backup, visit func(Object, io.Reader) (kind string, err error),
) (Stored, error) {
	recorded, err := d.ResourceList(ctx, backup)
	if err != nil {
		return Stored{}, fmt.Errorf("backup %s: %w", backup.Name, err)
	}
	found := newObjects()
	stored, err := d.Contents(ctx, backup, func(object Object, body io.Reader) error {
		kind, err := visit(object, body)
		if err == nil {
			found.add(kind, object)
		}
		return err
	})
	if err != nil {
		return stored, err
	}
	if err := found.compare(recorded, backup); err != nil {
		return stored, fmt.Errorf("backup %s: %w", backup.Name, err)
	}
	return stored, nil
}

// objects are the names of all objects in a tarball, as 64-bit hashes, and when the first and the last of them were written.
type objects struct {
	seed        maphash.Seed
	seen        map[uint64]struct{}
	first, last time.Time
}

func newObjects() *objects {
	return &objects{seed: maphash.MakeSeed(), seen: map[uint64]struct{}{}}
}

func (o *objects) hash(kind, name string) uint64 { return maphash.String(o.seed, kind+" "+name) }

func (o *objects) add(kind string, object Object) {
	name := object.Name
	if object.Namespace != "" {
		name = object.Namespace + "/" + name
	}
	if len(o.seen) == 0 || object.Written.Before(o.first) {
		o.first = object.Written
	}
	if object.Written.After(o.last) {
		o.last = object.Written
	}
	o.seen[o.hash(kind, name)] = struct{}{}
}

// compare finds what Velero says that it backed up and that is not in the tarball, and the other way round.
func (o *objects) compare(recorded ResourceList, backup *Backup) error {
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
	if len(missing) > 0 && backup.Status.Phase == BackupCompleted {
		return bad("%d of the %d objects that Velero recorded are not in it (it was cut short, or is another backup's): %s",
			len(missing), recorded.Len(), few(missing))
	}
	if foreign := len(o.seen) - listed; foreign > 0 {
		return bad("%d objects are in it that Velero did not record: it is another backup's", foreign)
	}
	if progress := backup.Status.Progress; progress != nil && backup.Status.Phase == BackupCompleted &&
		progress.ItemsBackedUp != recorded.Len() {
		return bad("Velero backed up %d objects and recorded %d: the list is another backup's", progress.ItemsBackedUp, recorded.Len())
	}
	return o.timely(backup)
}

// rounding is how far the times of a tarball and of a backup's status, which are whole seconds, may be apart.
const rounding = time.Second

// timely refuses a tarball that Velero did not write while it made the backup: that of another backup of the same hub holds
// the same names. Both times are by the clock of Velero's server.
func (o *objects) timely(backup *Backup) error {
	from, to := backup.Status.StartTimestamp, backup.Status.CompletionTimestamp
	if from == nil || to == nil || len(o.seen) == 0 {
		return nil
	}
	if o.first.Before(from.Add(-rounding)) || o.last.After(to.Add(rounding)) {
		const layout = time.RFC3339
		return bad("it was written from %s to %s and the backup was made from %s to %s: it is another backup's",
			o.first.UTC().Format(layout), o.last.UTC().Format(layout), from.UTC().Format(layout), to.UTC().Format(layout))
	}
	return nil
}

func bad(format string, args ...any) error { return &BadContents{fmt.Errorf(format, args...)} }

// few keeps a line short: it names the first, and counts the others.
func few(names []string) string {
	const shown = 5
	if len(names) <= shown {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s, and %d more", strings.Join(names[:shown], ", "), len(names)-shown)
}
