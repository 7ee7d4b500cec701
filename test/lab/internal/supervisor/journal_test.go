package supervisor

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/acmdr/kubectl-acmdr/test/lab/internal/control"
)

func TestJournalIsSeenFromItsBeginning(t *testing.T) {
	j := newJournal(io.Discard)
	j.Logf("one")
	seen := make(chan string, 10)
	ended := make(chan error, 1)
	go func() {
		ended <- j.follow(t.Context(), func(event control.Event) error {
			seen <- event.Text + event.Error
			return nil
		})
	}()
	if got := <-seen; !strings.HasSuffix(got, "one") {
		t.Errorf("first %q", got)
	}
	j.Logf("two %d", 2)
	if got := <-seen; !strings.HasSuffix(got, "two 2") {
		t.Errorf("second %q", got)
	}
	j.finish(errors.New("etcd died"))
	if got := <-seen; got != "etcd died" {
		t.Errorf("last %q", got)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func TestJournalStopsForAClientThatIsGone(t *testing.T) {
	j := newJournal(io.Discard)
	j.Logf("one")
	gone := errors.New("broken pipe")
	if err := j.follow(t.Context(), func(control.Event) error { return gone }); !errors.Is(err, gone) {
		t.Errorf("got %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if err := j.follow(ctx, func(control.Event) error { return nil }); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
}
