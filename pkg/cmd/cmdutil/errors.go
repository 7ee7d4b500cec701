// Package cmdutil holds what the verbs share: flag groups, usage errors and exit codes.
package cmdutil

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/acmdr/kubectl-acmdr/pkg/factory"
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

// isUsage tells whether the command line was wrong: the verb's part of it, or what it says of the kubeconfig.
func isUsage(err error) bool {
	_, verb := errors.AsType[*UsageError](err)
	_, kubeconfig := errors.AsType[*factory.FlagError](err)
	return verb || kubeconfig
}

// ErrReported is a failure whose details the user has seen already: only the exit code is left to set.
var ErrReported = errors.New("reported")

// Message is the one line that main prints for an error of a command; empty when there is nothing to add.
func Message(cmd *cobra.Command, err error) string {
	if err == nil || errors.Is(err, ErrReported) {
		return ""
	}
	text := "error: " + OnHub(strings.ReplaceAll(err.Error(), "\n", "; "), ThisHub(cmd))
	if isUsage(err) {
		text += fmt.Sprintf(" (see '%s --help')", displayPath(cmd))
	}
	words := strings.Fields(displayPath(cmd))
	if len(words) > 2 {
		if allowed := allowing(err, strings.Join(words[:2], " "), words[2]); allowed != "" {
			text += "; " + allowed
		}
	}
	return text
}

// displayPath is the command's path as the user types it, below kubectl or oc.
func displayPath(cmd *cobra.Command) string {
	path := cmd.CommandPath()
	if display := cmd.Root().Annotations[cobra.CommandDisplayNameAnnotation]; display != "" {
		path = strings.Replace(path, cmd.Root().Name(), display, 1)
	}
	return path
}

// ExitCode maps the outcome of a run to the process's exit code.
func ExitCode(ctx context.Context, err error) int {
	switch {
	case err == nil:
		return ExitOK
	case isUsage(err):
		return ExitUsage
	case ctx.Err() != nil:
		return ExitCanceled
	}
	return ExitFailed
}
