// Package cmdutil holds what the verbs share: flag groups, usage errors and exit codes.
package cmdutil

import (
	"context"
	"errors"
	"fmt"
)

// Exit codes of the plugin.
const (
	ExitOK       = 0
	ExitFailed   = 1
	ExitUsage    = 2
	ExitCanceled = 130 // as a shell reports a process that SIGINT ended
)

// UsageError is a wrong command line: nothing was read or changed.
type UsageError struct{ Err error }

func (e *UsageError) Error() string { return e.Err.Error() }

// Unwrap returns the cause.
func (e *UsageError) Unwrap() error { return e.Err }

// Usagef makes a UsageError.
func Usagef(format string, args ...any) error {
	return &UsageError{Err: fmt.Errorf(format, args...)}
}

// ErrReported is a failure whose details the user has seen already: only the exit code is left to set.
var ErrReported = errors.New("reported")

// Message is the one line that main prints for an error; empty when there is nothing to add.
func Message(err error) string {
	if err == nil || errors.Is(err, ErrReported) {
		return ""
	}
	var usage *UsageError
	if errors.As(err, &usage) {
		return fmt.Sprintf("error: %v\nSee 'kubectl acmdr --help' for usage.", err)
	}
	return fmt.Sprintf("error: %v", err)
}

// ExitCode maps the outcome of a run to the process's exit code.
func ExitCode(ctx context.Context, err error) int {
	var usage *UsageError
	switch {
	case err == nil:
		return ExitOK
	case errors.As(err, &usage):
		return ExitUsage
	case ctx.Err() != nil:
		return ExitCanceled
	}
	return ExitFailed
}
