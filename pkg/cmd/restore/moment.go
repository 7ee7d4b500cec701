package restore

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// moment reads a time, or how long ago it was: 2026-11-24T22:00:00Z, "2h ago", 90m, 3d.
func moment(text string, now time.Time) (time.Time, error) {
	if at, err := time.Parse(time.RFC3339, text); err == nil {
		if at.After(now) {
			return at, fmt.Errorf("--at %s is in the future", text)
		}
		return at, nil
	}
	ago := strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(text), "ago"))
	var days time.Duration
	if count, rest, ok := strings.Cut(ago, "d"); ok {
		// Go's durations end with hours.
		n, err := strconv.ParseUint(count, 10, 16)
		if err != nil {
			return time.Time{}, noMoment(text)
		}
		if days, ago = time.Duration(n)*24*time.Hour, rest; ago == "" {
			ago = "0"
		}
	}
	duration, err := time.ParseDuration(ago)
	if err != nil || duration < 0 || days+duration == 0 {
		return time.Time{}, noMoment(text)
	}
	return now.Add(-days - duration), nil
}

func noMoment(text string) error {
	return fmt.Errorf("--at %q is no time: write it as 2026-11-24T22:00:00Z, or how long ago, such as '2h ago', '90m ago' or '3d ago'", text)
}
