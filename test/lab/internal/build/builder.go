package build

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// heartbeat is how often a build that goes on says so.
const heartbeat = 20 * time.Second

// Builder fills a cache.
type Builder struct {
	// Source is the folder of this module.
	Source string
	Cache  Cache
	// MinIO tells to build it, too.
	MinIO bool
	// Logf receives progress.
	Logf func(format string, args ...any)
}

// Build makes what is missing. A component that is there is whole: it is built beside the cache and moved in.
func (b *Builder) Build(ctx context.Context) error {
	unlock, err := b.lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	b.removeLeftovers()
	if err := b.copyCRDs(ctx); err != nil {
		return err
	}
	components := Components(b.MinIO)
	missing := b.Cache.missing(components)
	if len(missing) == 0 {
		b.Logf("components: built already, in %s", b.Cache)
		return nil
	}
	total := len(components)
	done := total - len(missing)
	b.Logf("components: building %d of %d into %s (about 14 minutes on two cores when nothing is cached)", len(missing), total, b.Cache)
	began := time.Now()
	for _, component := range missing {
		done++
		label := fmt.Sprintf("[%d/%d] %s", done, total, component.Name)
		if err := b.buildOne(ctx, component, label); err != nil {
			return err
		}
	}
	b.Logf("components: built in %s", time.Since(began).Round(time.Second))
	return nil
}

func (b *Builder) buildOne(ctx context.Context, component Component, label string) error {
	target := b.Cache.path(component)
	if err := os.MkdirAll(filepath.Dir(target), 0o700); err != nil {
		return err
	}
	tmp, err := os.MkdirTemp(string(b.Cache), "building-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(tmp) }()
	output := filepath.Join(tmp, component.Name)
	flags, err := b.linkerFlags(ctx, component)
	if err != nil {
		return err
	}
	// -buildvcs=false: a commit must not make another binary; no -trimpath: the packages compiled here serve other builds.
	args := []string{"build", "-buildvcs=false", "-ldflags=" + flags, "-o", output}
	if component.InPod {
		module, err := b.inPodModule(ctx, tmp)
		if err != nil {
			return err
		}
		args = append(args, "-modfile="+module)
	}
	cmd := exec.CommandContext(ctx, "go", append(args, component.Package)...)
	cmd.Dir = filepath.Join(b.Source, component.Source)
	cmd.Env = append(os.Environ(), "GOWORK=off")
	// An interrupt must reach the compilers that go started, too.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	var talk bytes.Buffer
	cmd.Stdout, cmd.Stderr = &talk, &talk
	began := time.Now()
	stop := b.beat(label, began)
	err = cmd.Run()
	stop()
	if err != nil {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		return fmt.Errorf("%s: %w\n%s", label, err, talk.String())
	}
	if err := os.Rename(output, target); err != nil {
		return err
	}
	b.Logf("%s ... %.0f s", label, time.Since(began).Seconds())
	return nil
}

// linkerFlags strips the binary and gives it its version.
func (b *Builder) linkerFlags(ctx context.Context, component Component) (string, error) {
	const strip = "-s -w"
	if component.Stamp == "" {
		return strip, nil
	}
	version, err := b.goTool(ctx, "list", "-m", "-f", "{{.Version}}", component.Module)
	return strip + " -X " + component.Stamp + "=" + version, err
}

// goTool runs the go command in the module and returns what it prints.
func (b *Builder) goTool(ctx context.Context, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = b.Source
	cmd.Env = append(os.Environ(), "GOWORK=off")
	output, err := cmd.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("go %s: %w\n%s", strings.Join(args, " "), err, output)
	}
	return strings.TrimSpace(string(output)), nil
}

// removeLeftovers tidies up after a build that was killed; the lock is held, so nobody is using them.
func (b *Builder) removeLeftovers() {
	left, _ := filepath.Glob(filepath.Join(string(b.Cache), "building-*")) // the pattern is good
	for _, dir := range left {
		_ = os.RemoveAll(dir)
	}
}

// beat says now and then that a build is still going on, until the returned function is called.
func (b *Builder) beat(label string, began time.Time) func() {
	quit, gone := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(gone)
		ticker := time.NewTicker(heartbeat)
		defer ticker.Stop()
		for {
			select {
			case <-ticker.C:
				b.Logf("%s: compiling, %.0f s so far", label, time.Since(began).Seconds())
			case <-quit:
				return
			}
		}
	}()
	return func() { close(quit); <-gone }
}

// lock keeps two builds of one cache apart; the second one waits and finds the work done.
func (b *Builder) lock(ctx context.Context) (func(), error) {
	if err := os.MkdirAll(string(b.Cache), 0o700); err != nil {
		return nil, err
	}
	file, err := os.OpenFile(filepath.Join(string(b.Cache), "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	said := false
	for {
		err = syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			return func() { _ = file.Close() }, nil
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, errors.Join(err, file.Close())
		}
		if !said {
			b.Logf("components: another build of them is running, waiting for it")
			said = true
		}
		select {
		case <-time.After(time.Second):
		case <-ctx.Done():
			return nil, errors.Join(context.Cause(ctx), file.Close())
		}
	}
}
