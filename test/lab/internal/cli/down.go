package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/acmdr/kubectl-acmdr/test/lab/internal/control"
	"github.com/acmdr/kubectl-acmdr/test/lab/internal/layout"
	"github.com/acmdr/kubectl-acmdr/test/lab/internal/process"
	"github.com/acmdr/kubectl-acmdr/test/lab/internal/supervisor"
)

func newDown(o *options) *cobra.Command {
	var purge bool
	cmd := &cobra.Command{
		Use:   "down",
		Short: "Stop everything and wait until it has ended",
		Args:  noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			dir, err := o.folder()
			if err != nil {
				return err
			}
			return o.down(cmd.Context(), dir, purge)
		},
	}
	cmd.Flags().BoolVar(&purge, "purge", false, "Remove the lab's folder with all its data, too")
	return cmd
}

func (o *options) down(ctx context.Context, dir layout.Dir, purge bool) error {
	if _, err := os.Stat(string(dir)); errors.Is(err, os.ErrNotExist) {
		o.logf("lab: there is none in %s", dir)
		return nil
	}
	began := time.Now()
	err := control.NewClient(dir).Stop(ctx)
	running := err == nil
	if err != nil && !errors.Is(err, control.ErrNotRunning) {
		return err
	}
	unlock, err := awaitLock(ctx, dir)
	if err != nil {
		return err
	}
	defer unlock()
	orphans := process.KillOrphans(string(dir))
	switch {
	case running:
		o.logf("lab: stopped in %.0f s", time.Since(began).Seconds())
	case orphans > 0:
		o.logf("lab: the supervisor was gone; killed the %d processes that it left", orphans)
	default:
		o.logf("lab: not running in %s", dir)
	}
	if !purge {
		return nil
	}
	return o.purge(dir)
}

// purge removes the folder, if it is a lab's.
func (o *options) purge(dir layout.Dir) error {
	if _, err := os.Stat(dir.State()); err != nil {
		return fmt.Errorf("%s does not look like a lab, it is not removed: %w", dir, err)
	}
	if err := os.RemoveAll(string(dir)); err != nil {
		return err
	}
	o.logf("lab: removed %s", dir)
	return nil
}

// awaitLock returns when no supervisor has the folder any more.
func awaitLock(ctx context.Context, dir layout.Dir) (func(), error) {
	const interval, limit = 50 * time.Millisecond, time.Minute
	deadline := time.After(limit)
	for {
		unlock, err := supervisor.Lock(dir)
		if err == nil {
			return unlock, nil
		}
		select {
		case <-time.After(interval):
		case <-deadline:
			return nil, fmt.Errorf("not stopped after %s: %w", limit, err)
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}
