// Package accept is the verb that lets re-registered clusters into the hub.
package accept

import (
	"context"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"k8s.io/kubectl/pkg/util/templates"
	"k8s.io/utils/clock"

	"github.com/acmdr/kubectl-acmdr/pkg/accept"
	"github.com/acmdr/kubectl-acmdr/pkg/cmd/cmdutil"
	"github.com/acmdr/kubectl-acmdr/pkg/factory"
	"github.com/acmdr/kubectl-acmdr/pkg/ocm"
	"github.com/acmdr/kubectl-acmdr/pkg/step"
	"github.com/acmdr/kubectl-acmdr/pkg/wait"
)

var long = templates.LongDesc(`
	Accept managed clusters on this hub: approve the certificate signing request of each agent, after checking that it is
	the one that belongs to it, set hubAcceptsClient, and wait until the cluster is joined and available by signals that
	are newer than its switch to this hub.

	A cluster that is back already is left alone.`)

var example = templates.Examples(`
	# Accept one cluster
	kubectl acmdr accept managed-one

	# Accept the whole fleet, 50 clusters at a time
	kubectl acmdr accept --all --parallel 50

	# Accept the production clusters, and wait at most 10 minutes for each
	kubectl acmdr accept -l environment=prod --timeout 10m`)

// Flags are what the user typed.
type Flags struct {
	targets cmdutil.TargetFlags
	output  cmdutil.OutputFlags
	dryRun  cmdutil.DryRunFlag
	timeout time.Duration
}

// Options are ready to run.
type Options struct {
	Hub      *accept.Hub
	Clusters []string
	Timeout  time.Duration
	Run      cmdutil.Run
}

// New returns the accept command.
func New(f *factory.Factory, streams genericiooptions.IOStreams) *cobra.Command {
	flags := &Flags{timeout: wait.Join}
	cmd := &cobra.Command{
		Use:     "accept NAME... | --all | -l SELECTOR",
		Short:   "Accept re-registered managed clusters on this hub",
		Long:    long,
		Example: example,
		RunE: func(cmd *cobra.Command, names []string) error {
			options, err := flags.ToOptions(cmd, f, names, streams)
			if err != nil {
				return err
			}
			return options.Accept(cmd.Context())
		},
	}
	flags.targets.AddFlags(cmd)
	flags.output.AddFlags(cmd)
	flags.dryRun.AddFlags(cmd)
	cmd.Flags().DurationVar(&flags.timeout, "timeout", flags.timeout, "How long to wait for each agent, at each of the steps that wait")
	return cmd
}

// ToOptions checks the flags, opens the hub and finds the clusters.
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
	hub, err := f.Hub(cmd.Context())
	if err != nil {
		return nil, err
	}
	clusters, err := ocm.Selection{Names: names, Selector: flags.targets.Selector}.Find(cmd.Context(), hub.Dynamic)
	if err != nil {
		return nil, err
	}
	return &Options{
		Hub:      &accept.Hub{Kube: hub.Kube, Dynamic: hub.Dynamic, Clock: clock.RealClock{}},
		Clusters: clusters,
		Timeout:  flags.timeout,
		Run: cmdutil.Run{
			Streams: streams, Print: printer, Parallel: flags.targets.Parallel, Resume: cmdutil.Resume(cmd),
			Choice: flags.targets.Choice(), DryRun: dryRun,
		},
	}, nil
}

// Accept lets the clusters in and reports.
func (o *Options) Accept(ctx context.Context) error {
	steps := o.Hub.Steps(o.Timeout)
	if o.Run.DryRun {
		steps = step.DryRun(steps)
	}
	return o.Run.Each(ctx, o.Clusters, func(ctx context.Context, cluster string, emit func(step.Event)) step.Result {
		return step.Run(ctx, o.Hub.Clock, cluster, cluster, steps, emit)
	})
}
