package cmdutil

import (
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

// errAge tells how an age is written.
var errAge = errors.New("write it as 90m, 8h or 7d")

// ParseAge reads a duration as Go writes it, with days in front, with which Go's do not begin: 90m, 8h, 7d, 1d12h.
func ParseAge(text string) (time.Duration, error) {
	var days time.Duration
	rest := text
	if count, after, ok := strings.Cut(text, "d"); ok {
		n, err := strconv.ParseUint(count, 10, 16) // so that the sum is a duration
		if err != nil || strings.HasPrefix(after, "-") {
			return 0, errAge
		}
		if days, rest = time.Duration(n)*24*time.Hour, after; rest == "" {
			return days, nil
		}
	}
	duration, err := time.ParseDuration(rest)
	if err != nil || duration+days < days {
		return 0, errAge
	}
	return days + duration, nil
}

// age is the value of a flag that takes days, too. The zero value of what it sets means that it was not given.
type age struct {
	*time.Duration
	zero bool
}

// Set reads what was typed.
func (a age) Set(text string) error {
	parsed, err := ParseAge(text)
	switch {
	case err != nil:
		return err
	case parsed == 0 && !a.zero:
		return errors.New("it must be more than 0")
	}
	*a.Duration = parsed
	return nil
}

// Type is what help and completion take it for.
func (age) Type() string { return "duration" }

// AddAge registers a flag for an age, a length of time that is often some days; 0 is none.
func AddAge(cmd *cobra.Command, to *time.Duration, name, usage string) {
	cmd.Flags().Var(age{Duration: to}, name, usage)
}

// AddAgeOrZero is AddAge where 0 is one.
func AddAgeOrZero(cmd *cobra.Command, to *time.Duration, name, usage string) {
	cmd.Flags().Var(age{Duration: to, zero: true}, name, usage)
}
