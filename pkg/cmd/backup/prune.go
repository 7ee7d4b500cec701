package backup

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"k8s.io/kubectl/pkg/util/templates"
	"k8s.io/utils/clock"

	"github.com/acmdr/kubectl-acmdr/pkg/backup"
	"github.com/acmdr/kubectl-acmdr/pkg/cmd/cmdutil"
	"github.com/acmdr/kubectl-acmdr/pkg/factory"
	"github.com/acmdr/kubectl-acmdr/pkg/fleet"
	"github.com/acmdr/kubectl-acmdr/pkg/printing"
	"github.com/acmdr/kubectl-acmdr/pkg/velero"
	"github.com/acmdr/kubectl-acmdr/pkg/wait"
)

var pruneLong = templates.LongDesc(`
	Have Velero delete old backups of this hub, with all that it keeps of them in the bucket.

	What is to go is printed first, then asked for on a terminal. Only backups that the plugin made of this hub are looked at,
	on demand or by a schedule; those of other hubs stay. The newest good backup of the whole hub always stays, so does the
	newest of those that were verified to bring back the most clusters, and any that a restore is reading.

	With --keep the newest good backups of the whole hub are kept, and what is not older than all of them. Backups also go by
	themselves when their --ttl is over.`)

var pruneExample = templates.Examples(`
	# See what would go if seven good backups were kept
	kubectl acmdr backup prune --keep 7 --dry-run

	# Keep seven good backups, without being asked
	kubectl acmdr backup prune --keep 7 --yes

	# Delete what is older than a month
	kubectl acmdr backup prune --older-than 30d`)

type pruneFlags struct {
	velero    cmdutil.VeleroFlags
	output    cmdutil.OutputFlags
	dryRun    cmdutil.DryRunFlag
	confirm   cmdutil.ConfirmFlag
	retention backup.Retention
}

// pruneOptions are ready to run.
type pruneOptions struct {
	// program is how the plugin was called.
	program   string
	hub       backup.Hub
	retention backup.Retention
	dryRun    bool
	confirm   cmdutil.ConfirmFlag
	streams   genericiooptions.IOStreams
	print     cmdutil.Printer
	clock     wait.Clock
}

func newPrune(f *factory.Factory, streams genericiooptions.IOStreams) *cobra.Command {
	flags := &pruneFlags{}
	cmd := &cobra.Command{
		Use:     "prune --keep N | --older-than AGE",
		Short:   "Delete old backups of this hub",
		Long:    pruneLong,
		Example: pruneExample,
		Args:    cmdutil.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			options, err := flags.toOptions(cmd, f, streams)
			if err != nil {
				return err
			}
			return options.run(cmd.Context())
		},
	}
	flags.velero.AddFlags(cmd)
	flags.output.AddFlags(cmd)
	flags.dryRun.AddFlags(cmd)
	flags.confirm.AddFlags(cmd)
	cmd.Flags().IntVar(&flags.retention.Keep, "keep", 0, "How many good backups of the whole hub to keep")
	cmdutil.AddAge(cmd, &flags.retention.OlderThan, "older-than", "Age from which backups are deleted, for example 30d")
	return cmd
}

func (flags *pruneFlags) toOptions(cmd *cobra.Command, f *factory.Factory, streams genericiooptions.IOStreams) (*pruneOptions, error) {
	keep, older := cmd.Flags().Changed("keep"), cmd.Flags().Changed("older-than")
	switch {
	case keep && older:
		return nil, cmdutil.Usagef("--keep and --older-than exclude each other")
	case !keep && !older:
		return nil, cmdutil.Usagef("say either how many backups to keep with --keep, or how old they may be with --older-than")
	case keep && flags.retention.Keep < 1:
		return nil, cmdutil.Usagef("--keep must be at least 1, not %d", flags.retention.Keep)
	}
	dryRun, err := flags.dryRun.Enabled()
	if err != nil {
		return nil, err
	}
	printer, err := flags.output.ToPrinter()
	if err != nil {
		return nil, err
	}
	hub, err := cmdutil.BackupHub(cmd.Context(), f, &flags.velero)
	if err != nil {
		return nil, err
	}
	return &pruneOptions{
		program: cmdutil.Program(cmd), hub: hub, retention: flags.retention, dryRun: dryRun, confirm: flags.confirm,
		streams: streams, print: printer, clock: clock.RealClock{},
	}, nil
}

func (o *pruneOptions) run(ctx context.Context) error {
	pruning, err := backup.NewPruning(ctx, o.clock, o.hub, o.retention)
	if err != nil {
		return cmdutil.ExplainStorage(err)
	}
	if err := o.show(pruning); err != nil {
		return err
	}
	if pruning.Newest == nil {
		fmt.Fprintln(o.streams.ErrOut, "There is no good backup of the whole hub, so nothing is deleted.")
		return nil
	}
	n := len(pruning.Backups)
	if n == 0 {
		fmt.Fprintf(o.streams.ErrOut, "Nothing to delete: %s kept.\n", printing.Count(pruning.Kept, "backup"))
		if o.dryRun {
			return nil
		}
		return backup.DeletePolicies(ctx, o.hub) // which an earlier run may have left
	}
	if o.dryRun {
		fmt.Fprintf(o.streams.ErrOut, "%s would be deleted, %d kept.\n", printing.Count(n, "backup"), pruning.Kept)
		return nil
	}
	question := fmt.Sprintf("Delete %s with all that is kept of them in the bucket?", printing.Count(n, "backup"))
	if err := o.confirm.Confirm(o.streams, question); err != nil {
		return err
	}
	return o.delete(ctx, pruning)
}

// parallelDeletes is how many deletions are waited for at the same time; Velero makes one after another.
const parallelDeletes = 10

func (o *pruneOptions) delete(ctx context.Context, pruning *backup.Pruning) error {
	outcomes := fleet.Run(ctx, pruning.Backups, parallelDeletes, func(ctx context.Context, b velero.Backup) error {
		return backup.Delete(ctx, o.clock, o.hub, &b)
	})
	var failed []error
	for i, err := range outcomes {
		if err != nil {
			failed = append(failed, err)
			fmt.Fprintf(o.streams.ErrOut, "%s: %v\n", pruning.Backups[i].Name, err)
		}
	}
	if len(failed) > 0 {
		cmdutil.TellAllowed(o.streams.ErrOut, o.program, "backup", failed...)
		return fmt.Errorf("%d of %s not deleted; the same command goes on", len(failed), printing.Count(len(outcomes), "backup"))
	}
	fmt.Fprintf(o.streams.ErrOut, "%s deleted, %d kept.\n", printing.Count(len(outcomes), "backup"), pruning.Kept)
	return backup.DeletePolicies(ctx, o.hub)
}

// show prints what is to go: nothing is an empty list.
func (o *pruneOptions) show(pruning *backup.Pruning) error {
	list := &velero.BackupList{
		TypeMeta: metav1.TypeMeta{APIVersion: velero.APIVersion, Kind: velero.BackupKind + "List"}, Items: []velero.Backup{},
	}
	table := &metav1.Table{ColumnDefinitions: printing.Columns([]string{"Name", "Status", "Taken", "Schedule"}, "Location")}
	now := o.clock.Now()
	for i := range pruning.Backups {
		b := pruning.Backups[i]
		b.TypeMeta = metav1.TypeMeta{APIVersion: velero.APIVersion, Kind: velero.BackupKind}
		list.Items = append(list.Items, b)
		taken := printing.Age(now, velero.Stamp(&b)) + " ago"
		table.Rows = append(table.Rows,
			printing.Row(b.Name, string(b.Status.Phase), taken, b.Labels[velero.ScheduleLabel], b.Spec.StorageLocation))
	}
	return o.print(o.streams.Out, list, table)
}
