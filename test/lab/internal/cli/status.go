package cli

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/util/duration"

	"github.com/acmdr/kubectl-acmdr/test/lab/internal/control"
	"github.com/acmdr/kubectl-acmdr/test/lab/internal/process"
)

func newStatus(o *options) *cobra.Command {
	return &cobra.Command{
		Use:   "status",
		Short: "Show every component",
		Args:  noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			dir, err := o.folder()
			if err != nil {
				return err
			}
			status, err := control.NewClient(dir).Status(cmd.Context())
			if errors.Is(err, control.ErrNotRunning) {
				o.logf("lab: not running in %s", dir)
				return nil
			}
			if err != nil {
				return err
			}
			return printStatus(o.out, status, time.Now())
		},
	}
}

func printStatus(out io.Writer, status control.Status, now time.Time) error {
	const padding = 3
	table := tabwriter.NewWriter(out, 0, 0, padding, ' ', 0)
	_, _ = fmt.Fprintln(table, "NAME\tCOMPONENT\tSTATE\tPID\tURL\tRESTARTS\tAGE\tMESSAGE")
	for _, c := range status.Components {
		pid, age := "-", "-"
		if c.PID != 0 {
			pid, age = strconv.Itoa(c.PID), duration.HumanDuration(now.Sub(c.Started))
		}
		_, _ = fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%d\t%s\t%s\n",
			c.Cluster, c.Component, c.State, pid, cmp.Or(c.URL, "-"), c.Restarts, age, cmp.Or(c.Message, "-"))
	}
	return table.Flush()
}

// killed lists the clusters that have a killed component.
func killed(status control.Status) []string {
	var names []string
	for _, c := range status.Components {
		if c.State == process.Killed && !slices.Contains(names, c.Cluster) {
			names = append(names, c.Cluster)
		}
	}
	return names
}
