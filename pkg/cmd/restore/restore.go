// Package restore is the verb that brings a backup onto a standby hub.
package restore

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"k8s.io/kubectl/pkg/util/templates"
	"k8s.io/utils/clock"

	"github.com/acmdr/kubectl-acmdr/pkg/cmd/cmdutil"
	"github.com/acmdr/kubectl-acmdr/pkg/factory"
	"github.com/acmdr/kubectl-acmdr/pkg/printing"
	"github.com/acmdr/kubectl-acmdr/pkg/restore"
	"github.com/acmdr/kubectl-acmdr/pkg/wait"
)

var long = templates.LongDesc(`
	Restore a backup onto this hub. The ManagedClusters come first, with the labels, taints and cluster set that they had;
	then one Velero Restore brings everything else; then what a restore leaves wrong is put right. Nothing that is on this
	hub already is changed.

	Without --from-backup the newest Completed backup of another hub is taken. A backup that is not Completed is refused.

	The agents do not know of it yet: 'reregister' moves the clusters to this hub.

	Running the same command again goes on with what an earlier run began, and changes nothing when that is done.`)

var example = templates.Examples(`
	# Restore the newest good backup onto the standby hub
	kubectl acmdr restore --context hub-dr2

	# Restore a certain backup
	kubectl acmdr restore --from-backup before-upgrade --context hub-dr2

	# See what would be done
	kubectl acmdr restore --dry-run=client --context hub-dr2`)

// Flags are what the user typed.
type Flags struct {
	velero     cmdutil.VeleroFlags
	output     cmdutil.OutputFlags
	dryRun     cmdutil.DryRunFlag
	fromBackup string
	parallel   int
	timeout    time.Duration
}

// Options are ready to run.
type Options struct {
	Restorer   *restore.Restorer
	Name       string
	FromBackup string
	DryRun     bool
	Timeout    time.Duration
	Streams    genericiooptions.IOStreams
	Print      cmdutil.Printer
	// Machine tells that stdout is for a program: it gets one object and no second table.
	Machine bool
	// Resume is the command that goes on where this one stopped.
	Resume string
}

// New returns the restore command.
func New(f *factory.Factory, streams genericiooptions.IOStreams) *cobra.Command {
	flags := &Flags{timeout: wait.Velero}
	cmd := &cobra.Command{
		Use:     "restore [NAME] [--from-backup BACKUP]",
		Short:   "Restore a backup onto this hub",
		Long:    long,
		Example: example,
		Args:    cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			options, err := flags.ToOptions(cmd, f, append(args, "")[0], streams)
			if err != nil {
				return err
			}
			return options.Run(cmd.Context())
		},
	}
	flags.velero.AddFlags(cmd)
	flags.output.AddFlags(cmd)
	flags.dryRun.AddFlags(cmd)
	cmd.Flags().StringVar(&flags.fromBackup, "from-backup", "", "Backup to restore from (default: the newest Completed one)")
	cmd.Flags().IntVar(&flags.parallel, "parallel", cmdutil.DefaultParallel, "How many ManagedClusters to create at the same time")
	cmd.Flags().DurationVar(&flags.timeout, "timeout", flags.timeout, "How long to wait")
	return cmd
}

// ToOptions checks the flags and opens the hub.
func (flags *Flags) ToOptions(cmd *cobra.Command, f *factory.Factory, name string, streams genericiooptions.IOStreams) (*Options, error) {
	if err := restore.ValidateName(name); err != nil {
		return nil, &cmdutil.UsageError{Err: err}
	}
	if flags.timeout <= 0 {
		return nil, cmdutil.Usagef("--timeout must be positive")
	}
	if flags.parallel < 1 {
		return nil, cmdutil.Usagef("--parallel must be at least 1, not %d", flags.parallel)
	}
	dryRun, err := flags.dryRun.Enabled()
	if err != nil {
		return nil, err
	}
	printer, err := flags.output.ToPrinter()
	if err != nil {
		return nil, err
	}
	hub, err := f.Hub(cmd.Context())
	if err != nil {
		return nil, err
	}
	api, err := flags.velero.API(cmd.Context(), hub)
	if err != nil {
		return nil, err
	}
	uid, err := factory.ClusterUID(cmd.Context(), hub.Kube)
	if err != nil {
		return nil, err
	}
	resume := cmdutil.Resume(cmd)
	if name != "" {
		resume += " " + name
	}
	return &Options{
		Restorer: &restore.Restorer{
			Hub:   restore.Hub{Kube: hub.Kube, Dynamic: hub.Dynamic, Velero: api, UID: uid},
			Clock: clock.RealClock{}, Parallel: flags.parallel,
			Tell: func(line string) { fmt.Fprintln(streams.ErrOut, line) },
		},
		Name: name, FromBackup: flags.fromBackup, DryRun: dryRun, Timeout: flags.timeout,
		Streams: streams, Print: printer, Machine: flags.output.Machine(), Resume: resume,
	}, nil
}

// Run restores and reports.
func (o *Options) Run(ctx context.Context) error {
	waiting, cancel := context.WithTimeout(ctx, o.Timeout)
	defer cancel()
	plan, err := o.Restorer.Plan(waiting, o.Name, o.FromBackup)
	if err != nil {
		return cmdutil.ExplainStorage(err)
	}
	for _, note := range plan.Notes() {
		fmt.Fprintf(o.Streams.ErrOut, "warning: %s\n", note)
	}
	if o.DryRun {
		return o.show(plan)
	}
	o.begin(plan)
	meter := printing.NewMeter(o.Streams.ErrOut, plan.Backup.Name)
	o.Restorer.Observe = func(progress restore.Progress) {
		meter.Update(progress.Phase, progress.Done, progress.Total)
	}
	result, failed := o.Restorer.Run(waiting, plan)
	meter.Close()
	if result == nil {
		if waiting.Err() != nil {
			fmt.Fprintf(o.Streams.ErrOut, "To resume: %s\n", o.Resume)
		}
		return failed
	}
	if err := o.report(plan, result); err != nil {
		return err
	}
	return failed
}

func (o *Options) begin(plan *restore.Plan) {
	switch {
	case plan.Finished:
		fmt.Fprintf(o.Streams.ErrOut, "Backup %s was restored onto this hub already by restore %s: nothing is changed.\n",
			plan.Backup.Name, plan.Restore.Name)
	case plan.Restore != nil:
		fmt.Fprintf(o.Streams.ErrOut, "Going on with restore %s, which an earlier run began.\n", plan.Restore.Name)
	}
}
