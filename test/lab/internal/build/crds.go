package build

import (
	"context"
	"os"
	"path/filepath"
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
	if _, err := b.goTool(ctx, "mod", "download", apiModule); err != nil {
		return "", err
	}
	return b.goTool(ctx, "list", "-m", "-f", "{{.Dir}}", apiModule)
}
