package schedule

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"k8s.io/kubectl/pkg/util/templates"
	"k8s.io/utils/clock"

	"github.com/acmdr/kubectl-acmdr/pkg/backup"
	"github.com/acmdr/kubectl-acmdr/pkg/cmd/cmdutil"
	"github.com/acmdr/kubectl-acmdr/pkg/factory"
	"github.com/acmdr/kubectl-acmdr/pkg/schedule"
	"github.com/acmdr/kubectl-acmdr/pkg/velero"
	"github.com/acmdr/kubectl-acmdr/pkg/wait"
)

var createExample = templates.Examples(`
	# Every six hours, each kept for a week
	kubectl acmdr schedule create fleet --schedule '0 */6 * * *' --ttl 7d

	# Every night, from later on
	kubectl acmdr schedule create nightly --schedule '@daily' --paused

	# See what Velero would be asked to do
	kubectl acmdr schedule create fleet --schedule '@hourly' --dry-run=client -o yaml`)

type createFlags struct {
	changeFlags
	dryRun  cmdutil.DryRunFlag
	options schedule.Options
}

// createOptions are ready to run.
type createOptions struct {
	hub     backup.Hub
	options schedule.Options
	dryRun  bool
	streams genericiooptions.IOStreams
	print   cmdutil.Printer
	clock   wait.Clock
}

func newCreate(f *factory.Factory, streams genericiooptions.IOStreams) *cobra.Command {
	flags := &createFlags{}
	cmd := &cobra.Command{
		Use:     "create NAME --schedule EXPRESSION",
		Short:   "Have Velero back this hub up again and again",
		Long:    long,
		Example: createExample,
		Args:    cmdutil.OneArg("schedule"),
		RunE: func(cmd *cobra.Command, args []string) error {
			options, err := flags.toOptions(cmd, f, args[0], streams)
			if err != nil {
				return err
			}
			return options.run(cmd.Context())
		},
	}
	flags.addFlags(cmd)
	flags.dryRun.AddFlags(cmd)
	cmd.Flags().StringVar(&flags.options.Cron, "schedule", "", "When to back up, in the time zone of Velero's server: five fields, @daily, @every 6h")
	cmdutil.AddAge(cmd, &flags.options.TTL, "ttl", "How long Velero keeps each backup, for example 7d (default: as its server is set up, else 30d)")
	cmd.Flags().StringVar(&flags.options.Location, "storage-location", "", "BackupStorageLocation to write to (default: the default one)")
	cmdutil.AddBareMetalHosts(cmd, &flags.options.BareMetalHosts)
	cmd.Flags().BoolVar(&flags.options.Paused, "paused", false, "Make no backup until the schedule is resumed")
	return cmd
}

func (flags *createFlags) toOptions(
	cmd *cobra.Command, f *factory.Factory, name string, streams genericiooptions.IOStreams,
) (*createOptions, error) {
	if err := velero.ValidateName(name); err != nil {
		return nil, cmdutil.Usagef("schedule: %w", err)
	}
	if _, err := schedule.ParseCron(flags.options.Cron); err != nil {
		return nil, cmdutil.Usagef("--schedule: %w", err)
	}
	dryRun, err := flags.dryRun.Enabled()
	if err != nil {
		return nil, err
	}
	if dryRun {
		flags.output.SetDefault("yaml")
	}
	printer, err := flags.output.ToPrinter()
	if err != nil {
		return nil, err
	}
	hub, err := cmdutil.BackupHub(cmd.Context(), f, &flags.velero)
	if err != nil {
		return nil, err
	}
	flags.options.Name = name
	return &createOptions{hub: hub, options: flags.options, dryRun: dryRun, streams: streams, print: printer, clock: clock.RealClock{}}, nil
}

func (o *createOptions) run(ctx context.Context) error {
	plan, err := schedule.NewPlan(ctx, o.clock, o.hub, o.options)
	if err != nil {
		return cmdutil.ExplainStorage(err)
	}
	cmdutil.TellContent(o.streams.ErrOut, plan.Kinds, plan.Server)
	if o.dryRun {
		manifests, err := cmdutil.Manifests(plan.Policy, plan.Schedule)
		if err != nil {
			return err
		}
		return o.print(o.streams.Out, manifests, nil)
	}
	if err := plan.Create(ctx, o.clock, o.hub); err != nil {
		return err
	}
	switch {
	case plan.Renews:
		fmt.Fprintf(o.streams.ErrOut, "Schedule %s is there already; it notes now what is installed on the hub.\n", o.options.Name)
	case plan.Exists:
		fmt.Fprintf(o.streams.ErrOut, "Schedule %s is there already.\n", o.options.Name)
	}
	return show(ctx, o.hub.Velero, o.streams, o.print, plan.Schedule)
}
