package restore

import (
	"testing"
	"time"
)

func TestMoment(t *testing.T) {
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	for text, want := range map[string]time.Time{
		"2026-11-24T10:00:00Z":      now.Add(-2 * time.Hour),
		"2026-11-24T10:00:00+02:00": now.Add(-4 * time.Hour),
		"2h ago":                    now.Add(-2 * time.Hour),
		"90m":                       now.Add(-90 * time.Minute),
		" 3d  ago ":                 now.Add(-72 * time.Hour),
		"1d12h ago":                 now.Add(-36 * time.Hour),
	} {
		if got, err := moment(text, now); err != nil || !got.Equal(want) {
			t.Errorf("%q: got %v, %v, want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "ago", "yesterday", "-2h", "xd", "1.5d", "0s ago", "2026-11-24", "2026-11-24T13:00:00Z", "2h d"} {
		if got, err := moment(text, now); err == nil {
			t.Errorf("%q was taken for %v", text, got)
		}
	}
}
