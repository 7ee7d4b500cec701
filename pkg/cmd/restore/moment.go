package restore

import (
	"fmt"
	"strings"
	"time"

	"github.com/acmdr/kubectl-acmdr/pkg/cmd/cmdutil"
)

// moment reads a time, or how long ago it was: 2026-11-24T22:00:00Z, "2h ago", 90m, 3d.
func moment(text string, now time.Time) (time.Time, error) {
	if at, err := time.Parse(time.RFC3339, text); err == nil {
		if at.After(now) {
			return at, fmt.Errorf("--at %s is in the future", text)
		}
		return at, nil
	}
	age, err := cmdutil.ParseAge(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(text), "ago")))
	if err != nil || age == 0 {
		return time.Time{}, fmt.Errorf(
			"--at %q is no time: write it as 2026-11-24T22:00:00Z, or how long ago, such as '2h ago', '90m ago' or '3d ago'", text)
	}
	return now.Add(-age), nil
}
