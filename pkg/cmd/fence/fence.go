// Package fence is the verb that keeps an old hub from interfering with the clusters that have left it.
package fence

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"k8s.io/client-go/dynamic"
	"k8s.io/kubectl/pkg/util/templates"

	"github.com/acmdr/kubectl-acmdr/pkg/cmd/cmdutil"
	"github.com/acmdr/kubectl-acmdr/pkg/factory"
	"github.com/acmdr/kubectl-acmdr/pkg/fence"
	"github.com/acmdr/kubectl-acmdr/pkg/fleet"
	"github.com/acmdr/kubectl-acmdr/pkg/ocm"
)

var long = templates.LongDesc(`
	Keep the old hub from taking clusters back and from writing to the bucket: pause its backup schedules, make its storage
	locations read-only, keep ClusterDeployments from deprovisioning, disable imports, keep its ManifestWorks from applying
	its bootstrap kubeconfig, and with --unaccept take hubAcceptsClient away.

	The context in hand is the hub that the clusters come to; the old hub is named by --old-hub-kubeconfig or
	--old-hub-context. With names or a selector only those clusters are fenced, and the hub's schedules and locations are left
	alone: it goes on serving the others.

	Nothing is ever deleted. What is changed is noted on each object, and --lift puts exactly that back.`)

var example = templates.Examples(`
	# Show what would be changed on the old hub
	kubectl acmdr fence --old-hub-context hub-dr1 --dry-run

	# Fence the old hub as a whole, and let none of its clusters come back
	kubectl acmdr fence --old-hub-kubeconfig ./hub-dr1.kubeconfig --unaccept

	# Fence it for one cluster only, which moves while the others stay
	kubectl acmdr fence managed-one --old-hub-context hub-dr1

	# Put back what was changed
	kubectl acmdr fence --old-hub-context hub-dr1 --lift`)

// Flags are what the user typed.
type Flags struct {
	targets cmdutil.TargetFlags
	output  cmdutil.OutputFlags
	dryRun  cmdutil.DryRunFlag
	oldHub  cmdutil.OldHubFlags
	fence   fence.Options
	lift    bool
}

// Options are ready to run.
type Options struct {
	// Program is how the plugin was called.
	Program string
	Old     dynamic.Interface
	Host    string
	// Clusters are fenced one by one; Whole tells that the hub itself is fenced, too.
	Clusters []string
	Whole    bool
	Fence    fence.Options
	Lift     bool
	DryRun   bool
	Parallel int
	Machine  bool
	Print    cmdutil.Printer
	Streams  genericiooptions.IOStreams
}

// New returns the fence command.
func New(f *factory.Factory, streams genericiooptions.IOStreams) *cobra.Command {
	flags := &Flags{}
	cmd := &cobra.Command{
		Use:     "fence [NAME... | --all | -l SELECTOR]",
		Short:   "Keep the old hub from interfering",
		Long:    long,
		Example: example,
		RunE: func(cmd *cobra.Command, names []string) error {
			options, err := flags.ToOptions(cmd, f, names, streams)
			if err != nil {
				return err
			}
			return options.Run(cmd.Context())
		},
	}
	flags.targets.AddFlags(cmd)
	flags.output.AddFlags(cmd)
	flags.dryRun.AddFlags(cmd)
	flags.oldHub.AddFlags(cmd)
	cmd.Flags().BoolVar(&flags.fence.Unaccept, "unaccept", false, "Also set hubAcceptsClient to false on the old hub")
	cmd.Flags().BoolVar(&flags.lift, "lift", false, "Put back what fence changed, and nothing else")
	return cmd
}

// ToOptions checks the flags, opens both hubs and finds the clusters on the old one.
func (flags *Flags) ToOptions(
	cmd *cobra.Command, f *factory.Factory, names []string, streams genericiooptions.IOStreams,
) (*Options, error) {
	whole := len(names) == 0 && flags.targets.Selector == ""
	flags.targets.All = flags.targets.All || whole
	if err := flags.targets.Validate(names); err != nil {
		return nil, err
	}
	if !flags.oldHub.Given() {
		return nil, cmdutil.Usagef("name the old hub with --old-hub-kubeconfig or --old-hub-context")
	}
	if flags.lift && flags.fence.Unaccept {
		return nil, cmdutil.Usagef("--lift and --unaccept exclude each other")
	}
	printer, err := flags.output.ToPrinter()
	if err != nil {
		return nil, err
	}
	dryRun, err := flags.dryRun.Enabled()
	if err != nil {
		return nil, err
	}
	ctx := cmd.Context()
	hub, err := f.Hub(ctx)
	if err != nil {
		return nil, err
	}
	old, err := flags.oldHub.Open(ctx, f, hub)
	if unreachable, ok := errors.AsType[*factory.UnreachableError](err); ok {
		advise(streams.ErrOut, fence.BeforeItComesBack(cmdutil.Program(cmd), cmdutil.HubFlags(cmd)))
		return nil, fmt.Errorf("nothing is fenced: old hub: %w", unreachable)
	}
	if err != nil {
		return nil, err
	}
	clusters, err := ocm.Selection{Names: names, Selector: flags.targets.Selector}.Find(ctx, old.Dynamic)
	if err != nil && (!whole || !errors.Is(err, ocm.ErrNoneSelected)) {
		return nil, fmt.Errorf("old hub: %w", err)
	}
	return &Options{
		Program: cmdutil.Program(cmd), Old: old.Dynamic, Host: old.Config.Host, Clusters: clusters, Whole: whole,
		Fence: flags.fence, Lift: flags.lift, DryRun: dryRun, Parallel: flags.targets.Parallel,
		Machine: flags.output.Machine(), Print: printer, Streams: streams,
	}, nil
}

// Run shows what is to be changed, changes it, and says how that went.
func (o *Options) Run(ctx context.Context) error {
	stages := o.plan(ctx)
	r := newReport(stages, o.Host)
	if !o.Machine && len(r.table.Rows) > 0 {
		if err := o.Print(o.Streams.Out, r.list, r.table); err != nil {
			return err
		}
	}
	if !o.DryRun {
		for _, parts := range stages {
			fleet.Run(ctx, parts, o.Parallel, func(ctx context.Context, p *part) error { return p.apply(ctx, o.Old) })
		}
		r = newReport(stages, o.Host)
	}
	if o.Machine {
		if err := o.Print(o.Streams.Out, r.list, r.table); err != nil {
			return err
		}
	}
	cmdutil.TellAllowed(o.Streams.ErrOut, o.Program, "fence", r.errs...)
	return r.summarize(o.Streams.ErrOut)
}

// part is what there is to do for the hub as a whole, or for one cluster.
type part struct {
	changes []fence.Change
	// err is why it is not known what there is to do; failed are the errors of the changes, nil where one was made.
	err    error
	failed []error
}

func (p *part) apply(ctx context.Context, old dynamic.Interface) error {
	for _, change := range p.changes {
		p.failed = append(p.failed, fence.Apply(ctx, old, change))
	}
	return nil
}

// plan returns what there is to do, in stages: first the hub and then its clusters, and the other way round when the fence is
// lifted.
func (o *Options) plan(ctx context.Context) [][]*part {
	planHub := fence.PlanHub
	planCluster := func(ctx context.Context, old dynamic.Interface, cluster string) ([]fence.Change, error) {
		return fence.PlanCluster(ctx, old, cluster, o.Fence)
	}
	if o.Lift {
		planHub, planCluster = fence.PlanLiftHub, fence.PlanLiftCluster
	}
	clusters := fleet.Run(ctx, o.Clusters, o.Parallel, func(ctx context.Context, cluster string) *part {
		changes, err := planCluster(ctx, o.Old, cluster)
		return &part{changes: changes, err: err}
	})
	if !o.Whole {
		return [][]*part{clusters}
	}
	changes, err := planHub(ctx, o.Old)
	hub := []*part{{changes: changes, err: err}}
	if o.Lift {
		return [][]*part{clusters, hub}
	}
	return [][]*part{hub, clusters}
}
