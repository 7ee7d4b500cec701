// Package shortdir makes folders with short names: the path of a unix socket has 107 bytes at most.
package shortdir

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// longest is a folder in which a plugin's socket still has room for its random name.
const longest = 80

// Make returns dir when it is short enough, and a folder in the temporary directory that belongs to the lab otherwise.
func Make(lab, dir string) (string, error) {
	if len(dir) <= longest {
		return dir, os.MkdirAll(dir, 0o700)
	}
	short := path(lab)
	if err := os.MkdirAll(short, 0o700); err != nil {
		return "", err
	}
	// The temporary directory is everybody's: somebody else may have made the folder first.
	info, err := os.Lstat(short)
	if err != nil {
		return "", err
	}
	owner, ok := info.Sys().(*syscall.Stat_t)
	if !ok || !info.IsDir() || info.Mode().Perm() != 0o700 || int(owner.Uid) != os.Getuid() {
		return "", fmt.Errorf("%s is not a private folder of this user", short)
	}
	return short, nil
}

// Remove removes the lab's folder, if there is one.
func Remove(lab string) error { return os.RemoveAll(path(lab)) }

func path(lab string) string {
	sum := sha256.Sum256([]byte(lab))
	return filepath.Join(os.TempDir(), "acmdr-lab-"+hex.EncodeToString(sum[:6]))
}
