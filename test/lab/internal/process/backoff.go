package process

import "time"

// The kubelet starts at 10 s and goes to 5 min; a lab is watched by somebody, so it is quicker.
const (
	backoffFirst = 200 * time.Millisecond
	backoffMax   = 15 * time.Second
	// backoffReset: a run that lasted this long was a healthy one.
	backoffReset = 5 * time.Second
)

// backoff grows while runs are short.
type backoff struct{ delay time.Duration }

func newBackoff() *backoff { return &backoff{delay: backoffFirst} }

// next gives the delay after a run that lasted so long.
func (b *backoff) next(lasted time.Duration) time.Duration {
	if lasted >= backoffReset {
		b.delay = backoffFirst
	}
	delay := b.delay
	b.delay = min(2*b.delay, backoffMax)
	return delay
}
