// Package cli is the command line of the lab.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/acmdr/kubectl-acmdr/test/lab/internal/layout"
)

// options are the flags that all verbs have.
type options struct {
	dir      string
	out, err io.Writer
}

// exitInterrupted is what a shell reports for a program that Ctrl-C ended.
const exitInterrupted = 130

// Main runs the command line and returns the exit code: 0 done, 1 failed, 2 usage, 130 interrupted.
func Main(args []string, out, errOut io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	root := newRoot(&options{out: out, err: errOut})
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return 0
	}
	_, _ = fmt.Fprintf(errOut, "lab: %v\n", err)
	var usage *usageError
	switch {
	case errors.As(err, &usage):
		return 2
	case ctx.Err() != nil:
		return exitInterrupted
	}
	return 1
}

// usageError is a wrong command line.
type usageError struct{ error }

func newRoot(o *options) *cobra.Command {
	root := &cobra.Command{
		Use:   "lab",
		Short: "Two hubs, managed clusters and an S3 server, as processes on loopback",
		Long: `lab starts the real components that kubectl-acmdr works with, without containers: etcd, kube-apiserver,
kube-controller-manager, Open Cluster Management's controller and agents, Velero and an S3 server. Everything
of a lab is in one folder and on loopback ports of its own.`,
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.SetOut(o.out)
	root.SetErr(o.err)
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return &usageError{err} })
	root.PersistentFlags().StringVar(&o.dir, "dir", "", "Folder of the lab (default $ACMDR_LAB_DIR, else ./.lab)")
	root.AddCommand(
		newBuild(o), newUp(o), newDown(o), newStatus(o), newKubeconfig(o), newKill(o), newStart(o), newEnv(o), newSupervise(o),
	)
	return root
}

// folder is the lab's folder as an absolute path.
func (o *options) folder() (layout.Dir, error) {
	dir := o.dir
	if dir == "" {
		dir = os.Getenv("ACMDR_LAB_DIR")
	}
	if dir == "" {
		dir = ".lab"
	}
	dir, err := filepath.Abs(dir)
	return layout.Dir(dir), err
}

func (o *options) logf(format string, args ...any) {
	_, _ = fmt.Fprintf(o.err, format+"\n", args...)
}

// noArgs and oneArg report a wrong number of arguments as a usage error.
func noArgs(_ *cobra.Command, args []string) error {
	if len(args) > 0 {
		return &usageError{fmt.Errorf("unexpected argument %q", args[0])}
	}
	return nil
}

func oneArg(cmd *cobra.Command, args []string) error {
	if len(args) != 1 {
		return &usageError{fmt.Errorf("%s needs the name of a cluster", cmd.CommandPath())}
	}
	return nil
}
