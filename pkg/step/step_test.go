package step

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"k8s.io/utils/clock"
	clocktesting "k8s.io/utils/clock/testing"

	"github.com/acmdr/kubectl-acmdr/pkg/wait"
)

var errBroken = errors.New("broken")

// target records which functions of its steps were called.
type target struct{ calls []string }

func (t *target) called(what string) { t.calls = append(t.calls, what) }

func done(name string, holds bool, err error) func(context.Context, *target) (bool, error) {
	return func(_ context.Context, t *target) (bool, error) {
		t.called(name + ".done")
		return holds, err
	}
}

func do(name string, err error) func(context.Context, *target) error {
	return func(_ context.Context, t *target) error {
		t.called(name + ".do")
		return err
	}
}

func ready(name string, reasons ...string) wait.Condition[*target] {
	look := 0
	return func(_ context.Context, t *target) (bool, string, error) {
		t.called(name + ".ready")
		if look++; look <= len(reasons) {
			return false, reasons[look-1], nil
		}
		return true, "", nil
	}
}

func TestRun(t *testing.T) {
	whole := func(name string) Step[*target] {
		return Step[*target]{Name: name, Done: done(name, false, nil), Do: do(name, nil), Ready: ready(name)}
	}
	tests := []struct {
		name   string
		steps  []Step[*target]
		status Status
		step   string
		err    error
		calls  string
		ended  []Status
	}{
		{name: "nothing to do", status: Skipped},
		{
			name: "a step is observed, made and waited for", steps: []Step[*target]{whole("a")},
			status: Done, calls: "a.done a.do a.ready", ended: []Status{Done},
		},
		{
			name:   "a step that holds is not made",
			steps:  []Step[*target]{{Name: "a", Done: done("a", true, nil), Do: do("a", nil), Ready: ready("a")}},
			status: Skipped, calls: "a.done", ended: []Status{Skipped},
		},
		{
			name: "one change is enough to be done", steps: []Step[*target]{{Name: "a", Done: done("a", true, nil)}, whole("b")},
			status: Done, calls: "a.done b.done b.do b.ready", ended: []Status{Skipped, Done},
		},
		{
			name:   "a change stays when later steps hold",
			steps:  []Step[*target]{whole("a"), {Name: "b", Done: done("b", true, nil)}},
			status: Done, calls: "a.done a.do a.ready b.done", ended: []Status{Done, Skipped},
		},
		{
			name: "reading is no change", steps: []Step[*target]{{Name: "a", ReadOnly: true, Do: do("a", nil)}},
			status: Skipped, calls: "a.do", ended: []Status{Done},
		},
		{
			name: "a step of nothing", steps: []Step[*target]{{Name: "a"}}, status: Done, ended: []Status{Done},
		},
		{
			name:   "the first failure stops",
			steps:  []Step[*target]{whole("a"), {Name: "b", Do: do("b", errBroken), Ready: ready("b")}, whole("c")},
			status: Failed, step: "b", err: errBroken, calls: "a.done a.do a.ready b.do", ended: []Status{Done, Failed},
		},
		{
			name:   "a state that cannot be read is a failure, not a change",
			steps:  []Step[*target]{{Name: "a", Done: done("a", false, errBroken), Do: do("a", nil)}},
			status: Failed, step: "a", err: errBroken, calls: "a.done", ended: []Status{Failed},
		},
		{
			name:   "a failed read is a failure",
			steps:  []Step[*target]{{Name: "a", ReadOnly: true, Do: do("a", errBroken)}, whole("b")},
			status: Failed, step: "a", err: errBroken, calls: "a.do", ended: []Status{Failed},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			on := &target{}
			var events []Event
			result := Run(t.Context(), clock.RealClock{}, "c", on, test.steps, func(e Event) { events = append(events, e) })
			if result.Target != "c" || result.Status != test.status || result.Step != test.step || !errors.Is(result.Err, test.err) {
				t.Errorf("got %+v", result)
			}
			if got := strings.Join(on.calls, " "); got != test.calls {
				t.Errorf("called %q, want %q", got, test.calls)
			}
			if got := statuses(result.Steps); !slices.Equal(got, test.ended) {
				t.Errorf("steps ended %v, want %v", got, test.ended)
			}
			checkEvents(t, events, result)
		})
	}
}

// checkEvents: each step that ended was told as begun and as ended, in order.
func checkEvents(t *testing.T, events []Event, result Result) {
	t.Helper()
	var want []Event
	for _, ended := range result.Steps {
		want = append(want, Event{Target: "c", Step: ended.Step, Status: Running}, ended)
	}
	if len(events) != len(want) {
		t.Fatalf("%d events, want %d: %+v", len(events), len(want), events)
	}
	for i := range want {
		if events[i] != want[i] {
			t.Errorf("event %d is %+v, want %+v", i, events[i], want[i])
		}
	}
}

func statuses(events []Event) []Status {
	var s []Status
	for _, event := range events {
		s = append(s, event.Status)
	}
	return s
}

func TestRunWithoutEmit(t *testing.T) {
	result := Run(t.Context(), clock.RealClock{}, "c", &target{}, []Step[*target]{{Name: "a", Ready: ready("a")}}, nil)
	if result.Status != Done {
		t.Errorf("got %+v", result)
	}
}

func TestRunTellsEachReasonOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var told []string
		steps := []Step[*target]{{Name: "a", Ready: ready("a", "no CSR", "no CSR", "not signed", "no CSR")}}
		Run(t.Context(), clock.RealClock{}, "c", &target{}, steps, func(e Event) {
			if e.Status == Running && e.Message != "" {
				told = append(told, e.Message+" at "+e.Elapsed.String())
			}
		})
		want := []string{"no CSR at 0s", "not signed at 600ms", "no CSR at 900ms"}
		if !slices.Equal(told, want) {
			t.Errorf("told %q, want %q", told, want)
		}
	})
}

func TestRunTimesOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		forever := func(context.Context, *target) (bool, string, error) { return false, "no CSR", nil }
		steps := []Step[*target]{{Name: "a", Ready: forever, Timeout: time.Minute}, {Name: "b", Do: do("b", nil)}}
		on := &target{}
		result := Run(t.Context(), clock.RealClock{}, "c", on, steps, nil)
		if _, ok := errors.AsType[*wait.TimeoutError](result.Err); !ok || result.Status != Failed || result.Step != "a" {
			t.Errorf("got %+v", result)
		}
		if want := "timed out after 1m0s: no CSR"; result.Err.Error() != want || result.Steps[0].Message != want {
			t.Errorf("got %q and %q, want %q", result.Err, result.Steps[0].Message, want)
		}
		if result.Elapsed != time.Minute || len(on.calls) > 0 {
			t.Errorf("took %s and then called %v", result.Elapsed, on.calls)
		}
	})
}

// The bound of one step does not eat into that of the next.
func TestTimeoutIsPerStep(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow := func(ctx context.Context, _ *target) error {
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-time.After(50 * time.Second):
				return nil
			}
		}
		steps := []Step[*target]{{Name: "a", Do: slow, Timeout: time.Minute}, {Name: "b", Do: slow, Timeout: time.Minute}, {Name: "c", Do: slow}}
		result := Run(t.Context(), clock.RealClock{}, "c", &target{}, steps, nil)
		if result.Status != Done || result.Elapsed != 150*time.Second || result.Steps[1].Elapsed != 50*time.Second {
			t.Errorf("got %+v", result)
		}
	})
}

func TestRunCancelled(t *testing.T) {
	t.Run("before the first step", func(t *testing.T) {
		ctx, cancel := context.WithCancelCause(t.Context())
		cancel(errBroken)
		on := &target{}
		result := Run(ctx, clock.RealClock{}, "c", on, []Step[*target]{{Name: "a", Do: do("a", nil)}}, nil)
		if result.Status != Canceled || result.Step != "a" || !errors.Is(result.Err, errBroken) || len(on.calls) > 0 {
			t.Errorf("got %+v after %v", result, on.calls)
		}
	})
	t.Run("between two steps", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		on := &target{}
		last := func(context.Context, *target) error { cancel(); return nil }
		result := Run(ctx, clock.RealClock{}, "c", on, []Step[*target]{{Name: "a", Do: last}, {Name: "b", Do: do("b", nil)}}, nil)
		if result.Status != Canceled || result.Step != "b" || len(on.calls) > 0 {
			t.Errorf("got %+v after %v", result, on.calls)
		}
		if got, want := statuses(result.Steps), []Status{Done, Canceled}; !slices.Equal(got, want) {
			t.Errorf("steps ended %v, want %v", got, want)
		}
	})
	t.Run("within a step", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		interrupted := func(ctx context.Context, _ *target) error { cancel(); return ctx.Err() }
		result := Run(ctx, clock.RealClock{}, "c", &target{}, []Step[*target]{{Name: "a", Do: interrupted, Timeout: time.Minute}}, nil)
		if result.Status != Canceled || !strings.HasPrefix(result.Err.Error(), "interrupted: ") {
			t.Errorf("got %+v", result)
		}
	})
	t.Run("while waiting", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(time.Second, cancel)
			forever := func(context.Context, *target) (bool, string, error) { return false, "no CSR", nil }
			result := Run(ctx, clock.RealClock{}, "c", &target{}, []Step[*target]{{Name: "a", Ready: forever, Timeout: time.Minute}}, nil)
			if result.Status != Canceled || !strings.Contains(result.Err.Error(), "no CSR") || result.Elapsed != time.Second {
				t.Errorf("got %+v", result)
			}
		})
	})
}

func TestRunMeasuresByTheInjectedClock(t *testing.T) {
	fake := clocktesting.NewFakeClock(time.Unix(0, 0))
	for3s := func(context.Context, *target) error { fake.Step(3 * time.Second); return nil }
	result := Run(t.Context(), fake, "c", &target{}, []Step[*target]{{Name: "a", Do: for3s}, {Name: "b", Do: for3s}}, nil)
	if result.Elapsed != 6*time.Second || result.Steps[1].Elapsed != 3*time.Second {
		t.Errorf("got %+v", result)
	}
}

func TestDryRun(t *testing.T) {
	steps := DryRun([]Step[*target]{
		{Name: "read", ReadOnly: true, Do: do("read", nil), Ready: ready("read")},
		{Name: "holds", Done: done("holds", true, nil), Do: do("holds", nil)},
		{Name: "write", Done: done("write", false, nil), Do: do("write", nil), Ready: ready("write")},
		{Name: "wait", Ready: ready("wait", "never")},
	})
	on := &target{}
	result := Run(t.Context(), clock.RealClock{}, "c", on, steps, nil)
	if got, want := strings.Join(on.calls, " "), "read.do read.ready holds.done write.done"; got != want {
		t.Errorf("called %q, want %q", got, want)
	}
	if got, want := statuses(result.Steps), []Status{Done, Skipped, Planned, Planned}; !slices.Equal(got, want) {
		t.Errorf("steps ended %v, want %v", got, want)
	}
	if result.Status != Planned || result.Err != nil || result.Step != "" {
		t.Errorf("got %+v", result)
	}
}

func TestDryRunSaysWhatItWouldDo(t *testing.T) {
	steps := On(DryRun([]Step[string]{{Name: "a", Plan: Says[string]("write a"), Do: func(context.Context, string) error { return nil }},
		{Name: "b", Plan: func(target string) string { return "write b to " + target }}}), func(target string) string { return "inner " + target })
	var events []Event
	Run(t.Context(), clock.RealClock{}, "c", "c", steps, func(event Event) { events = append(events, event) })
	var told []string
	for _, event := range events {
		if event.Status == Planned {
			told = append(told, event.Step+": "+event.Message)
		}
	}
	if got, want := strings.Join(told, ", "), "a: write a, b: write b to inner c"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestDryRunLeavesTheStepsAlone(t *testing.T) {
	steps := []Step[*target]{{Name: "a", Do: do("a", nil), Ready: ready("a")}}
	DryRun(steps)
	on := &target{}
	if result := Run(t.Context(), clock.RealClock{}, "c", on, steps, nil); result.Status != Done || len(on.calls) != 2 {
		t.Errorf("got %+v after %v", result, on.calls)
	}
}

func TestDryRunOfWhatHolds(t *testing.T) {
	steps := DryRun([]Step[*target]{{Name: "a", Done: done("a", true, nil)}, {Name: "b", ReadOnly: true, Do: do("b", nil)}})
	if result := Run(t.Context(), clock.RealClock{}, "c", &target{}, steps, nil); result.Status != Skipped {
		t.Errorf("got %+v", result)
	}
}

func TestOn(t *testing.T) {
	type outer struct{ inner *target }
	find := func(o outer) *target { return o.inner }
	steps := On([]Step[*target]{
		{Name: "all", Done: done("all", false, nil), Do: do("all", nil), Ready: ready("all"), Timeout: time.Minute},
		{Name: "none", ReadOnly: true},
	}, find)
	if steps[0].Name != "all" || steps[0].Timeout != time.Minute || steps[0].ReadOnly || !steps[1].ReadOnly {
		t.Errorf("got %+v", steps)
	}
	if steps[1].Done != nil || steps[1].Do != nil || steps[1].Ready != nil {
		t.Error("a function that the step did not have was added")
	}
	on := outer{inner: &target{}}
	result := Run(t.Context(), clock.RealClock{}, "c", on, steps, nil)
	if got, want := strings.Join(on.inner.calls, " "), "all.done all.do all.ready"; got != want || result.Status != Done {
		t.Errorf("called %q, want %q; %+v", got, want, result)
	}
}
