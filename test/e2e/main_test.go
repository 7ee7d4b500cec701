//go:build e2e

// Package e2e drives the built plugin, through a real kubectl, on the lab.
package e2e

import (
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/acmdr/kubectl-acmdr/test/journey"
)

// grace is the eviction grace period of the labs: short enough to be waited for.
const grace = time.Minute

// labs are the labs that run: an interrupted test run must not leave one behind.
type labs struct {
	mu      sync.Mutex
	running map[string]journey.Options
}

var open = &labs{running: map[string]journey.Options{}}

func TestMain(m *testing.M) {
	interrupted := make(chan os.Signal, 1)
	signal.Notify(interrupted, os.Interrupt, syscall.SIGTERM)
	go func() {
		<-interrupted
		open.closeAll()
		os.Exit(1)
	}()
	code := m.Run()
	open.closeAll()
	os.Exit(code)
}

func (l *labs) closeAll() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for dir, o := range l.running {
		if err := journey.Close(o); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
		delete(l.running, dir)
	}
}

// withMinIO gives a lab the S3 server that encrypts.
func withMinIO(o *journey.Options) { o.MinIO = true }

// withACM gives hubs the stand-in for ACM's import controller.
func withACM(hubs ...string) func(o *journey.Options) {
	return func(o *journey.Options) { o.ACM = hubs }
}

// world starts a lab for a test, and stops it when the test ends. The folder of a test that fails is kept. Most of a test is
// waiting, and labs do not know each other, so tests run at the same time, as many as -parallel says.
func world(t *testing.T, managed int, with ...func(o *journey.Options)) *journey.World {
	t.Helper()
	t.Parallel()
	dir, err := os.MkdirTemp("", "acmdr-e2e-")
	if err != nil {
		t.Fatal(err)
	}
	bin, err := filepath.Abs("../../bin")
	if err != nil {
		t.Fatal(err)
	}
	o := journey.Options{Bin: bin, Dir: dir, Managed: managed, EvictionGrace: grace}
	for _, change := range with {
		change(&o)
	}
	open.mu.Lock()
	open.running[dir] = o
	open.mu.Unlock()
	t.Cleanup(func() {
		if err := journey.Close(o); err != nil {
			t.Error(err)
		}
		open.mu.Lock()
		delete(open.running, dir)
		open.mu.Unlock()
		if t.Failed() {
			t.Logf("the lab's logs are kept in %s", filepath.Join(dir, "lab", "logs"))
			return
		}
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return journey.Open(t, o)
}

// run makes the steps of a journey; one that fails ends it.
func run(t *testing.T, w *journey.World, steps []journey.Step) {
	t.Helper()
	for _, step := range steps {
		if !t.Run(step.Name, func(t *testing.T) { step.Do(t, w) }) {
			t.FailNow()
		}
	}
}
