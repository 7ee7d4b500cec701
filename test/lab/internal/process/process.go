// Package process runs one component as a child process and starts it again when it ends, as a kubelet does for a
// container. A process never outlives the program that started it.
package process

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// Command is what to execute.
type Command struct {
	Path string
	Args []string
	Env  []string
}

// Spec describes a component.
type Spec struct {
	// Cluster and Name say which component it is.
	Cluster, Name string
	// URL is where it listens; only shown.
	URL string
	// Log receives its output.
	Log string
	// Command is called before every start. An error means that something it needs is not there yet; it is shown as what
	// the component waits for, and tried again.
	Command func(ctx context.Context) (*Command, error)
	// Ready is polled after a start until it returns nil.
	Ready func(ctx context.Context) error
	// Live is polled once it is ready; the process is ended after liveFailures errors in a row. nil: not probed.
	Live func(ctx context.Context) error
	// EarlyExits is how often it may end before it was ready for the first time without WaitReady giving up on it.
	EarlyExits int
}

// Process is a component that is kept running.
type Process struct {
	spec Spec

	mu      sync.Mutex
	status  Status
	changed chan struct{}
	early   int
	ready   bool // has been ready since Start
	cancel  context.CancelFunc
	kill    bool // the end that cancel asks for is SIGKILL
	again   chan struct{}
	done    chan struct{}
}

// New makes a process that does not run yet.
func New(spec Spec) *Process {
	return &Process{
		spec:    spec,
		status:  Status{Cluster: spec.Cluster, Component: spec.Name, URL: spec.URL, State: Stopped},
		changed: make(chan struct{}),
	}
}

// Start runs the component until Stop or Kill. It does nothing when it runs already.
func (p *Process) Start() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cancel != nil {
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	p.cancel, p.kill, p.done, p.again = cancel, false, make(chan struct{}), make(chan struct{}, 1)
	p.early, p.ready = 0, false
	p.set(func(s *Status) { s.State, s.Message, s.Restarts = Starting, "", 0 })
	go p.keepRunning(ctx, p.done)
}

// Stop asks the process to end, makes it end when it does not, and waits.
func (p *Process) Stop() { p.end(false, Stopped) }

// Kill ends the process as a power cut does, and waits.
func (p *Process) Kill() { p.end(true, Killed) }

func (p *Process) end(kill bool, state State) {
	p.mu.Lock()
	cancel, done := p.cancel, p.done
	p.kill = kill
	p.mu.Unlock()
	if cancel == nil {
		return
	}
	cancel()
	<-done
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cancel = nil
	p.set(func(s *Status) { s.State, s.PID, s.Message = state, 0, "" })
}

// Restart ends the current run and starts the next one without delay.
func (p *Process) Restart() {
	p.mu.Lock()
	defer p.mu.Unlock()
	select {
	case p.again <- struct{}{}:
	default:
	}
}

// WaitReady returns when the component is ready, or with the reason why it will not be.
func (p *Process) WaitReady(ctx context.Context) error {
	for {
		p.mu.Lock()
		status, changed, early := p.status, p.changed, p.early
		p.mu.Unlock()
		switch {
		case status.State == Ready:
			return nil
		case early > p.spec.EarlyExits:
			return &ExitError{Cluster: p.spec.Cluster, Component: p.spec.Name, Exit: status.LastExit, Log: p.spec.Log, Tail: status.Tail}
		case status.State == Stopped || status.State == Killed:
			return fmt.Errorf("%s %s is %s", p.spec.Cluster, p.spec.Name, status.State)
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return fmt.Errorf("%s %s: %w", p.spec.Cluster, p.spec.Name, context.Cause(ctx))
		}
	}
}

// Status says how the component is.
func (p *Process) Status() Status {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.status
}

// Changed is closed when the status is no longer what it was when Changed was called.
func (p *Process) Changed() <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.changed
}

// set changes the status; p.mu is held.
func (p *Process) set(change func(*Status)) {
	change(&p.status)
	close(p.changed)
	p.changed = make(chan struct{})
}

func (p *Process) update(change func(*Status)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.set(change)
}

// Intervals of a run. Ready is polled often because what waits for it is a person.
const (
	readyInterval = 150 * time.Millisecond
	waitInterval  = 200 * time.Millisecond
	liveInterval  = 10 * time.Second
	liveTimeout   = 5 * time.Second
	liveFailures  = 3
	stopGrace     = 8 * time.Second
)
