// Package supervisor owns every process of a lab. Its own end is theirs.
package supervisor

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"sync"
	"syscall"
	"time"

	"github.com/acmdr/kubectl-acmdr/test/lab/internal/build"
	"github.com/acmdr/kubectl-acmdr/test/lab/internal/control"
	"github.com/acmdr/kubectl-acmdr/test/lab/internal/layout"
	"github.com/acmdr/kubectl-acmdr/test/lab/internal/process"
	"github.com/acmdr/kubectl-acmdr/test/lab/internal/shortdir"
	"github.com/acmdr/kubectl-acmdr/test/lab/internal/state"
)

// Time limits of `up`.
const (
	// upTimeout is far above what it takes (45 s on two cores), for machines that are busy.
	upTimeout = 6 * time.Minute
	// ownerTimeout is how long the `up` that started the supervisor may take to come back and watch.
	ownerTimeout = 15 * time.Second
)

// Options are what `up` asks for.
type Options struct {
	Dir     layout.Dir
	Cache   build.Cache
	Managed int
	Grace   time.Duration
	ACM     []string
	MinIO   bool
	Log     io.Writer
}

// Supervisor is one running lab.
type Supervisor struct {
	Options
	journal *journal
	cancel  context.CancelCauseFunc

	// acting keeps kill and start apart.
	acting sync.Mutex

	mu    sync.Mutex
	state *state.State
	// stores are the S3 servers.
	stores []*process.Process
	nodes  []*node
	ready  bool
	owner  chan struct{} // closed when the first owner comes
}

// errStopped is why a lab ends that was asked to.
var errStopped = errors.New("the lab has been stopped")

// Run holds the lab until ctx ends or somebody stops it.
func Run(ctx context.Context, options Options) error {
	unlock, err := Lock(options.Dir)
	if err != nil {
		return err
	}
	defer unlock()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	s := &Supervisor{Options: options, journal: newJournal(options.Log), cancel: cancel, owner: make(chan struct{})}
	if n := process.KillOrphans(string(options.Dir)); n > 0 {
		s.journal.Logf("killed %d processes that an earlier supervisor left", n)
	}
	listener, err := control.Listen(options.Dir)
	if err != nil {
		return err
	}
	server := &http.Server{Handler: control.Handler(s), ReadHeaderTimeout: 5 * time.Second}
	go func() { _ = server.Serve(listener) }()
	go s.expectOwner(ctx)

	upErr := s.up(ctx)
	if upErr != nil {
		s.endAll((*node).kill, (*process.Process).Kill) // somebody waits to hear why
		s.journal.finish(upErr)
		// Let the client read the reason.
		grace, done := context.WithTimeout(context.Background(), 2*time.Second)
		defer done()
		return errors.Join(upErr, server.Shutdown(grace), os.Remove(options.Dir.Socket()))
	}
	s.setReady()
	s.journal.finish(nil)
	<-ctx.Done()
	s.journal.Logf("stopping: %v", context.Cause(ctx))
	s.endAll((*node).stop, (*process.Process).Stop)
	return errors.Join(server.Close(), os.Remove(options.Dir.Socket()), shortdir.Remove(string(options.Dir)))
}

// Lock makes sure that a folder has one supervisor at most. The lock is held until the process ends.
func Lock(dir layout.Dir) (func(), error) {
	file, err := os.OpenFile(dir.Lock(), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil, errors.Join(fmt.Errorf("%s: another supervisor has this folder: %w", dir, err), file.Close())
	}
	return func() { _ = file.Close() }, nil
}

// expectOwner ends an `up` whose command line never came to watch it.
func (s *Supervisor) expectOwner(ctx context.Context) {
	select {
	case <-s.owner:
	case <-ctx.Done():
	case <-time.After(ownerTimeout):
		if !s.isReady() {
			s.cancel(errors.New("lab up is gone"))
		}
	}
}

// Owned ends the lab when the `up` that watches it goes away before it is ready: an interrupted `up` leaves nothing.
func (s *Supervisor) Owned() func() {
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case <-s.owner:
	default:
		close(s.owner)
	}
	return func() {
		if !s.isReady() {
			s.cancel(errors.New("lab up was interrupted"))
		}
	}
}

// Events implements control.Lab.
func (s *Supervisor) Events(ctx context.Context, send func(control.Event) error) error {
	return s.journal.follow(ctx, send)
}

// Stop implements control.Lab.
func (s *Supervisor) Stop() { s.cancel(errStopped) }

func (s *Supervisor) setReady() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ready = true
}

func (s *Supervisor) isReady() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ready
}

// endAll ends every process, the S3 servers after those that use it.
func (s *Supervisor) endAll(endNode func(*node), endProcess func(*process.Process)) {
	s.mu.Lock()
	nodes, stores := s.nodes, s.stores
	s.mu.Unlock()
	var all sync.WaitGroup
	for _, n := range nodes {
		all.Go(func() { endNode(n) })
	}
	all.Wait()
	for _, store := range stores {
		endProcess(store)
	}
}
