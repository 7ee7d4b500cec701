package build

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// copyCRDs takes the CRD files out of the module that the components are built with.
func (b *Builder) copyCRDs(ctx context.Context) error {
	complete := true
	for _, file := range crdFiles() {
		if _, err := os.Stat(filepath.Join(b.Cache.CRDs(), filepath.Base(file))); err != nil {
			complete = false
		}
	}
	if complete {
		return nil
	}
	dir, err := b.moduleDir(ctx)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(b.Cache.CRDs(), 0o700); err != nil {
		return err
	}
	for _, file := range crdFiles() {
		data, err := os.ReadFile(filepath.Join(dir, file))
		if err != nil {
			return err
		}
		target := filepath.Join(b.Cache.CRDs(), filepath.Base(file))
		if err := os.WriteFile(target+".tmp", data, 0o600); err != nil {
			return err
		}
		if err := os.Rename(target+".tmp", target); err != nil {
			return err
		}
	}
	return nil
}

// moduleDir is where the Go module cache has apiModule; on a fresh machine it is fetched first.
func (b *Builder) moduleDir(ctx context.Context) (string, error) {
	for _, args := range [][]string{{"mod", "download", apiModule}, {"list", "-m", "-f", "{{.Dir}}", apiModule}} {
		cmd := exec.CommandContext(ctx, "go", args...)
		cmd.Dir = b.Source
		cmd.Env = append(os.Environ(), "GOWORK=off")
		output, err := cmd.CombinedOutput()
		if err != nil {
			return "", fmt.Errorf("go %s: %w\n%s", strings.Join(args, " "), err, output)
		}
		if args[0] == "list" {
			return strings.TrimSpace(string(output)), nil
		}
	}
	return "", nil
}
