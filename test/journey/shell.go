package journey

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Shell runs commands in an environment that holds nothing of the machine's own.
type Shell struct {
	Env  []string
	Dir  string
	Echo io.Writer
}

// With returns a shell with some variables set differently.
func (s *Shell) With(env ...string) *Shell {
	return &Shell{Env: append(append([]string{}, s.Env...), env...), Dir: s.Dir, Echo: s.Echo}
}

// Run runs a command to its end.
func (s *Shell) Run(t TB, name string, args ...string) *Result {
	t.Helper()
	return s.Start(t, name, args...).Wait(t)
}

// Process is a command that runs.
type Process struct {
	cmd    *exec.Cmd
	result *Result
	out    *output
	err    *output
	began  time.Time
	cancel context.CancelFunc
}

// Start starts a command; its standard input is empty.
func (s *Shell) Start(t TB, name string, args ...string) *Process {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	p := &Process{
		result: &Result{Line: line(name, args)},
		out:    &output{echo: s.Echo}, err: &output{echo: s.Echo}, began: time.Now(), cancel: cancel,
	}
	if s.Echo != nil {
		// Who watches sees both streams as one, in the order in which they were written.
		p.err = p.out
		fmt.Fprintf(s.Echo, "\n$ %s\n", p.result.Line)
	}
	path, err := s.find(name)
	if err != nil {
		t.Fatalf("%v", err)
	}
	p.cmd = exec.CommandContext(ctx, path, args...)
	p.cmd.Args[0] = name
	p.cmd.Env, p.cmd.Dir = s.Env, s.Dir
	p.cmd.Stdout, p.cmd.Stderr = p.out, p.err
	// An interrupted journey interrupts its command as a terminal does, and gives it time to say where it stopped.
	p.cmd.Cancel = func() error { return p.cmd.Process.Signal(syscall.SIGINT) }
	p.cmd.WaitDelay = 10 * time.Second
	if err := p.cmd.Start(); err != nil {
		t.Fatalf("%s: %v", p.result.Line, err)
	}
	return p
}

// find looks a program up on the shell's own PATH.
func (s *Shell) find(name string) (string, error) {
	for _, variable := range slices.Backward(s.Env) {
		list, ok := strings.CutPrefix(variable, "PATH=")
		if !ok {
			continue
		}
		for dir := range strings.SplitSeq(list, ":") {
			if path, err := exec.LookPath(dir + "/" + name); err == nil {
				return path, nil
			}
		}
		break
	}
	return "", fmt.Errorf("%s is not on the shell's PATH", name)
}

// Interrupt sends what Ctrl-C sends.
func (p *Process) Interrupt(t TB) {
	t.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatalf("%s: %v", p.result.Line, err)
	}
}

// Kill ends the command at once, as a machine that loses power does.
func (p *Process) Kill() {
	_ = p.cmd.Process.Kill() // it may have ended by itself
}

// Stderr is what the command has said so far.
func (p *Process) Stderr() string { return p.err.String() }

// Wait waits for the command's end.
func (p *Process) Wait(t TB) *Result {
	t.Helper()
	defer p.cancel()
	err := p.cmd.Wait()
	if exited := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exited) {
		t.Fatalf("%s: %v", p.result.Line, err)
	}
	p.result.t = t
	p.result.Code = p.cmd.ProcessState.ExitCode()
	p.result.Stdout, p.result.Stderr = p.out.String(), p.err.String()
	p.result.Took = time.Since(p.began)
	t.Logf("%s: exit code %d after %.1fs", p.result.Line, p.result.Code, p.result.Took.Seconds())
	return p.result
}

// line is a command as a user types it.
func line(name string, args []string) string {
	words := []string{name}
	for _, arg := range args {
		if arg == "" || strings.ContainsAny(arg, " '\"$&|<>*?(){}[];") {
			arg = "'" + strings.ReplaceAll(arg, "'", `'\''`) + "'"
		}
		words = append(words, arg)
	}
	return strings.Join(words, " ")
}

// output keeps what a command writes and shows it as it comes.
type output struct {
	mu   sync.Mutex
	kept bytes.Buffer
	echo io.Writer
}

func (o *output) Write(data []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.echo != nil {
		_, _ = o.echo.Write(data)
	}
	return o.kept.Write(data)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.kept.String()
}
