package journey

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"syscall"
)

// Command is a program that drives a lab. Interrupted or ended, it still takes the lab down; an error is told, and is exit code 1.
func Command(name string, run func(ctx context.Context) error) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx)
	stop()
	if err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", name, err)
		os.Exit(1)
	}
}

// Play runs steps without a test: a check that fails ends it, and is its error.
func Play(ctx context.Context, steps func(t TB)) error {
	p := &player{ctx: ctx}
	done := make(chan struct{})
	// A goroutine of its own can be ended from within.
	go func() {
		defer close(done)
		steps(p)
	}()
	<-done
	if ctx.Err() != nil {
		return errors.New("interrupted")
	}
	return p.failed
}

type player struct {
	ctx    context.Context //nolint:containedctx // it stands for a test, whose context it is
	failed error
}

// Helper does nothing.
func (p *player) Helper() {}

// Context is that of the whole run.
func (p *player) Context() context.Context { return p.ctx }

// Logf says nothing.
func (p *player) Logf(string, ...any) {}

// Fatalf ends the run.
func (p *player) Fatalf(format string, args ...any) {
	p.failed = fmt.Errorf(format, args...)
	runtime.Goexit()
}
