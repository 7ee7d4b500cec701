package process

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
)

// ownerVariable marks every process of a lab with the lab's folder.
const ownerVariable = "ACMDR_LAB_OWNER"

// KillOrphans kills what is left of a lab whose supervisor was killed: its children die with it, their children (Velero's
// plugins) do not. It returns how many there were.
func KillOrphans(owner string) int {
	mark := []byte(ownerVariable + "=" + owner)
	files, err := filepath.Glob("/proc/[0-9]*/environ")
	if err != nil {
		return 0
	}
	killed := 0
	for _, file := range files {
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(file)))
		if err != nil || pid == os.Getpid() {
			continue
		}
		// Processes of other users, or that have just ended, cannot be read.
		environ, err := os.ReadFile(file)
		if err != nil {
			continue
		}
		for variable := range bytes.SplitSeq(environ, []byte{0}) {
			if bytes.Equal(variable, mark) && syscall.Kill(pid, syscall.SIGKILL) == nil {
				killed++
				break
			}
		}
	}
	return killed
}
