// Package preflight looks at a hub before something is done to it: what would make that fail, or go slowly or badly, as rows
// of a table. It changes nothing.
package preflight

import (
	"errors"
	"fmt"
)

// Result is how a check ended.
type Result string

// The results, as they appear in tables. What is a Fail would make the work fail; what is a Warn is for the operator to know.
const (
	Pass Result = "PASS"
	Warn Result = "WARN"
	Fail Result = "FAIL"
)

// Row is one check that was made.
type Row struct {
	// Name is what was looked at.
	Name   string
	Result Result
	// Reason is what was found; Remedy what to do about it, empty where nothing is to be done.
	Reason string
	Remedy string
}

// String is the row as one line, without its result.
func (r Row) String() string {
	if r.Remedy == "" {
		return fmt.Sprintf("%s: %s", r.Name, r.Reason)
	}
	return fmt.Sprintf("%s: %s: %s", r.Name, r.Reason, r.Remedy)
}

// Passed is a row of which nothing is to be done.
func Passed(name, reason string, args ...any) Row {
	return Row{Name: name, Result: Pass, Reason: fmt.Sprintf(reason, args...)}
}

// Err is an error with every row that failed; nil when none did.
func Err(rows []Row) error {
	var failed []error
	for _, row := range rows {
		if row.Result == Fail {
			failed = append(failed, errors.New(row.String()))
		}
	}
	return errors.Join(failed...)
}

// Few names a few of many.
func Few(names []string) string {
	const shown = 5
	text := ""
	for i, name := range names {
		if i == shown {
			return fmt.Sprintf("%s and %d more", text, len(names)-shown)
		}
		if i > 0 {
			text += ", "
		}
		text += name
	}
	return text
}
