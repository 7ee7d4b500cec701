package journey

import (
	"context"
	"errors"
	"fmt"
	"runtime"
)

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
