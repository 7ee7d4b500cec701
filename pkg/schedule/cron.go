package schedule

import (
	"errors"
	"fmt"
	"time"

	"github.com/robfig/cron/v3"
)

// shortest is the time between two backups that five fields can say; @every takes any, also one that is negative.
const shortest = time.Minute

// ParseCron reads a cron expression exactly as Velero does (pkg/controller/schedule_controller.go), and refuses one that no time
// ever matches, and one that is more often than backups can be made.
func ParseCron(expression string) (times cron.Schedule, err error) {
	// The parser panics on some input (github.com/robfig/cron/issues/554); Velero catches it, too.
	defer func() {
		if recover() != nil {
			times, err = nil, fmt.Errorf("cron expression %q: it cannot be read", expression)
		}
	}()
	if expression == "" {
		return nil, errors.New("cron expression is empty: for example '0 */6 * * *' is every six hours")
	}
	times, err = cron.ParseStandard(expression)
	if err != nil {
		return nil, fmt.Errorf("cron expression %q: %w", expression, err)
	}
	first := times.Next(time.Unix(0, 0).UTC())
	if first.IsZero() {
		return nil, fmt.Errorf("cron expression %q: no time ever matches it", expression)
	}
	if next := times.Next(first); !next.IsZero() && next.Sub(first) < shortest {
		return nil, fmt.Errorf("cron expression %q: a backup is made once a minute at most", expression)
	}
	return times, nil
}
