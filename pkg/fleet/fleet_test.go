package fleet

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/acmdr/kubectl-acmdr/pkg/step"
)

func targets(n int) []string {
	names := make([]string, 0, n)
	for i := range n {
		names = append(names, fmt.Sprintf("c%d", i))
	}
	return names
}

func TestRunBoundsParallelismAndKeepsOrder(t *testing.T) {
	tests := []struct {
		parallel, targets int
		wantPeak          int
		wantAfter         time.Duration
	}{
		{parallel: 3, targets: 9, wantPeak: 3, wantAfter: 3 * time.Second},
		{parallel: 1, targets: 4, wantPeak: 1, wantAfter: 4 * time.Second},
		{parallel: 50, targets: 7, wantPeak: 7, wantAfter: time.Second},
		{parallel: 0, targets: 3, wantPeak: 1, wantAfter: 3 * time.Second},
		{parallel: -1, targets: 2, wantPeak: 1, wantAfter: 2 * time.Second},
		{parallel: 5, targets: 0},
	}
	for _, test := range tests {
		t.Run(fmt.Sprintf("%d of %d", test.parallel, test.targets), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var mu sync.Mutex
				running, peak := 0, 0
				count := func(change int) {
					mu.Lock()
					defer mu.Unlock()
					running += change
					peak = max(peak, running)
				}
				began := time.Now()
				results := Run(t.Context(), targets(test.targets), test.parallel, func(_ context.Context, name string) step.Result {
					count(1)
					<-time.After(time.Second)
					count(-1)
					return step.Result{Target: name}
				})
				if len(results) != test.targets {
					t.Fatalf("%d results of %d targets", len(results), test.targets)
				}
				for i, result := range results {
					if want := fmt.Sprintf("c%d", i); result.Target != want {
						t.Errorf("result %d is of %s, want %s", i, result.Target, want)
					}
				}
				if peak != test.wantPeak {
					t.Errorf("%d at a time, want %d", peak, test.wantPeak)
				}
				if after := time.Since(began); after != test.wantAfter {
					t.Errorf("took %s, want %s", after, test.wantAfter)
				}
			})
		})
	}
}

func TestRunGoesOnAfterAFailure(t *testing.T) {
	broken := errors.New("unreachable")
	results := Run(t.Context(), targets(5), 2, func(_ context.Context, name string) step.Result {
		if name == "c1" {
			return step.Result{Target: name, Status: step.Failed, Err: broken}
		}
		return step.Result{Target: name, Status: step.Done}
	})
	for _, result := range results {
		want := step.Done
		if result.Target == "c1" {
			want = step.Failed
		}
		if result.Status != want {
			t.Errorf("%s is %s, want %s", result.Target, result.Status, want)
		}
	}
}

// Every target has a result, so that the report names those that a Ctrl-C left out.
func TestRunPassesCancelledTargetsToTheUnit(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	results := Run(ctx, targets(4), 1, func(ctx context.Context, name string) step.Result {
		if name == "c1" {
			cancel()
		}
		if ctx.Err() != nil {
			return step.Result{Target: name, Status: step.Canceled}
		}
		return step.Result{Target: name, Status: step.Done}
	})
	for i, want := range []step.Status{step.Done, step.Canceled, step.Canceled, step.Canceled} {
		if results[i].Status != want {
			t.Errorf("%s is %s, want %s", results[i].Target, results[i].Status, want)
		}
	}
}
