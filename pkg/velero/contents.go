package velero

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"
	"time"
	"unicode"
)

// preferred ends the folder of the version in which Velero asked for an object. Every object is in the tarball twice: there, where
// its version is told, and without a version, which is the copy that Velero restores (see copies).
const preferred = "-preferredversion"

// Object names one object in a backup.
type Object struct {
	// Resource is the plural with its group, for example "clusterdeployments.hive.openshift.io".
	Resource  string
	Version   string
	Namespace string
	Name      string
	// Written is when Velero put it into the backup, by its server's clock, to the second.
	Written time.Time
}

// String is the resource and the name, for example "secrets managed-one/admin-kubeconfig".
func (o Object) String() string { return o.Resource + " " + path.Join(o.Namespace, o.Name) }

// Names refuses what an object says of itself, when that is not what its place in the archive says: one object would be looked at,
// and another be restored.
func (o Object) Names(kind, namespace, name string) error {
	if kind == "" || name != o.Name || namespace != o.Namespace {
		return bad("%s is not what its place in the archive says", o)
	}
	return nil
}

// BadContents tells that a backup's tarball is not what Velero writes. It comes from a bucket, so it is untrusted input.
type BadContents struct{ Err error }

func (e *BadContents) Error() string { return "the backup's contents are damaged: " + e.Err.Error() }

// Unwrap returns the cause.
func (e *BadContents) Unwrap() error { return e.Err }

// Stored is what the store said of a backup's contents.
type Stored struct {
	// Date is what the store's clock said, zero when it did not, and Asked what the clock here said at that moment.
	Date, Asked time.Time
}

// Contents streams the objects of a backup, see ReadContents. Damage that the store is to blame for is told apart from what was
// stored that way, where the store says what it keeps.
func (d *Downloader) Contents(ctx context.Context, backup *Backup, visit func(Object, io.Reader) error) (Stored, error) {
	file, err := d.Open(ctx, backup.Spec.StorageLocation, BackupContents, backup.Name)
	if err != nil {
		return Stored{}, err
	}
	defer file.Close()
	stored := Stored{Date: file.Date, Asked: d.Clock.Now()}
	summed := newSummed(file)
	if err := summed.blame(ReadContents(summed, visit)); err != nil {
		return stored, fmt.Errorf("backup %s: %w", backup.Name, err)
	}
	return stored, nil
}

// ReadContents calls visit for every object in a backup's tarball, in the order of the tarball, with a reader of its JSON
// that visit need not read. It holds one object at most, and reads to the end, so that a damaged tarball is found. It comes
// from a bucket: what no backup of Velero's would hold is refused, and what visit sees is what Velero would restore.
func ReadContents(compressed io.Reader, visit func(Object, io.Reader) error) error {
	unpacked, err := newUnpacker(compressed)
	if err != nil {
		return err
	}
	archive := tar.NewReader(unpacked)
	var seen names
	both := newCopies()
	for {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return damaged(err)
		}
		if err := seen.add(header); err != nil {
			return &BadContents{err}
		}
		object, wanted, err := entry(header)
		if err != nil {
			return &BadContents{err}
		}
		if !wanted {
			continue
		}
		body := both.reader(archive)
		if object.Version != "" {
			err = visit(object, body)
		}
		// A read error comes again here, where no JSON decoder hides it in its own.
		if _, broken := io.Copy(io.Discard, body); broken != nil {
			return damaged(broken)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", object, err)
		}
		both.add(object)
	}
	// What follows the archive's end is padding; the gzip sum comes last.
	if _, err := io.Copy(io.Discard, unpacked); err != nil {
		return damaged(err)
	}
	return both.paired()
}

func damaged(err error) error {
	if bad, ok := errors.AsType[*BadContents](err); ok {
		return bad
	}
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return &BadContents{errors.New("truncated")}
	}
	return &BadContents{err}
}

// entry is the object that a tar entry holds, without a Version for the copy that has none; wanted is false for Velero's own
// metadata, and for copies in other versions.
func entry(header *tar.Header) (object Object, wanted bool, err error) {
	name := header.Name
	switch {
	case header.Typeflag == tar.TypeDir:
		return Object{}, false, nil
	case header.Typeflag != tar.TypeReg || sparse(header):
		return Object{}, false, fmt.Errorf("%q is not a regular file", name)
	case !local(name):
		return Object{}, false, fmt.Errorf("%q leads out of the archive", name)
	case header.Size > maxObject:
		return Object{}, false, fmt.Errorf("%q is larger than an object can be (%d bytes)", name, header.Size)
	}
	parts := strings.Split(name, "/")
	if parts[0] != "resources" || len(parts) < 4 {
		return Object{}, false, nil
	}
	object, place := Object{Resource: parts[1], Written: header.ModTime}, parts[2:]
	if version, ok := strings.CutSuffix(parts[2], preferred); ok && version != "" {
		object.Version, place = version, parts[3:]
	} else if !ok && place[0] != "cluster" && place[0] != "namespaces" {
		return Object{}, false, nil
	}
	switch {
	case place[0] == "cluster" && len(place) == 2:
	case place[0] == "namespaces" && len(place) == 3:
		object.Namespace = place[1]
	default:
		return Object{}, false, fmt.Errorf("%q is in no place of a backup", name)
	}
	file := place[len(place)-1]
	object.Name = strings.TrimSuffix(file, ".json")
	if object.Name == file || object.Name == "" {
		return Object{}, false, fmt.Errorf("%q is not a JSON file", name)
	}
	return object, true, nil
}

// local tells whether a name stays inside the archive, by the same rule on every system.
func local(name string) bool {
	return name != "" && !path.IsAbs(name) && !strings.ContainsRune(name, '\\') && !strings.ContainsFunc(name, unicode.IsControl) &&
		path.Clean(name) == name && name != ".." && !strings.HasPrefix(name, "../")
}
