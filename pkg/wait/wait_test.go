package wait

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/utils/clock"
	clocktesting "k8s.io/utils/clock/testing"
)

var errBroken = errors.New("broken")

var resource = schema.GroupResource{Resource: "secrets"}

// look is what a condition answers once.
type look struct {
	ok  bool
	why string
	err error
}

// script answers with one look after the other, and with the last one for ever.
func script(looks ...look) (condition Condition[string], count *int) {
	count = new(int)
	return func(context.Context, string) (bool, string, error) {
		l := looks[min(*count, len(looks)-1)]
		*count++
		return l.ok, l.why, l.err
	}, count
}

func TestUntil(t *testing.T) {
	missing := apierrors.NewNotFound(resource, "a")
	tests := []struct {
		name    string
		looks   []look
		timeout time.Duration
		// want is the error; empty for none.
		want      string
		wantLooks int
		wantAfter time.Duration
	}{
		{name: "holds at once", looks: []look{{ok: true}}, wantLooks: 1},
		{
			name: "holds at the third look", looks: []look{{why: "a"}, {why: "b"}, {ok: true}},
			wantLooks: 3, wantAfter: 2 * Interval,
		},
		{
			name:      "overload and a restart of the API pass",
			looks:     []look{{err: apierrors.NewTooManyRequests("slow down", 1)}, {err: apierrors.NewInternalError(errBroken)}, {ok: true}},
			wantLooks: 3, wantAfter: 2 * Interval,
		},
		{
			name: "an error that waiting cannot cure ends it", looks: []look{{why: "a"}, {err: missing}},
			want: missing.Error(), wantLooks: 2, wantAfter: Interval,
		},
		{
			name: "ok with an error is not ok", looks: []look{{ok: true, err: missing}}, want: missing.Error(), wantLooks: 1,
		},
		{
			name: "the deadline passes", looks: []look{{why: "no lease"}, {why: "no renewal"}}, timeout: 2 * time.Second,
			want: "timed out after 2s: no renewal", wantLooks: 7, wantAfter: 2 * time.Second,
		},
		{
			name: "the deadline passes while the API is down", timeout: time.Second,
			looks: []look{{err: apierrors.NewServiceUnavailable("starting")}}, want: "timed out after 1s: starting", wantLooks: 4,
			wantAfter: time.Second,
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx := t.Context()
				if test.timeout > 0 {
					var cancel context.CancelFunc
					ctx, cancel = context.WithTimeout(ctx, test.timeout)
					defer cancel()
				}
				condition, count := script(test.looks...)
				began := time.Now()
				err := Until(ctx, clock.RealClock{}, "c", condition)
				if got := message(err); got != test.want {
					t.Errorf("error %q, want %q", got, test.want)
				}
				if *count != test.wantLooks {
					t.Errorf("%d looks, want %d", *count, test.wantLooks)
				}
				if after := time.Since(began); after != test.wantAfter {
					t.Errorf("returned after %s, want %s", after, test.wantAfter)
				}
			})
		})
	}
}

// The reason of the last look that was answered is told, not that of the look which the deadline cut off.
func TestUntilKeepsTheReasonOfTheLastAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		looks := 0
		err := Until(ctx, clock.RealClock{}, "c", func(ctx context.Context, _ string) (bool, string, error) {
			if looks++; looks == 1 {
				return false, "no lease", nil
			}
			<-ctx.Done()
			return false, "", ctx.Err()
		})
		timeout, ok := errors.AsType[*TimeoutError](err)
		if !ok || timeout.Why != "no lease" || timeout.After != time.Second {
			t.Errorf("got %#v", err)
		}
	})
}

func TestUntilBeforeAnyAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		err := Until(ctx, clock.RealClock{}, "c", func(ctx context.Context, _ string) (bool, string, error) {
			<-ctx.Done()
			return false, "", ctx.Err()
		})
		if got, want := message(err), "timed out after 1s: not yet observed"; got != want {
			t.Errorf("error %q, want %q", got, want)
		}
	})
}

// With an injected clock nothing passes by itself: a poll happens exactly when the interval is over.
func TestUntilPollsByTheInjectedClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake := clocktesting.NewFakeClock(time.Unix(0, 0))
		condition, count := script(look{why: "a"}, look{why: "b"}, look{ok: true})
		done := make(chan error, 1)
		go func() { done <- Until(t.Context(), fake, "c", condition) }()
		for want := 1; want <= 2; want++ {
			synctest.Wait()
			fake.Step(Interval - time.Nanosecond)
			synctest.Wait()
			if *count != want {
				t.Fatalf("%d looks before the interval is over, want %d", *count, want)
			}
			fake.Step(time.Nanosecond)
		}
		if err := <-done; err != nil || *count != 3 {
			t.Errorf("%d looks, error %v", *count, err)
		}
	})
}

func TestUntilCancelled(t *testing.T) {
	cause := errors.New("the user pressed Ctrl-C")
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(time.Second, func() { cancel(cause) })
		condition, _ := script(look{why: "no lease"})
		err := Until(ctx, clock.RealClock{}, "c", condition)
		if !errors.Is(err, cause) || !strings.Contains(err.Error(), "no lease") {
			t.Errorf("got %v", err)
		}
		if _, ok := errors.AsType[*TimeoutError](err); ok {
			t.Error("a cancelled wait counts as timed out")
		}
	})
}

func TestRetriable(t *testing.T) {
	tests := []struct {
		name string
		err  error
		want bool
	}{
		{"no error", nil, false},
		{"429", apierrors.NewTooManyRequests("", 1), true},
		{"500", apierrors.NewInternalError(errBroken), true},
		{"503", apierrors.NewServiceUnavailable(""), true},
		{"504", apierrors.NewServerTimeout(resource, "get", 1), true},
		{"timeout of the API", apierrors.NewTimeoutError("", 1), true},
		{"conflict", apierrors.NewConflict(resource, "a", errBroken), true},
		{"wrapped conflict", fmt.Errorf("updating: %w", apierrors.NewConflict(resource, "a", errBroken)), true},
		{"connection refused", &url.Error{Op: "Get", Err: syscall.ECONNREFUSED}, true},
		{"connection reset", syscall.ECONNRESET, true},
		{"EOF", &url.Error{Op: "Get", Err: io.EOF}, true},
		{"cut off", io.ErrUnexpectedEOF, true},
		{"timeout of the network", &url.Error{Op: "Get", Err: timedOut{}}, true},
		{"404", apierrors.NewNotFound(resource, "a"), false},
		{"403", apierrors.NewForbidden(resource, "a", errBroken), false},
		{"401", apierrors.NewUnauthorized(""), false},
		{"400", apierrors.NewBadRequest(""), false},
		{"409 exists", apierrors.NewAlreadyExists(resource, "a"), false},
		{"anything else", errBroken, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := Retriable(test.err); got != test.want {
				t.Errorf("got %t, want %t", got, test.want)
			}
		})
	}
}

type timedOut struct{}

func (timedOut) Error() string   { return "i/o timeout" }
func (timedOut) Timeout() bool   { return true }
func (timedOut) Temporary() bool { return true }

func message(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
