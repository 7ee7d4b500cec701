package process

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

func shell(t *testing.T, script string, change ...func(*Spec)) *Process {
	t.Helper()
	dir := t.TempDir()
	spec := Spec{
		Cluster: "c", Name: "script", Log: filepath.Join(dir, "log"),
		Command: func(context.Context) (*Command, error) {
			return &Command{Path: "/bin/sh", Args: []string{"-c", script}, Env: Env(dir, dir, dir)}, nil
		},
	}
	for _, f := range change {
		f(&spec)
	}
	p := New(spec)
	t.Cleanup(p.Kill)
	return p
}

func within(t *testing.T, d time.Duration) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}

func TestWaitReadyNamesTheEndOfTheLog(t *testing.T) {
	p := shell(t, "echo one; echo address already in use; exit 3", func(s *Spec) {
		s.Ready = func(context.Context) error { return errors.New("no") }
	})
	p.Start()
	err := p.WaitReady(within(t, time.Minute))
	if _, ok := errors.AsType[*ExitError](err); !ok {
		t.Fatalf("want an ExitError, got %v", err)
	}
	for _, want := range []string{"c: script", "exit status 3", "address already in use"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is missing in %q", want, err)
		}
	}
	if strings.Contains(err.Error(), "=== lab") {
		t.Errorf("the lab's own lines do not belong in %q", err)
	}
}

func TestRestartsWhatEnds(t *testing.T) {
	p := shell(t, "exit 0", func(s *Spec) { s.EarlyExits = 1000 })
	p.Start()
	ctx := within(t, time.Minute)
	for p.Status().Restarts < 2 {
		if !sleep(ctx, 20*time.Millisecond) {
			t.Fatalf("no restarts: %+v", p.Status())
		}
	}
}

func TestWaitsForWhatItNeeds(t *testing.T) {
	missing := make(chan struct{})
	p := shell(t, "sleep 100", func(s *Spec) {
		command := s.Command
		s.Command = func(ctx context.Context) (*Command, error) {
			select {
			case <-missing:
				return command(ctx)
			default:
				return nil, errors.New("secret x not found")
			}
		}
	})
	p.Start()
	ctx := within(t, time.Minute)
	for p.Status().State != Waiting {
		if !sleep(ctx, 5*time.Millisecond) {
			t.Fatal("never waited")
		}
	}
	if got := p.Status().Message; got != "secret x not found" {
		t.Errorf("message %q", got)
	}
	close(missing)
	if err := p.WaitReady(ctx); err != nil {
		t.Fatal(err)
	}
}

func TestKillTakesChildrenAlong(t *testing.T) {
	for name, end := range map[string]func(*Process){"kill": (*Process).Kill, "stop": (*Process).Stop} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "pid")
			p := shell(t, "sleep 1000 & echo $! > "+file+".tmp; mv "+file+".tmp "+file+"; wait")
			p.Start()
			ctx := within(t, time.Minute)
			var data []byte
			for len(data) == 0 {
				if !sleep(ctx, 10*time.Millisecond) {
					t.Fatal("no child")
				}
				data, _ = os.ReadFile(file)
			}
			child, _ := strconv.Atoi(strings.TrimSpace(string(data)))
			end(p)
			for gone := false; !gone; gone = ended(child) {
				if !sleep(ctx, 10*time.Millisecond) {
					t.Fatalf("child %d is still there", child)
				}
			}
		})
	}
}

// ended: no such process, or one that only waits to be reaped.
func ended(pid int) bool {
	if syscall.Kill(pid, 0) != nil {
		return true
	}
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	return err != nil || strings.Contains(string(stat), ") Z ")
}

func TestKillOrphans(t *testing.T) {
	owner := t.TempDir()
	p := shell(t, "sleep 1000", func(s *Spec) {
		s.Command = func(context.Context) (*Command, error) {
			return &Command{Path: "/bin/sleep", Args: []string{"1000"}, Env: Env(owner, owner, owner)}, nil
		}
	})
	p.Start()
	if err := p.WaitReady(within(t, time.Minute)); err != nil {
		t.Fatal(err)
	}
	if got := KillOrphans(owner + "x"); got != 0 {
		t.Errorf("killed %d processes of another lab", got)
	}
	if got := KillOrphans(owner); got != 1 {
		t.Errorf("killed %d, want 1", got)
	}
}

func TestBackoff(t *testing.T) {
	b := newBackoff()
	var got []time.Duration
	for range 9 {
		got = append(got, b.next(time.Second))
	}
	if got[0] != backoffFirst || got[1] != 2*backoffFirst || got[8] != backoffMax {
		t.Errorf("got %v", got)
	}
	if after := b.next(time.Minute); after != backoffFirst {
		t.Errorf("after a long run %v, want %v", after, backoffFirst)
	}
}
