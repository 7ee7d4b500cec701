package process

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"time"
)

// keepRunning starts the component again and again until ctx ends.
func (p *Process) keepRunning(ctx context.Context, done chan struct{}) {
	defer close(done)
	delay := newBackoff()
	for ctx.Err() == nil {
		p.restartAsked() // what is started now is up to date
		command, err := p.spec.Command(ctx)
		if err != nil {
			p.update(func(s *Status) { s.State, s.PID, s.Message = Waiting, 0, err.Error() })
			sleep(ctx, waitInterval)
			continue
		}
		began := time.Now()
		exit, tail, asked := p.runOnce(ctx, command)
		if ctx.Err() != nil {
			return
		}
		p.mu.Lock()
		if !p.ready {
			p.early++
		}
		p.set(func(s *Status) {
			s.State, s.PID, s.Message, s.LastExit, s.Tail = BackOff, 0, exit, exit, tail
			s.Restarts++
		})
		p.mu.Unlock()
		if asked {
			continue
		}
		select {
		case <-time.After(delay.next(time.Since(began))):
		case <-p.again:
		case <-ctx.Done():
		}
	}
}

// restartAsked takes back a request for a restart.
func (p *Process) restartAsked() bool {
	select {
	case <-p.again:
		return true
	default:
		return false
	}
}

// runOnce starts the process and returns when it has ended: how, with which last words, and whether we asked for it.
func (p *Process) runOnce(ctx context.Context, command *Command) (exit string, tail []string, asked bool) {
	log, err := openLog(p.spec.Log)
	if err != nil {
		return err.Error(), nil, false
	}
	defer log.close()
	cmd := exec.Command(command.Path, command.Args...)
	cmd.Env = command.Env
	cmd.Stdout, cmd.Stderr = log.file, log.file
	// Its own process group, so that a signal from the terminal misses it and a kill takes its children (Velero's
	// plugins) along; the death signal, so that it ends when the supervisor is killed.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		return err.Error(), []string{err.Error()}, false
	}
	log.note("started as process %d", cmd.Process.Pid)
	p.update(func(s *Status) {
		s.State, s.PID, s.Message, s.Started = Starting, cmd.Process.Pid, "", time.Now()
	})

	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	probes, stopProbes := context.WithCancel(ctx)
	defer stopProbes()
	unhealthy := make(chan error, 1)
	go p.probe(probes, unhealthy)

	select {
	case err = <-ended:
	case <-ctx.Done():
		err = p.terminate(cmd, ended)
	case <-p.again:
		asked = true
		err = p.terminate(cmd, ended)
	case reason := <-unhealthy:
		log.note("not live: %v", reason)
		err = p.terminate(cmd, ended)
	}
	// Children that it left behind.
	_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
	exit = describe(err)
	log.note("ended: %s", exit)
	return exit, log.tail(), asked
}

// terminate ends the process: at once when killing, with time to tidy up otherwise.
func (p *Process) terminate(cmd *exec.Cmd, ended <-chan error) error {
	p.mu.Lock()
	kill := p.kill
	p.mu.Unlock()
	group := -cmd.Process.Pid
	if kill {
		_ = syscall.Kill(group, syscall.SIGKILL)
		return <-ended
	}
	_ = cmd.Process.Signal(syscall.SIGTERM)
	select {
	case err := <-ended:
		return err
	case <-time.After(stopGrace):
		_ = syscall.Kill(group, syscall.SIGKILL)
		return <-ended
	}
}

// probe waits for readiness, then watches liveness.
func (p *Process) probe(ctx context.Context, unhealthy chan<- error) {
	for p.spec.Ready != nil && p.spec.Ready(ctx) != nil {
		if !sleep(ctx, readyInterval) {
			return
		}
	}
	p.mu.Lock()
	if ctx.Err() == nil {
		p.ready = true
		p.set(func(s *Status) { s.State = Ready })
	}
	p.mu.Unlock()
	failures := 0
	for p.spec.Live != nil && sleep(ctx, liveInterval) {
		once, cancel := context.WithTimeout(ctx, liveTimeout)
		err := p.spec.Live(once)
		cancel()
		if err == nil {
			failures = 0
			continue
		}
		failures++
		if failures == liveFailures && ctx.Err() == nil {
			unhealthy <- err
			return
		}
	}
}

func describe(err error) string {
	if err == nil {
		return "exit status 0"
	}
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return exit.String()
	}
	return err.Error()
}

// sleep reports false when ctx ended first.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// Env is the whole environment of a component: nothing of the user's own (proxies, kubeconfigs, cloud credentials) may
// reach it.
func Env(owner, home, tmp string, more ...string) []string {
	return append([]string{
		fmt.Sprintf("%s=%s", ownerVariable, owner),
		"PATH=/usr/local/bin:/usr/bin:/bin",
		"HOME=" + home,
		"TMPDIR=" + tmp,
	}, more...)
}

// MakeDirs creates folders that only their owner may read.
func MakeDirs(dirs ...string) error {
	for _, dir := range dirs {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return err
		}
	}
	return nil
}

// FreshDir makes an empty folder: what an earlier run left in its TMPDIR is gone, as it is in a new container.
func FreshDir(dir string) error {
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	return MakeDirs(dir)
}
