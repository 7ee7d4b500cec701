// Package schedule is the verb that has Velero back a hub up again and again.
package schedule

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"k8s.io/kubectl/pkg/util/templates"
	"k8s.io/utils/clock"

	"github.com/acmdr/kubectl-acmdr/pkg/cmd/cmdutil"
	"github.com/acmdr/kubectl-acmdr/pkg/factory"
	"github.com/acmdr/kubectl-acmdr/pkg/schedule"
	"github.com/acmdr/kubectl-acmdr/pkg/velero"
)

var long = templates.LongDesc(`
	Have Velero back this hub up again and again, with the same content as backup. Velero's server does it, so nothing of
	the plugin has to run. A cluster that joins later is in the next backup: the content is chosen by rule.

	What Velero makes by itself nobody verifies: inspect does, at any time.`)

var example = templates.Examples(`
	# Every six hours, each kept for a week
	kubectl acmdr schedule create fleet --schedule '0 */6 * * *' --ttl 7d

	# When the last backup was made, when the next will be, and whether the last good one is young enough
	kubectl acmdr schedule list --rpo 8h

	# Stop it for the time of an upgrade
	kubectl acmdr schedule pause fleet`)

// New returns the schedule command.
func New(f *factory.Factory, streams genericiooptions.IOStreams) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "schedule",
		Short:   "Create, list, pause, resume or delete the periodic backup",
		Long:    long,
		Example: example,
		Args:    cobra.ArbitraryArgs,
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return cmdutil.Usagef("say what to do: create, list, pause, resume or delete")
			}
			return cmdutil.Usagef("cannot %q: create, list, pause, resume or delete", args[0])
		},
	}
	cmd.AddCommand(newCreate(f, streams), newList(f, streams), newDelete(f, streams),
		newPause(f, streams, pauseTexts, true), newPause(f, streams, resumeTexts, false))
	return cmd
}

// changeFlags are those of the verbs that change a schedule.
type changeFlags struct {
	velero cmdutil.VeleroFlags
	output cmdutil.OutputFlags
}

func (flags *changeFlags) addFlags(cmd *cobra.Command) {
	flags.velero.AddFlags(cmd)
	flags.output.AddFlags(cmd)
}

func (flags *changeFlags) open(cmd *cobra.Command, f *factory.Factory) (*velero.API, cmdutil.Printer, error) {
	printer, err := flags.output.ToPrinter()
	if err != nil {
		return nil, nil, err
	}
	hub, err := f.Hub(cmd.Context())
	if err != nil {
		return nil, nil, err
	}
	api, err := flags.velero.API(cmd.Context(), hub)
	return api, printer, err
}

// texts are what differs between pause and resume for who reads.
type texts struct{ use, short, example, changed, already string }

var pauseTexts = texts{
	use: "pause", short: "Stop making backups", changed: "is paused", already: "is paused already",
	example: templates.Examples(`
	# Make no backups until further notice
	kubectl acmdr schedule pause fleet

	# On a hub that is not the current one
	kubectl acmdr schedule pause fleet --context hub-dr1

	# Print it as it is then
	kubectl acmdr schedule pause fleet -o yaml`),
}

var resumeTexts = texts{
	use: "resume", short: "Make backups again", changed: "is resumed", already: "is not paused",
	example: templates.Examples(`
	# Make backups again; one that is overdue is made at once
	kubectl acmdr schedule resume fleet

	# On a hub that is not the current one
	kubectl acmdr schedule resume fleet --context hub-dr1

	# See when the next backup will be
	kubectl acmdr schedule list`),
}

func newPause(f *factory.Factory, streams genericiooptions.IOStreams, t texts, paused bool) *cobra.Command {
	flags := &changeFlags{}
	cmd := &cobra.Command{
		Use: t.use + " NAME", Short: t.short, Example: t.example, Args: cmdutil.OneArg("schedule"),
		RunE: func(cmd *cobra.Command, args []string) error {
			api, printer, err := flags.open(cmd, f)
			if err != nil {
				return err
			}
			changed, differs, err := schedule.Pause(cmd.Context(), api, args[0], paused)
			if err != nil {
				return err
			}
			outcome := t.already
			if differs {
				outcome = t.changed
			}
			fmt.Fprintf(streams.ErrOut, "Schedule %s %s.\n", args[0], outcome)
			return show(cmd.Context(), api, streams, printer, changed)
		},
	}
	flags.addFlags(cmd)
	return cmd
}

// show prints how one schedule stands.
func show(ctx context.Context, api *velero.API, streams genericiooptions.IOStreams, printer cmdutil.Printer, s *velero.Schedule) error {
	backups, err := schedule.ReadBackups(ctx, api)
	if err != nil {
		return err
	}
	s.TypeMeta = metav1.TypeMeta{APIVersion: velero.APIVersion, Kind: velero.ScheduleKind}
	table := &metav1.Table{ColumnDefinitions: cmdutil.ScheduleColumns()}
	table.Rows = append(table.Rows, cmdutil.ScheduleRow(backups.State(s), clock.RealClock{}.Now()))
	return printer(streams.Out, s, table)
}

func newDelete(f *factory.Factory, streams genericiooptions.IOStreams) *cobra.Command {
	flags := &cmdutil.VeleroFlags{}
	cmd := &cobra.Command{
		Use: "delete NAME", Short: "Delete a schedule; the backups that it made stay", Args: cmdutil.OneArg("schedule"),
		Example: templates.Examples(`
			# Make no more backups by this schedule
			kubectl acmdr schedule delete fleet

			# On a hub that is not the current one
			kubectl acmdr schedule delete fleet --context hub-dr1

			# Its backups, which stay until their time is over
			kubectl acmdr get backups -l velero.io/schedule-name=fleet`),
		RunE: func(cmd *cobra.Command, args []string) error {
			hub, err := f.Hub(cmd.Context())
			if err != nil {
				return err
			}
			api, err := flags.API(cmd.Context(), hub)
			if err != nil {
				return err
			}
			if err := schedule.Delete(cmd.Context(), api, args[0]); err != nil {
				return err
			}
			fmt.Fprintf(streams.ErrOut, "Schedule %s is deleted; its backups stay until their time is over.\n", args[0])
			return nil
		},
	}
	flags.AddFlags(cmd)
	return cmd
}
