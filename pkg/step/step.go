// Package step runs the moves of one target in order. A move that holds already is skipped, so running the same
// steps again resumes where an earlier run stopped, without a state file. The package knows no Kubernetes kind.
package step

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/acmdr/kubectl-acmdr/pkg/wait"
)

// Status is where a step, or a target as a whole, stands.
type Status string

// The statuses, as they appear in tables and JSON.
const (
	Running  Status = "Running"
	Done     Status = "Done"
	Skipped  Status = "Skipped"
	Failed   Status = "Failed"
	Canceled Status = "Canceled"
)

// Step is one idempotent move of a target T.
type Step[T any] struct {
	Name string
	// Done observes whether the move holds already; true skips Do and Ready. Nil: never.
	Done func(ctx context.Context, t T) (bool, error)
	// Do makes the move. Nil for a step that only waits.
	Do func(ctx context.Context, t T) error
	// Ready is polled after Do until it is true, fails, or Timeout passes; why says what is missing. Nil: ready at once.
	Ready wait.Condition[T]
	// Timeout bounds the whole step; 0 means no bound of its own.
	Timeout time.Duration
}

// Event tells that a step of a target began or ended.
type Event struct {
	Target  string
	Step    string
	Status  Status
	Message string
	Elapsed time.Duration
}

// Result is how one target ended.
type Result struct {
	Target string
	Status Status
	// Step is the one that failed or was cancelled; empty when all steps hold.
	Step    string
	Err     error
	Elapsed time.Duration
	// Steps are the steps that ended, in order.
	Steps []Event
}

// Run makes the steps of one target in order and stops at the first that fails. emit may be nil.
func Run[T any](ctx context.Context, clock wait.Clock, target string, t T, steps []Step[T], emit func(Event)) Result {
	if emit == nil {
		emit = func(Event) {}
	}
	began := clock.Now()
	result := Result{Target: target, Status: Skipped}
	for _, s := range steps {
		emit(Event{Target: target, Step: s.Name, Status: Running})
		stepBegan := clock.Now()
		status, err := one(ctx, clock, t, s)
		ended := Event{Target: target, Step: s.Name, Status: status, Elapsed: clock.Since(stepBegan)}
		if err != nil {
			ended.Message = err.Error()
		}
		emit(ended)
		result.Steps = append(result.Steps, ended)
		if err != nil {
			result.Status, result.Step, result.Err = status, s.Name, err
			break
		}
		if status == Done {
			result.Status = Done
		}
	}
	result.Elapsed = clock.Since(began)
	return result
}

func one[T any](ctx context.Context, clock wait.Clock, t T, s Step[T]) (Status, error) {
	if err := ctx.Err(); err != nil {
		return Canceled, context.Cause(ctx)
	}
	stepCtx := ctx
	if s.Timeout > 0 {
		var cancel context.CancelFunc
		stepCtx, cancel = context.WithTimeout(ctx, s.Timeout)
		defer cancel()
	}
	err := move(stepCtx, clock, t, s)
	switch {
	case err == nil:
		return Done, nil
	case errors.Is(err, errHolds):
		return Skipped, nil
	case ctx.Err() != nil:
		return Canceled, fmt.Errorf("interrupted: %w", err)
	}
	return Failed, err
}

var errHolds = errors.New("holds already")

func move[T any](ctx context.Context, clock wait.Clock, t T, s Step[T]) error {
	if s.Done != nil {
		holds, err := s.Done(ctx, t)
		if err != nil {
			return err
		}
		if holds {
			return errHolds
		}
	}
	if s.Do != nil {
		if err := s.Do(ctx, t); err != nil {
			return err
		}
	}
	if s.Ready != nil {
		return wait.Until(ctx, clock, t, s.Ready)
	}
	return nil
}
