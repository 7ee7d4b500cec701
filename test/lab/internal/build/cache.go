package build

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
)

// Cache is the folder that holds the binaries of one set of module sums.
type Cache string

// Bin is the folder of the programs.
func (c Cache) Bin() string { return filepath.Join(string(c), binDir) }

// Program is the path of one program.
func (c Cache) Program(name string) string { return filepath.Join(c.Bin(), name) }

// Plugins is the folder of Velero's plugins.
func (c Cache) Plugins() string { return filepath.Join(string(c), pluginDir) }

// CRDs is the folder of the CRD files.
func (c Cache) CRDs() string { return filepath.Join(string(c), crdDir) }

// Root is where the caches of all sums are, and the registry of ports.
func Root() (string, error) {
	if dir := os.Getenv("ACMDR_LAB_CACHE"); dir != "" {
		return filepath.Abs(dir)
	}
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	return filepath.Join(dir, "kubectl-acmdr", "lab"), nil
}

// Open says which cache belongs to the module in src.
func Open(ctx context.Context, src string) (Cache, error) {
	root, err := Root()
	if err != nil {
		return "", err
	}
	version, err := exec.CommandContext(ctx, "go", "env", "GOVERSION").Output()
	if err != nil {
		return "", fmt.Errorf("go env GOVERSION: %w", err)
	}
	sum, err := key(src, strings.TrimSpace(string(version)))
	if err != nil {
		return "", err
	}
	return Cache(filepath.Join(root, sum)), nil
}

// key hashes all that the binaries are made from.
func key(src, goVersion string) (string, error) {
	hash := sha256.New()
	fmt.Fprintln(hash, goVersion, runtime.GOOS, runtime.GOARCH, Components(true), crdFiles())
	sources := []string{"go.mod", "go.sum", "components/velero/main.go", minIOSource + "/go.mod", minIOSource + "/go.sum"}
	for _, name := range sources {
		file, err := os.Open(filepath.Join(src, name))
		if err != nil {
			return "", err
		}
		_, err = io.Copy(hash, file)
		if err := errors.Join(err, file.Close()); err != nil {
			return "", err
		}
	}
	const short = 16
	return hex.EncodeToString(hash.Sum(nil))[:short], nil
}

// missing lists those that are not built yet.
func (c Cache) missing(components []Component) []Component {
	var list []Component
	for _, component := range components {
		if _, err := os.Stat(c.path(component)); err != nil {
			list = append(list, component)
		}
	}
	return list
}

func (c Cache) path(component Component) string {
	return filepath.Join(string(c), component.Dir, component.Name)
}
