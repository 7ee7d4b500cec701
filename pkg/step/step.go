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
	// Planned is what a dry run says of a step that would change something.
	Planned Status = "Planned"
)

// Step is one idempotent move of a target T.
type Step[T any] struct {
	Name string
	// ReadOnly tells that Do changes nothing, so that a dry run makes the step too.
	ReadOnly bool
	// Done observes whether the move holds already; true skips Do and Ready. Nil: never.
	Done func(ctx context.Context, t T) (bool, error)
	// Plan says what Do would do, for a dry run. Nil, or an empty text: the name says it.
	Plan func(t T) string
	// Do makes the move. Nil for a step that only waits.
	Do func(ctx context.Context, t T) error
	// Ready is polled after Do until it is true, fails, or Timeout passes; why says what is missing. Nil: ready at once.
	Ready wait.Condition[T]
	// Timeout bounds the whole step; 0 means no bound of its own.
	Timeout time.Duration
}

// Event tells that a step of a target began, what it waits for, or how it ended.
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

// On makes steps of an A from steps of a B that is found in it.
func On[A, B any](steps []Step[B], find func(A) B) []Step[A] {
	adapted := make([]Step[A], 0, len(steps))
	for _, s := range steps {
		a := Step[A]{Name: s.Name, ReadOnly: s.ReadOnly, Timeout: s.Timeout}
		if s.Done != nil {
			a.Done = func(ctx context.Context, t A) (bool, error) { return s.Done(ctx, find(t)) }
		}
		if s.Plan != nil {
			a.Plan = func(t A) string { return s.Plan(find(t)) }
		}
		if s.Do != nil {
			a.Do = func(ctx context.Context, t A) error { return s.Do(ctx, find(t)) }
		}
		if s.Ready != nil {
			a.Ready = func(ctx context.Context, t A) (bool, string, error) { return s.Ready(ctx, find(t)) }
		}
		adapted = append(adapted, a)
	}
	return adapted
}

// Says is a Plan that is the same for every target.
func Says[T any](text string) func(T) string { return func(T) string { return text } }

// DryRun turns steps into ones that change nothing: what is read-only is made, the rest says whether it would be, and what it
// would do.
func DryRun[T any](steps []Step[T]) []Step[T] {
	planned := make([]Step[T], 0, len(steps))
	for _, s := range steps {
		if !s.ReadOnly {
			plan := s.Plan
			s.Do = func(_ context.Context, t T) error {
				if plan == nil {
					return &wouldError{}
				}
				return &wouldError{what: plan(t)}
			}
			s.Ready = nil
		}
		planned = append(planned, s)
	}
	return planned
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
		status, err := one(ctx, clock, t, telling(s, func(why string) {
			emit(Event{Target: target, Step: s.Name, Status: Running, Message: why, Elapsed: clock.Since(stepBegan)})
		}))
		ended := Event{Target: target, Step: s.Name, Status: status, Elapsed: clock.Since(stepBegan)}
		if err != nil {
			ended.Message = err.Error()
		}
		if would := (*wouldError)(nil); errors.As(err, &would) {
			err = nil
		}
		emit(ended)
		result.Steps = append(result.Steps, ended)
		if err != nil {
			result.Status, result.Step, result.Err = status, s.Name, err
			break
		}
		if status != Skipped && !s.ReadOnly {
			result.Status = status
		}
	}
	result.Elapsed = clock.Since(began)
	return result
}

// telling makes a step say what it waits for, once for each reason.
func telling[T any](s Step[T], tell func(why string)) Step[T] {
	ready, last := s.Ready, ""
	if ready == nil {
		return s
	}
	s.Ready = func(ctx context.Context, t T) (bool, string, error) {
		ok, why, err := ready(ctx, t)
		if !ok && err == nil && why != last {
			last = why
			tell(why)
		}
		return ok, why, err
	}
	return s
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
	case errors.As(err, new(*wouldError)):
		return Planned, err
	case ctx.Err() != nil:
		return Canceled, fmt.Errorf("interrupted: %w", err)
	}
	return Failed, err
}

// errHolds and wouldError are how move tells one that a step did not run; neither leaves the package.
var errHolds = errors.New("holds already")

// wouldError is what a step would do.
type wouldError struct{ what string }

func (p *wouldError) Error() string { return p.what }

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
