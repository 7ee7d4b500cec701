// Package wait polls until a condition holds. It knows no Kubernetes kind; all intervals and timeouts of the plugin
// are in timeouts.go.
package wait

import (
	"context"
	"errors"
	"fmt"
	"time"

	"k8s.io/utils/clock"
)

// Clock is the part of a clock that waiting needs; tests inject k8s.io/utils/clock/testing.
type Clock = clock.Clock

// Condition reports whether t is as wanted and, when not, why not in a few words. An error that is not Retriable ends
// the wait at once: return one only for what waiting cannot cure.
type Condition[T any] func(ctx context.Context, t T) (ok bool, why string, err error)

// TimeoutError says what was still missing when the time ran out.
type TimeoutError struct {
	After time.Duration
	Why   string
}

func (e *TimeoutError) Error() string {
	return fmt.Sprintf("timed out after %s: %s", e.After.Round(time.Second), e.Why)
}

// Until polls every Interval until the condition holds. When the context's deadline passes, the error is a
// TimeoutError with the last reason; when the context is cancelled, its cause.
func Until[T any](ctx context.Context, c Clock, t T, condition Condition[T]) error {
	began := c.Now()
	last := "not yet observed"
	for {
		ok, why, err := condition(ctx, t)
		if ok && err == nil {
			return nil
		}
		if ctx.Err() != nil {
			return ended(ctx, c.Since(began), last)
		}
		if err != nil {
			if !Retriable(err) {
				return err
			}
			why = err.Error()
		}
		last = why
		timer := c.NewTimer(Interval)
		select {
		case <-ctx.Done():
			timer.Stop()
			return ended(ctx, c.Since(began), last)
		case <-timer.C():
		}
	}
}

func ended(ctx context.Context, after time.Duration, last string) error {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return &TimeoutError{After: after, Why: last}
	}
	return fmt.Errorf("%w while waiting: %s", context.Cause(ctx), last)
}
