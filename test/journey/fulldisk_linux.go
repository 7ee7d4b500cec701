package journey

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// room is what is left on the full disk, in bytes: enough for the file by which Velero says that it begins, not for a backup.
const room = 8 << 10

// FullDisk puts the bucket onto a small tmpfs that is full up to a few bytes, and returns what gives it its room back. Who may not
// mount one has the S3 server kept from writing more than a few bytes into any file.
func (w *World) FullDisk(t TB) func() {
	t.Helper()
	disk := filepath.Join(w.Dir, "disk")
	if err := os.MkdirAll(disk, 0o700); err != nil {
		t.Fatalf("%v", err)
	}
	err := unix.Mount("tmpfs", disk, "tmpfs", 0, "size=256m,mode=700")
	if errors.Is(err, unix.EPERM) {
		t.Logf("no tmpfs may be mounted here (%v): the size of files is limited instead", err)
		return w.fileSize(t)
	}
	if err != nil {
		t.Fatalf("mounting a tmpfs: %v", err)
	}
	bucket := filepath.Dir(w.backupsIn(t))
	full := func() error {
		if err := os.CopyFS(disk, os.DirFS(bucket)); err != nil {
			return err
		}
		var is unix.Statfs_t
		if err := unix.Statfs(disk, &is); err != nil {
			return err
		}
		used := int64(is.Blocks-is.Bfree) * is.Bsize
		return errors.Join(
			unix.Mount("tmpfs", disk, "tmpfs", unix.MS_REMOUNT, fmt.Sprintf("size=%d", used+room)),
			unix.Mount(disk, bucket, "", unix.MS_BIND, ""))
	}
	if err := full(); err != nil {
		t.Fatalf("filling a disk: %v", errors.Join(err, unix.Unmount(disk, unix.MNT_DETACH)))
	}
	return func() {
		t.Helper()
		roomy := filepath.Join(w.Dir, "roomy")
		// What the S3 server has written meanwhile stays.
		err := errors.Join(os.CopyFS(roomy, os.DirFS(disk)), unix.Unmount(bucket, unix.MNT_DETACH), unix.Unmount(disk, unix.MNT_DETACH))
		if err = errors.Join(err, os.RemoveAll(bucket), os.Rename(roomy, bucket)); err != nil {
			t.Fatalf("giving the disk its room back: %v", err)
		}
	}
}

// fileSize keeps the S3 server from writing more than a few bytes into any file, as a disk without room does, and returns what ends it.
func (w *World) fileSize(t TB) func() {
	t.Helper()
	pid := w.pid(t, "s3", "versitygw")
	limit := func(bytes uint64) {
		t.Helper()
		if err := unix.Prlimit(pid, unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: bytes, Max: unix.RLIM_INFINITY}, nil); err != nil {
			t.Fatalf("limiting the S3 server: %v", err)
		}
	}
	const fewBytes = 64
	limit(fewBytes)
	return func() { limit(unix.RLIM_INFINITY) }
}

// pid is the process of one component of the lab.
func (w *World) pid(t TB, cluster, component string) int {
	t.Helper()
	for row := range strings.Lines(w.Lab.run(t, "status")) {
		fields := strings.Fields(row)
		if len(fields) < 4 || fields[0] != cluster || fields[1] != component {
			continue
		}
		for _, field := range fields[2:] {
			if pid, err := strconv.Atoi(field); err == nil {
				return pid
			}
		}
	}
	t.Fatalf("no process of %s %s", cluster, component)
	return 0
}
