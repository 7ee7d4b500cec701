package cli

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"github.com/acmdr/kubectl-acmdr/test/lab/internal/control"
)

func newKill(o *options) *cobra.Command {
	return newAct(o, "kill NAME", "SIGKILL every process of a cluster (or of s3), as a disaster does", "killed", (*control.Client).Kill)
}

func newStart(o *options) *cobra.Command {
	return newAct(o, "start NAME", "Start what was killed, with its data, and wait until it is ready", "started", (*control.Client).Start)
}

func newAct(o *options, use, short, done string, do func(c *control.Client, ctx context.Context, name, component string) error) *cobra.Command {
	var component string
	cmd := &cobra.Command{
		Use:   use,
		Short: short,
		Args:  oneArg,
		RunE: func(cmd *cobra.Command, args []string) error {
			dir, err := o.folder()
			if err != nil {
				return err
			}
			began := time.Now()
			if err := do(control.NewClient(dir), cmd.Context(), args[0], component); err != nil {
				return err
			}
			what := args[0]
			if component != "" {
				what += " " + component
			}
			o.logf("lab: %s %s in %.1f s", what, done, time.Since(began).Seconds())
			return nil
		},
	}
	cmd.Flags().StringVar(&component, "component", "", "Only this component of the cluster, as lab status names it")
	return cmd
}
