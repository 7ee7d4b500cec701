package supervisor

import (
	"context"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/acmdr/kubectl-acmdr/test/lab/internal/control"
)

// journal keeps what happened during `up`, for clients that come to watch at any time.
type journal struct {
	began time.Time
	log   io.Writer

	mu     sync.Mutex
	events []control.Event
	more   chan struct{}
}

func newJournal(log io.Writer) *journal {
	return &journal{began: time.Now(), log: log, more: make(chan struct{})}
}

// Logf adds a line, with the time since the start.
func (j *journal) Logf(format string, args ...any) {
	j.add(control.Event{Text: fmt.Sprintf("%6.1fs  %s", time.Since(j.began).Seconds(), fmt.Sprintf(format, args...))})
}

// finish adds the last event.
func (j *journal) finish(err error) {
	event := control.Event{Done: true}
	if err != nil {
		event.Error = err.Error()
	}
	j.add(event)
}

func (j *journal) add(event control.Event) {
	j.mu.Lock()
	defer j.mu.Unlock()
	_, _ = fmt.Fprintln(j.log, time.Now().Format(time.RFC3339), event.Text, event.Error)
	j.events = append(j.events, event)
	close(j.more)
	j.more = make(chan struct{})
}

// follow sends all events from the first one until the last one.
func (j *journal) follow(ctx context.Context, send func(control.Event) error) error {
	for next := 0; ; {
		j.mu.Lock()
		events, more := j.events[next:], j.more
		j.mu.Unlock()
		for _, event := range events {
			if err := send(event); err != nil || event.Done {
				return err
			}
			next++
		}
		select {
		case <-more:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
