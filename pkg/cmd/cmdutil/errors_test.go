package cmdutil_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/spf13/cobra"

	"github.com/acmdr/kubectl-acmdr/pkg/cmd/cmdutil"
	"github.com/acmdr/kubectl-acmdr/pkg/factory"
)

func TestMessageAndExitCode(t *testing.T) {
	cause := errors.New("cause")
	tests := []struct {
		name     string
		err      error
		canceled bool
		message  string
		code     int
	}{
		{name: "done", code: cmdutil.ExitOK},
		{name: "done as it was interrupted", canceled: true, code: cmdutil.ExitOK},
		{name: "failed", err: cause, message: "error: cause", code: cmdutil.ExitFailed},
		{name: "reported", err: cmdutil.ErrReported, code: cmdutil.ExitFailed},
		{name: "reported with a cause", err: fmt.Errorf("c1: %w", cmdutil.ErrReported), code: cmdutil.ExitFailed},
		{name: "usage", err: cmdutil.Usagef("--parallel must be at least 1, not %d", 0),
			message: "error: --parallel must be at least 1, not 0 (see 'kubectl acmdr verb --help')", code: cmdutil.ExitUsage},
		{name: "wrapped usage", err: fmt.Errorf("flags: %w", cmdutil.Usagef("no")), message: "error: flags: no (see 'kubectl acmdr verb --help')",
			code: cmdutil.ExitUsage},
		{name: "the kubeconfig's flags", err: fmt.Errorf("old hub: %w", &factory.FlagError{Flag: "old-hub-context", Reason: "is none"}),
			message: "error: old hub: --old-hub-context is none (see 'kubectl acmdr verb --help')", code: cmdutil.ExitUsage},
		{name: "interrupted", err: cmdutil.ErrReported, canceled: true, code: cmdutil.ExitCanceled},
		{name: "interrupted before it began", err: context.Canceled, canceled: true, message: "error: context canceled", code: cmdutil.ExitCanceled},
		{name: "usage, then interrupted", err: cmdutil.Usagef("no"), canceled: true, message: "error: no (see 'kubectl acmdr verb --help')",
			code: cmdutil.ExitUsage},
		{name: "several causes are one line", err: errors.Join(cause, errors.New("another")), message: "error: cause; another",
			code: cmdutil.ExitFailed},
	}
	verb := &cobra.Command{Use: "verb"}
	root := &cobra.Command{Use: "kubectl-acmdr", Annotations: map[string]string{cobra.CommandDisplayNameAnnotation: "kubectl acmdr"}}
	root.AddCommand(verb)
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			if test.canceled {
				cancel()
			}
			if got := cmdutil.Message(verb, test.err); got != test.message {
				t.Errorf("message %q, want %q", got, test.message)
			}
			if got := cmdutil.ExitCode(ctx, test.err); got != test.code {
				t.Errorf("exit code %d, want %d", got, test.code)
			}
		})
	}
}

func TestUsagefKeepsTheCause(t *testing.T) {
	cause := errors.New("cause")
	if err := cmdutil.Usagef("--file: %w", cause); !errors.Is(err, cause) {
		t.Errorf("error %v", err)
	}
}
