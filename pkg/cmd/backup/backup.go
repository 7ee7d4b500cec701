// Package backup is the verb that backs a hub up and proves that the backup is worth something.
package backup

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"k8s.io/kubectl/pkg/util/templates"
	"k8s.io/utils/clock"

	"github.com/acmdr/kubectl-acmdr/pkg/backup"
	"github.com/acmdr/kubectl-acmdr/pkg/cmd/cmdutil"
	"github.com/acmdr/kubectl-acmdr/pkg/factory"
	"github.com/acmdr/kubectl-acmdr/pkg/ocm"
	"github.com/acmdr/kubectl-acmdr/pkg/printing"
	"github.com/acmdr/kubectl-acmdr/pkg/wait"
)

var long = templates.LongDesc(`
	Back this hub up into its bucket, with one Velero Backup that holds what bringing the fleet back needs: ManagedClusters
	and cluster sets, their namespaces with the credentials in them, add-ons, ManifestWorks, placements, policies and
	Hive's objects. What belongs to the hub itself is left out: its operators, its own agent, local-cluster, leases, CSRs
	and tokens. What a hub's add-ons keep in an API group of Open Cluster Management is taken too, and named.

	With --clusters or --selector only those managed clusters are backed up, with what all clusters share, such as cluster
	sets. A restore takes such a backup only when it is named.

	When Velero is through, the backup is verified by its own bytes: they are read back from the bucket and compared with
	what Velero recorded; every managed cluster of the hub must be in them, with every credential that the hub has of it;
	each credential in them is opened, and its expiry read. A backup that lacks something is a failure, and so is a
	credential that does not do. A cluster that the hub has no credential of is a warning. The last line is VERIFIED, with
	the number of clusters that could be brought back.

	A backup that was interrupted goes on in Velero; running the same command again attaches to it. One of the same
	name that failed is never restored from: Velero deletes it, and it is made again.`)

var example = templates.Examples(`
	# Back the hub up and verify the backup
	kubectl acmdr backup

	# Give it a name, and keep it for a week
	kubectl acmdr backup before-upgrade --ttl 7d

	# Only the clusters that are about to be changed
	kubectl acmdr backup before-change -l environment=prod

	# See what Velero would be asked to do
	kubectl acmdr backup --dry-run=client -o yaml`)

// Flags are what the user typed.
type Flags struct {
	velero   cmdutil.VeleroFlags
	output   cmdutil.OutputFlags
	dryRun   cmdutil.DryRunFlag
	clusters []string
	selector string
	location string
	hosts    bool
	ttl      time.Duration
	timeout  time.Duration
	wait     bool
}

// Options are ready to run.
type Options struct {
	Hub     backup.Hub
	Backup  backup.Options
	DryRun  bool
	Wait    bool
	Timeout time.Duration
	Streams genericiooptions.IOStreams
	Print   cmdutil.Printer
	// Program is how the plugin was called; Resume is the command line, without a name, that goes on where this one stopped.
	Program, Resume string
	// HubFlags choose the hub, as they were typed.
	HubFlags string
	Clock    wait.Clock
}

// New returns the backup command.
func New(f *factory.Factory, streams genericiooptions.IOStreams) *cobra.Command {
	flags := &Flags{wait: true, timeout: wait.Velero}
	cmd := &cobra.Command{
		Use:     "backup [NAME]",
		Short:   "Back this hub up and verify the backup",
		Long:    long,
		Example: example,
		Args:    names,
		RunE: func(cmd *cobra.Command, args []string) error {
			options, err := flags.ToOptions(cmd, f, append(args, "")[0], streams)
			if err != nil {
				return err
			}
			return options.Run(cmd.Context())
		},
	}
	cmd.AddCommand(newPrune(f, streams))
	flags.velero.AddFlags(cmd)
	flags.output.AddFlags(cmd)
	flags.dryRun.AddFlags(cmd)
	cmd.Flags().StringSliceVar(&flags.clusters, "clusters", nil, "Managed clusters to back up, for example managed-one,managed-two (default: all)")
	cmdutil.AddSelector(cmd, &flags.selector)
	cmd.Flags().StringVar(&flags.location, "storage-location", "", "BackupStorageLocation to write to (default: the default one)")
	cmdutil.AddBareMetalHosts(cmd, &flags.hosts)
	cmdutil.AddAge(cmd, &flags.ttl, "ttl", "How long Velero keeps the backup, for example 7d (default: as its server is set up, else 30d)")
	cmd.Flags().BoolVar(&flags.wait, "wait", flags.wait, "Wait until the backup has ended, and verify it")
	cmd.Flags().DurationVar(&flags.timeout, "timeout", flags.timeout, "How long to wait")
	return cmd
}

// elsewhere is what does here what follows 'velero backup' there.
var elsewhere = map[string]string{
	"create": "backup NAME", "get": "get backups", "list": "get backups", "describe": "inspect NAME", "logs": "inspect NAME",
	"download": "inspect NAME", "delete": "backup prune", "help": "backup --help",
}

// names takes one name at most, which is none of the words that users of Velero would have in its place.
func names(cmd *cobra.Command, args []string) error {
	if len(args) > 0 && elsewhere[args[0]] != "" {
		return cmdutil.Usagef("%q is not taken for a name: did you mean '%s %s'?", args[0], cmdutil.Program(cmd), elsewhere[args[0]])
	}
	return cmdutil.AtMostArgs(1, "one backup")(cmd, args)
}

// ToOptions checks the flags and opens the hub.
func (flags *Flags) ToOptions(cmd *cobra.Command, f *factory.Factory, name string, streams genericiooptions.IOStreams) (*Options, error) {
	if err := backup.ValidateName(name); err != nil {
		return nil, &cmdutil.UsageError{Err: err}
	}
	if flags.timeout <= 0 {
		return nil, cmdutil.Usagef("--timeout must be positive")
	}
	clusters, err := flags.selection()
	if err != nil {
		return nil, err
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
	return &Options{
		Hub:    hub,
		Backup: backup.Options{Name: name, TTL: flags.ttl, Location: flags.location, Clusters: clusters, BareMetalHosts: flags.hosts},
		DryRun: dryRun, Wait: flags.wait, Timeout: flags.timeout,
		Streams: streams, Print: printer, Program: cmdutil.Program(cmd), Resume: flags.resume(cmd), HubFlags: cmdutil.ThisHub(cmd),
		Clock: clock.RealClock{},
	}, nil
}

// resume is the command line without a name. It chooses the same clusters: one of others is not gone on with.
func (flags *Flags) resume(cmd *cobra.Command) string {
	line := cmdutil.Resume(cmd)
	if flags.selector != "" {
		line += " --selector=" + cmdutil.Quote(flags.selector)
	}
	return line
}

// selection is which clusters the user chose; nil for all of them.
func (flags *Flags) selection() (*ocm.Selection, error) {
	switch named, labelled := len(flags.clusters) > 0, flags.selector != ""; {
	case !named && !labelled:
		return nil, nil
	case named && labelled:
		return nil, cmdutil.Usagef("--clusters and --selector exclude each other")
	}
	if _, err := labels.Parse(flags.selector); err != nil {
		return nil, cmdutil.Usagef("label selector %q: %w", flags.selector, err)
	}
	return &ocm.Selection{Names: flags.clusters, Selector: flags.selector}, nil
}

// Run backs up and reports.
func (o *Options) Run(ctx context.Context) error {
	plan, err := backup.NewPlan(ctx, o.Clock, o.Hub, o.Backup)
	if err != nil {
		return cmdutil.ExplainStorage(err)
	}
	cmdutil.TellContent(o.Streams.ErrOut, plan.Kinds, plan.Server)
	if plan.Replaces != nil {
		fmt.Fprintf(o.Streams.ErrOut, "Backup %s is there and %s: Velero deletes it, and it is made again.\n",
			plan.Backup.Name, plan.Replaces.Status.Phase)
	}
	if o.DryRun {
		return o.show(plan)
	}
	if err := plan.Start(ctx, o.Clock, o.Hub); err != nil {
		return err
	}
	name := plan.Backup.Name
	if !o.Wait {
		fmt.Fprintf(o.Streams.ErrOut, "Backup %s was asked for; it is not verified. To wait for it: %s %s\n", name, o.Resume, name)
		return o.Print(o.Streams.Out, plan.Backup, table(&backup.Result{Backup: plan.Backup, Size: -1}))
	}
	if plan.Attached {
		fmt.Fprintf(o.Streams.ErrOut, "Attached to backup %s, which an earlier run began.\n", name)
	}
	meter := printing.NewMeter(o.Streams.ErrOut, name)
	waiting, cancel := context.WithTimeout(ctx, o.Timeout)
	defer cancel()
	result, failed := plan.Wait(waiting, o.Clock, o.Hub, func(progress backup.Progress) {
		meter.Update(progress.Phase, progress.Done, progress.Total)
	})
	meter.Close()
	if result == nil {
		if waiting.Err() != nil {
			fmt.Fprintf(o.Streams.ErrOut, "Velero goes on with it. To resume: %s %s\n", o.Resume, name)
		}
		return failed
	}
	o.tell(result)
	if err := o.Print(o.Streams.Out, result.Backup, table(result)); err != nil {
		return err
	}
	o.conclude(result)
	return cmdutil.ExplainStorage(failed)
}
