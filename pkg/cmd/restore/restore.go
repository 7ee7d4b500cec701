// Package restore is the verb that brings a backup onto a standby hub.
package restore

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"k8s.io/kubectl/pkg/util/templates"
	"k8s.io/utils/clock"

	"github.com/acmdr/kubectl-acmdr/pkg/cmd/cmdutil"
	"github.com/acmdr/kubectl-acmdr/pkg/factory"
	"github.com/acmdr/kubectl-acmdr/pkg/preflight"
	"github.com/acmdr/kubectl-acmdr/pkg/printing"
	"github.com/acmdr/kubectl-acmdr/pkg/restore"
	"github.com/acmdr/kubectl-acmdr/pkg/velero"
	"github.com/acmdr/kubectl-acmdr/pkg/wait"
)

var long = templates.LongDesc(`
	Restore a backup onto this hub. The ManagedClusters come first, with the labels, taints and cluster set that they had;
	then one Velero Restore brings everything else, without what is not true of this hub; then what a restore leaves wrong is
	put right. Nothing that is on this hub already is changed, unless --existing=update is given.

	Without --from-backup the newest good backup of the other hub that writes to the bucket is taken: Completed, undamaged, and
	with managed clusters in it. When several other hubs write to it, --from-hub says which one is meant. A set of backups that
	ACM made (acm-*-schedule) is taken for one backup, and restored by one Velero Restore for each of them.

	Names of managed clusters, or a selector of the labels that they had, restore only these clusters: their ManagedClusters,
	what is in their namespaces, and the cluster-scoped objects that clusters share, such as cluster sets.

	Before the first write the hub is checked. What would make the restore fail stops it, with all reasons at once; what is
	only worth knowing is told as a warning.

	The agents do not know of it yet: 'reregister' moves the clusters to this hub.

	Running the same command again goes on with what an earlier run began, and changes nothing when that is done.

	With --dry-run the backup and the hub are read, and what would become of every cluster's objects is printed, with -o json as one
	RestorePlan. Nothing is written but DownloadRequests, by which Velero is asked for links to the backup, and, where its image does
	not tell Velero's version, a ServerStatusRequest, by which Velero is asked for it. All are deleted again.`)

var example = templates.Examples(`
	# Restore the newest good backup onto the standby hub
	kubectl acmdr restore --context hub-dr2

	# See what would be done with a certain backup
	kubectl acmdr restore --from-backup before-upgrade --dry-run --context hub-dr2

	# The fleet as it was at some moment, of two clusters only
	kubectl acmdr restore managed-one managed-two --at 2026-11-24T22:00:00Z --context hub-dr2

	# What is on this hub becomes what it was two hours ago on the lost one
	kubectl acmdr restore --at '2h ago' --existing=update -l environment=prod --context hub-dr2`)

// Flags are what the user typed.
type Flags struct {
	velero        cmdutil.VeleroFlags
	output        cmdutil.OutputFlags
	dryRun        cmdutil.DryRunFlag
	name          string
	fromBackup    string
	fromHub       string
	at            string
	acceptPartial bool
	existing      string
	hosts         bool
	selector      string
	showHarmless  bool
	parallel      int
	timeout       time.Duration
}

// What --existing may be.
const (
	existingSkip   = "skip"
	existingUpdate = "update"
)

// Options are ready to run.
type Options struct {
	Restorer *restore.Restorer
	Request  restore.Request
	DryRun   bool
	// ShowHarmless tells warnings that are part of a good restore, too.
	ShowHarmless bool
	Timeout      time.Duration
	Streams      genericiooptions.IOStreams
	Print        cmdutil.Printer
	// Machine tells that stdout is for a program: it gets one object and no second table.
	Machine bool
	// Resume is the command that goes on where this one stopped.
	Resume string
	// HubFlags choose the hub, as they were typed.
	HubFlags string
}

// New returns the restore command.
func New(f *factory.Factory, streams genericiooptions.IOStreams) *cobra.Command {
	flags := &Flags{timeout: wait.Velero}
	cmd := &cobra.Command{
		Use:     "restore [CLUSTER...] [--from-backup BACKUP]",
		Short:   "Restore a backup onto this hub",
		Long:    long,
		Example: example,
		RunE: func(cmd *cobra.Command, args []string) error {
			options, err := flags.ToOptions(cmd, f, args, streams)
			if err != nil {
				return err
			}
			return options.Run(cmd.Context())
		},
	}
	flags.velero.AddFlags(cmd)
	flags.output.AddFlags(cmd)
	flags.dryRun.AddFlags(cmd)
	fs := cmd.Flags()
	fs.StringVar(&flags.name, "name", "", "Name of the Velero Restore (default: made of the backup's name and the time)")
	fs.StringVar(&flags.fromBackup, "from-backup", "", "Backup to restore from (default: the newest good one)")
	fs.StringVar(&flags.at, "at", "", "Take the newest good backup that is not later than this: a time such as 2026-11-24T22:00:00Z, or '2h ago'")
	fs.StringVar(&flags.fromHub, "from-hub", "", "Take only backups of the hub with this id, or one that begins so; "+
		"'get backups -o wide' shows the ids")
	fs.BoolVar(&flags.acceptPartial, "accept-partial", false,
		"Also take a backup that is PartiallyFailed, and say which clusters are whole in it")
	fs.StringVar(&flags.existing, "existing", existingSkip,
		"What becomes of objects that are on this hub with other content: skip keeps them, update replaces them by those of the backup")
	_ = cmd.RegisterFlagCompletionFunc("existing",
		cobra.FixedCompletions([]string{existingSkip, existingUpdate}, cobra.ShellCompDirectiveNoFileComp))
	fs.BoolVar(&flags.hosts, "include-baremetalhosts", false, "Also restore the BareMetalHosts that the backup holds, with their status, "+
		"and paused until they have it: without it their machines would be installed again")
	cmdutil.AddSelector(cmd, &flags.selector)
	fs.BoolVarP(&flags.showHarmless, "show-harmless", "v", false, "Also show the warnings of Velero that are part of a good restore")
	fs.IntVar(&flags.parallel, "parallel", cmdutil.DefaultParallel,
		"How many ManagedClusters to create, and kinds to compare, at the same time")
	fs.DurationVar(&flags.timeout, "timeout", flags.timeout, "How long to wait")
	return cmd
}

// request checks what was typed.
func (flags *Flags) request(clusters []string, now time.Time) (restore.Request, error) {
	request := restore.Request{
		Name:   flags.name,
		Choice: restore.Choice{Backup: flags.fromBackup, Hub: flags.fromHub, AcceptPartial: flags.acceptPartial},
		Subset: restore.Subset{Names: clusters},
		Update: flags.existing == existingUpdate, BareMetalHosts: flags.hosts,
	}
	if err := restore.ValidateName(flags.name); err != nil {
		return request, cmdutil.Usagef("--name: %w", err)
	}
	if err := velero.ValidateName(flags.fromBackup); err != nil {
		return request, cmdutil.Usagef("--from-backup: %w", err)
	}
	switch {
	case flags.existing != existingSkip && flags.existing != existingUpdate:
		return request, cmdutil.Usagef("--existing must be %s or %s, not %q", existingSkip, existingUpdate, flags.existing)
	case flags.fromBackup != "" && flags.at != "":
		return request, cmdutil.Usagef("--from-backup and --at exclude each other")
	case flags.fromBackup != "" && flags.fromHub != "":
		return request, cmdutil.Usagef("--from-backup and --from-hub exclude each other")
	case flags.selector != "" && len(clusters) > 0:
		return request, cmdutil.Usagef("--selector and cluster names exclude each other")
	case flags.timeout <= 0:
		return request, cmdutil.Usagef("--timeout must be positive")
	case flags.parallel < 1:
		return request, cmdutil.Usagef("--parallel must be at least 1, not %d", flags.parallel)
	}
	var err error
	if flags.at != "" {
		if request.Choice.At, err = moment(flags.at, now); err != nil {
			return request, &cmdutil.UsageError{Err: err}
		}
	}
	if flags.selector != "" {
		if request.Subset.Selector, err = labels.Parse(flags.selector); err != nil {
			return request, cmdutil.Usagef("--selector %q: %w", flags.selector, err)
		}
	}
	return request, nil
}

// ToOptions checks the flags and opens the hub.
func (flags *Flags) ToOptions(cmd *cobra.Command, f *factory.Factory, clusters []string, streams genericiooptions.IOStreams) (*Options, error) {
	request, err := flags.request(clusters, time.Now())
	if err != nil {
		return nil, err
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
	return &Options{
		Restorer: &restore.Restorer{
			Hub:   restore.Hub{Kube: hub.Kube, Dynamic: hub.Dynamic, Velero: api, UID: uid, Config: hub.Config},
			Clock: clock.RealClock{}, Parallel: flags.parallel,
			Tell: func(line string) { fmt.Fprintln(streams.ErrOut, line) },
		},
		Request: request, DryRun: dryRun, ShowHarmless: flags.showHarmless, Timeout: flags.timeout,
		Streams: streams, Print: printer, Machine: flags.output.Machine(),
		HubFlags: cmdutil.ThisHub(cmd),
		Resume:   strings.Join(append([]string{cmdutil.Resume(cmd)}, targets(clusters, flags.selector)...), " "),
	}, nil
}

// targets are the clusters as they were typed: Resume leaves them out.
func targets(clusters []string, selector string) []string {
	if selector != "" {
		return []string{"--selector=" + cmdutil.Quote(selector)}
	}
	return clusters
}

// Run restores and reports.
func (o *Options) Run(ctx context.Context) error {
	waiting, cancel := context.WithTimeout(ctx, o.Timeout)
	defer cancel()
	plan, err := o.Restorer.Plan(waiting, o.Request)
	if err != nil {
		return cmdutil.ExplainStorage(err)
	}
	for _, note := range plan.Notes() {
		fmt.Fprintf(o.Streams.ErrOut, "warning: %s\n", note)
	}
	for _, row := range plan.Checks {
		if row.Result == preflight.Warn {
			fmt.Fprintf(o.Streams.ErrOut, "warning: %s\n", cmdutil.OnHub(row.String(), o.HubFlags))
		}
	}
	if o.DryRun {
		if err := o.show(plan); err != nil {
			return err
		}
		return plan.Err()
	}
	o.begin(plan)
	meter := printing.NewMeter(o.Streams.ErrOut, plan.Source.Name)
	o.Restorer.Observe = func(progress restore.Progress) {
		meter.Update(progress.Phase, progress.Done, progress.Total)
	}
	result, failed := o.Restorer.Run(waiting, plan)
	meter.Close()
	if result == nil {
		if waiting.Err() != nil || plan.Written() > 0 || len(plan.Begun()) > 0 {
			fmt.Fprintf(o.Streams.ErrOut, "To resume: %s\n", o.Resume)
		}
		return failed
	}
	if err := o.report(result); err != nil {
		return err
	}
	return cmdutil.ExplainStorage(failed)
}

func (o *Options) begin(plan *restore.Plan) {
	begun := strings.Join(plan.Begun(), ", ")
	switch {
	case plan.Finished:
		fmt.Fprintf(o.Streams.ErrOut, "Backup %s was restored onto this hub already by restore %s: nothing is changed. "+
			"To restore again what is not there any more, give the new restore a --name.\n", plan.Source.Name, begun)
	case begun != "":
		fmt.Fprintf(o.Streams.ErrOut, "Going on with restore %s, which an earlier run began.\n", begun)
	}
}
