package velero

import (
	"archive/tar"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"
)

// maxObject is more than etcd lets any object be.
const maxObject = 8 << 20

// preferred ends the folder of the version that Velero restores by default. Every object is in the tarball twice; only
// this copy says which version it is of.
const preferred = "-preferredversion"

// Object names one object in a backup.
type Object struct {
	// Resource is the plural with its group, for example "clusterdeployments.hive.openshift.io".
	Resource  string
	Version   string
	Namespace string
	Name      string
}

// BadContents tells that a backup's tarball is not what Velero writes. It comes from a bucket, so it is untrusted input.
type BadContents struct{ Err error }

func (e *BadContents) Error() string { return "the backup's contents are damaged: " + e.Err.Error() }

// Unwrap returns the cause.
func (e *BadContents) Unwrap() error { return e.Err }

// Contents streams the objects of a backup: see ReadContents.
func (d *Downloader) Contents(ctx context.Context, backup *Backup, visit func(Object, io.Reader) error) error {
	file, err := d.Open(ctx, backup.Spec.StorageLocation, BackupContents, backup.Name)
	if err != nil {
		return err
	}
	defer file.Close()
	if err := ReadContents(file, visit); err != nil {
		return fmt.Errorf("backup %s: %w", backup.Name, err)
	}
	return nil
}

// ReadContents calls visit for every object in a backup's tarball, in the order of the tarball, with a reader of its JSON
// that visit need not read. It holds one object at most, and reads to the end, so that a damaged tarball is found.
func ReadContents(compressed io.Reader, visit func(Object, io.Reader) error) error {
	unpacked, err := gzip.NewReader(compressed)
	if err != nil {
		return &BadContents{fmt.Errorf("not gzip: %w", err)}
	}
	archive := tar.NewReader(unpacked)
	for {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return damaged(err)
		}
		object, wanted, err := entry(header)
		if err != nil {
			return &BadContents{err}
		}
		if !wanted {
			continue
		}
		body := &tracked{reader: archive}
		if err := visit(object, body); err != nil {
			if body.err != nil {
				return damaged(body.err)
			}
			return fmt.Errorf("%s %s: %w", object.Resource, path.Join(object.Namespace, object.Name), err)
		}
	}
	// What follows the archive's end is padding; the gzip sum comes last.
	if _, err := io.Copy(io.Discard, unpacked); err != nil { //nolint:gosec // nothing is kept of it
		return damaged(err)
	}
	return nil
}

func damaged(err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return &BadContents{errors.New("truncated")}
	}
	return &BadContents{err}
}

// entry is the object that a tar entry holds; wanted is false for the other copy and for Velero's own metadata.
func entry(header *tar.Header) (object Object, wanted bool, err error) {
	name := header.Name
	switch {
	case header.Typeflag == tar.TypeDir:
		return Object{}, false, nil
	case header.Typeflag != tar.TypeReg:
		return Object{}, false, fmt.Errorf("%q is not a regular file", name)
	case !local(name):
		return Object{}, false, fmt.Errorf("%q leads out of the archive", name)
	case header.Size > maxObject:
		return Object{}, false, fmt.Errorf("%q is larger than an object can be (%d bytes)", name, header.Size)
	}
	parts := strings.Split(name, "/")
	if parts[0] != "resources" || len(parts) < 5 {
		return Object{}, false, nil
	}
	version, ok := strings.CutSuffix(parts[2], preferred)
	if !ok {
		return Object{}, false, nil
	}
	object = Object{Resource: parts[1], Version: version}
	switch {
	case parts[3] == "cluster" && len(parts) == 5:
	case parts[3] == "namespaces" && len(parts) == 6:
		object.Namespace = parts[4]
	default:
		return Object{}, false, fmt.Errorf("%q is in no place of a backup", name)
	}
	object.Name, ok = strings.CutSuffix(parts[len(parts)-1], ".json")
	if !ok || object.Name == "" {
		return Object{}, false, fmt.Errorf("%q is not a JSON file", name)
	}
	return object, true, nil
}

// local tells whether a name stays inside the archive, by the same rule on every system.
func local(name string) bool {
	return name != "" && !path.IsAbs(name) && !strings.ContainsAny(name, "\\\x00") && path.Clean(name) == name &&
		name != ".." && !strings.HasPrefix(name, "../")
}

// tracked remembers a read error, which a JSON decoder would hide in its own.
type tracked struct {
	reader io.Reader
	err    error
}

func (t *tracked) Read(p []byte) (int, error) {
	n, err := t.reader.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		t.err = err
	}
	return n, err
}
