// Package journey is the recovery of a fleet, from a hub's first backup to its managed clusters' life on another hub, as
// steps on the lab. The end-to-end tests assert them, the demo narrates them; both run the same.
package journey

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"time"
)

// Names in the lab.
const (
	OldHub = "hub-dr1"
	NewHub = "hub-dr2"
)

// TB is the part of testing.TB that steps need, so that the demo can run them without a test.
type TB interface {
	Helper()
	Context() context.Context
	Logf(format string, args ...any)
	// Fatalf ends the step, and with it the journey.
	Fatalf(format string, args ...any)
}

// Step is one stage of a journey.
type Step struct {
	// Name is what a test calls the step.
	Name string
	// Title and Say are what the demo tells about it.
	Title string
	Say   string
	// Do makes the step and checks what came of it.
	Do func(t TB, w *World)
}

// Options are what a world is made of.
type Options struct {
	// Bin is the folder of the built plugin and lab.
	Bin string
	// Dir is the folder for the lab and for the user's home.
	Dir string
	// Managed is the number of managed clusters.
	Managed int
	// EvictionGrace is how long the work agents keep a workload whose ManifestWork is missing.
	EvictionGrace time.Duration
	// ACM are the hubs with the lab's stand-in for ACM's import controller.
	ACM []string
	// MinIO gives the lab the S3 server that encrypts, too.
	MinIO bool
	// Echo shows every command and its output to a reader; nil for none.
	Echo io.Writer
}

// World is where a journey takes place: a lab, and a user with a shell.
type World struct {
	Options
	Lab     *Lab
	Shell   *Shell
	managed []string
	before  map[string]Traits
}

// Open starts the lab of a world, and gives its user a home of their own and the tools on their path: the plugin is
// found by a real kubectl, as on a user's machine.
func Open(t TB, o Options) *World {
	t.Helper()
	w := &World{Options: o, Lab: &Lab{program: filepath.Join(o.Bin, "lab"), dir: filepath.Join(o.Dir, "lab"), echo: o.Echo}}
	w.Lab.Up(t, o)
	env := w.Lab.Env(t)
	home, path := filepath.Join(o.Dir, "home"), filepath.Join(o.Dir, "path")
	for _, dir := range []string{home, path} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatalf("%v", err)
		}
	}
	link(t, filepath.Join(firstOf(env["PATH"]), "kubectl"), path)
	link(t, env["ACMDR_LAB_CREDENTIALS_FILE"], home)
	link(t, filepath.Join(o.Bin, "kubectl-acmdr"), path)
	w.Shell = &Shell{
		Env: []string{
			"HOME=" + home, "PATH=" + path + ":/usr/bin:/bin", "KUBECONFIG=" + env["KUBECONFIG"], "TMPDIR=" + o.Dir, "LANG=C.UTF-8",
		},
		Dir:  home,
		Echo: o.Echo,
	}
	w.managed = w.Lab.ManagedClusters(t)
	return w
}

func link(t TB, file, dir string) {
	t.Helper()
	name := filepath.Join(dir, filepath.Base(file))
	if err := os.Remove(name); err != nil && !os.IsNotExist(err) {
		t.Fatalf("%v", err)
	}
	if err := os.Symlink(file, name); err != nil {
		t.Fatalf("%v", err)
	}
}

func firstOf(path string) string {
	return filepath.SplitList(path)[0]
}

// Acmdr runs the plugin the way its users do: kubectl acmdr ARGS.
func (w *World) Acmdr(t TB, args ...string) *Result {
	t.Helper()
	return w.Shell.Run(t, "kubectl", append([]string{"acmdr"}, args...)...)
}

// Direct runs the plugin by its own name: kubectl-acmdr ARGS.
func (w *World) Direct(t TB, args ...string) *Result {
	t.Helper()
	return w.Shell.Run(t, "kubectl-acmdr", args...)
}
