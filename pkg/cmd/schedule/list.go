package schedule

import (
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"k8s.io/kubectl/pkg/util/templates"
	"k8s.io/utils/clock"

	"github.com/acmdr/kubectl-acmdr/pkg/cmd/cmdutil"
	"github.com/acmdr/kubectl-acmdr/pkg/factory"
	"github.com/acmdr/kubectl-acmdr/pkg/printing"
	"github.com/acmdr/kubectl-acmdr/pkg/schedule"
	"github.com/acmdr/kubectl-acmdr/pkg/velero"
)

func newList(f *factory.Factory, streams genericiooptions.IOStreams) *cobra.Command {
	flags := &changeFlags{}
	var limit time.Duration
	cmd := &cobra.Command{
		Use: "list", Short: "List the schedules, with their last and next backup", Args: cmdutil.NoArgs,
		Long: templates.LongDesc(`
			List the schedules of this hub, with their last backup, their last good one, and the next one.

			With --rpo the exit code is 1 when no schedule has made a good backup within that time: then more would be lost
			with this hub than is allowed.`),
		Example: templates.Examples(`
			# When the last backup was made and when the next will be
			kubectl acmdr schedule list

			# Fail when the newest good backup is older than eight hours, for example in a cron job
			kubectl acmdr schedule list --rpo 8h

			# With their location and how long backups are kept
			kubectl acmdr schedule list -o wide`),
		RunE: func(cmd *cobra.Command, _ []string) error {
			api, printer, err := flags.open(cmd, f)
			if err != nil {
				return err
			}
			states, err := schedule.List(cmd.Context(), api)
			if err != nil {
				return err
			}
			return printStates(streams, printer, states, limit, clock.RealClock{}.Now())
		},
	}
	flags.addFlags(cmd)
	cmdutil.AddAge(cmd, &limit, "rpo", "How old the newest good backup may be, for example 8h or 1d")
	return cmd
}

func printStates(streams genericiooptions.IOStreams, printer cmdutil.Printer, states []schedule.State, limit time.Duration, now time.Time) error {
	list := &velero.ScheduleList{
		TypeMeta: metav1.TypeMeta{APIVersion: velero.APIVersion, Kind: velero.ScheduleKind + "List"}, Items: []velero.Schedule{},
	}
	table := &metav1.Table{ColumnDefinitions: cmdutil.ScheduleColumns()}
	if limit > 0 {
		table.ColumnDefinitions = append(table.ColumnDefinitions, printing.Columns([]string{"RPO"})...)
	}
	for _, state := range states {
		item := *state.Schedule
		item.TypeMeta = metav1.TypeMeta{APIVersion: velero.APIVersion, Kind: velero.ScheduleKind}
		list.Items = append(list.Items, item)
		row := cmdutil.ScheduleRow(state, now)
		if limit > 0 {
			row.Cells = append(row.Cells, rpo(state, limit, now))
		}
		table.Rows = append(table.Rows, row)
	}
	if len(states) == 0 {
		fmt.Fprintln(streams.ErrOut, "No schedules found.")
	}
	if err := printer(streams.Out, list, table); err != nil {
		return err
	}
	if limit == 0 || slices.ContainsFunc(states, func(s schedule.State) bool { return s.Meets(limit, now) }) {
		return nil
	}
	if len(states) == 0 {
		return schedule.ErrNone
	}
	return fmt.Errorf("no schedule has made a good backup within %s", limit)
}

func rpo(state schedule.State, limit time.Duration, now time.Time) string {
	if state.Meets(limit, now) {
		return "OK"
	}
	return "Exceeded"
}
