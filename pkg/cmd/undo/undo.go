// Package undo is the verb that puts a moved cluster back to the hub that it had before.
package undo

import (
	"context"

	"github.com/spf13/cobra"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"k8s.io/kubectl/pkg/util/templates"
	"k8s.io/utils/clock"

	"github.com/acmdr/kubectl-acmdr/pkg/accept"
	"github.com/acmdr/kubectl-acmdr/pkg/bootstrap"
	"github.com/acmdr/kubectl-acmdr/pkg/cmd/cmdutil"
	"github.com/acmdr/kubectl-acmdr/pkg/factory"
	"github.com/acmdr/kubectl-acmdr/pkg/ocm"
	"github.com/acmdr/kubectl-acmdr/pkg/reregister"
	"github.com/acmdr/kubectl-acmdr/pkg/step"
	"github.com/acmdr/kubectl-acmdr/pkg/wait"
)

var long = templates.LongDesc(`
	Put the previous bootstrap kubeconfig of managed clusters back, byte for byte and in place, and wait until their agents
	are at the hub that they had before. Run it on the hub that the clusters were moved to.

	Where the old hub is named by --old-hub-kubeconfig or --old-hub-context, what fence changed there for the cluster is put
	back first, the agent's certificate signing request is approved there, and the cluster has to be available there with a
	renewed lease. Otherwise only the managed cluster can tell where its agent is.

	A cluster that keeps no previous bootstrap kubeconfig, or one that leads to this hub, is refused. Nothing is deleted, on
	any hub. Within the eviction grace period no workload is touched: the agent stops the eviction when it is back.`)

var example = templates.Examples(`
	# Put one cluster back to the hub that it had
	kubectl acmdr undo managed-one --old-hub-context hub-dr1

	# See whether there is a way back for the whole fleet
	kubectl acmdr undo --all --dry-run

	# Put the production clusters back, 50 at a time, without looking at the old hub
	kubectl acmdr undo -l environment=prod --parallel 50`)

// Flags are what the user typed.
type Flags struct {
	targets     cmdutil.TargetFlags
	output      cmdutil.OutputFlags
	dryRun      cmdutil.DryRunFlag
	credentials cmdutil.CredentialFlags
	oldHub      cmdutil.OldHubFlags
	options     reregister.Options
}

// Options are ready to run.
type Options struct {
	Mover    *reregister.Mover
	Clusters []string
	Run      cmdutil.Run
}

// New returns the undo command.
func New(f *factory.Factory, streams genericiooptions.IOStreams) *cobra.Command {
	flags := &Flags{options: reregister.Options{Timeout: wait.Knock}}
	cmd := &cobra.Command{
		Use:     "undo NAME... | --all | -l SELECTOR",
		Short:   "Put moved clusters back to the hub that they had",
		Long:    long,
		Example: example,
		RunE: func(cmd *cobra.Command, names []string) error {
			options, err := flags.ToOptions(cmd, f, names, streams)
			if err != nil {
				return err
			}
			return options.Undo(cmd.Context())
		},
	}
	flags.targets.AddFlags(cmd)
	flags.output.AddFlags(cmd)
	flags.dryRun.AddFlags(cmd)
	flags.credentials.AddFlags(cmd)
	flags.oldHub.AddFlags(cmd)
	cmd.Flags().DurationVar(&flags.options.Timeout, "timeout", flags.options.Timeout, "How long to wait for each agent")
	cmd.Flags().BoolVar(&flags.options.AllowWorkloadLoss, "allow-workload-loss", false,
		"Put a cluster back even if workloads on it would be deleted because the old hub has no ManifestWork for them")
	return cmd
}

// ToOptions checks the flags, opens the hubs and finds the clusters.
func (flags *Flags) ToOptions(
	cmd *cobra.Command, f *factory.Factory, names []string, streams genericiooptions.IOStreams,
) (*Options, error) {
	if err := flags.targets.Validate(names); err != nil {
		return nil, err
	}
	printer, err := flags.output.ToPrinter()
	if err != nil {
		return nil, err
	}
	dryRun, err := flags.dryRun.Enabled()
	if err != nil {
		return nil, err
	}
	files, err := flags.credentials.Read(names)
	if err != nil {
		return nil, err
	}
	ctx := cmd.Context()
	hub, err := f.Hub(ctx)
	if err != nil {
		return nil, err
	}
	clusters, err := ocm.Selection{Names: names, Selector: flags.targets.Selector}.Find(ctx, hub.Dynamic)
	if err != nil {
		return nil, err
	}
	old, err := flags.oldHub.Open(ctx, f, hub)
	if err != nil {
		return nil, err
	}
	mover := &reregister.Mover{
		Hub:     bootstrap.Hub{Kube: hub.Kube, Dynamic: hub.Dynamic, Config: hub.Config},
		Accept:  &accept.Hub{Kube: hub.Kube, Dynamic: hub.Dynamic, Clock: clock.RealClock{}},
		Finder:  flags.credentials.Finder(files, hub),
		Verify:  bootstrap.Verify,
		Options: flags.options,
	}
	if old != nil {
		mover.OldHub = &accept.Hub{Kube: old.Kube, Dynamic: old.Dynamic, Clock: clock.RealClock{}}
	}
	return &Options{
		Mover:    mover,
		Clusters: clusters,
		Run: cmdutil.Run{
			Streams: streams, Print: printer, Parallel: flags.targets.Parallel, Resume: cmdutil.Resume(cmd),
			Choice: flags.targets.Choice(), DryRun: dryRun,
		},
	}, nil
}

// Undo puts the clusters back and reports.
func (o *Options) Undo(ctx context.Context) error {
	steps := o.Mover.UndoSteps()
	if o.Run.DryRun {
		steps = step.DryRun(steps)
	}
	moves := map[string]*reregister.Move{}
	for _, cluster := range o.Clusters {
		moves[cluster] = &reregister.Move{Name: cluster}
	}
	o.Run.Notes = func(cluster string) string { return moves[cluster].Summary() }
	return o.Run.Each(ctx, o.Clusters, func(ctx context.Context, cluster string, emit func(step.Event)) step.Result {
		return step.Run(ctx, o.Mover.Accept.Clock, cluster, moves[cluster], steps, emit)
	})
}
