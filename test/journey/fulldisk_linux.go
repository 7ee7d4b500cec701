package journey

import (
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// FullDisk keeps the S3 server from writing more than a few bytes into any file, as a disk without room does, and returns what ends it.
func (w *World) FullDisk(t TB) func() {
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
