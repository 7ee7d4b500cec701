// Package reregister is the verb that moves managed clusters to the hub in hand.
package reregister

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"k8s.io/kubectl/pkg/util/templates"

	"github.com/acmdr/kubectl-acmdr/pkg/cmd/cmdutil"
	"github.com/acmdr/kubectl-acmdr/pkg/factory"
	"github.com/acmdr/kubectl-acmdr/pkg/reregister"
	"github.com/acmdr/kubectl-acmdr/pkg/step"
)

var long = templates.LongDesc(`
	Re-register managed clusters with this hub: open each cluster with the credential that the hub knows or that you give,
	make sure that it is the right one and that no workload would be lost, prepare and try a bootstrap kubeconfig, put it in
	place on the managed cluster, and wait until its agent knocks at this hub.

	Nothing is written to a managed cluster before this hub is proven able to take it. The previous bootstrap kubeconfig is
	kept on the managed cluster. Running the command again finishes what was interrupted; a cluster that is done is left
	alone.`)

var example = templates.Examples(`
	# Move one cluster to this hub; accept it afterwards with 'kubectl acmdr accept managed-one'
	kubectl acmdr reregister managed-one

	# Move and accept the whole fleet, 50 clusters at a time
	kubectl acmdr reregister --all --accept --parallel 50

	# Move a cluster that was imported, with a kubeconfig of your own
	kubectl acmdr reregister edge-7 --managed-kubeconfig ./edge-7.kubeconfig

	# See what would be done, and what stands in the way
	kubectl acmdr reregister -l environment=prod --dry-run`)

// Options are ready to run.
type Options struct {
	Mover    *reregister.Mover
	Clusters []string
	Accept   bool
	// Undo puts a cluster that has not joined back.
	Undo bool
	Run  cmdutil.Run
}

// New returns the reregister command.
func New(f *factory.Factory, streams genericiooptions.IOStreams) *cobra.Command {
	flags := newFlags()
	cmd := &cobra.Command{
		Use:     "reregister NAME... | --all | -l SELECTOR",
		Short:   "Move managed clusters to this hub",
		Long:    long,
		Example: example,
		RunE: func(cmd *cobra.Command, names []string) error {
			options, err := flags.ToOptions(cmd, f, names, streams)
			if err != nil {
				return err
			}
			return options.Reregister(cmd.Context())
		},
	}
	flags.AddFlags(cmd)
	return cmd
}

// Reregister moves the clusters and reports.
func (o *Options) Reregister(ctx context.Context) error {
	steps := o.Mover.Steps()
	if o.Accept {
		steps = append(steps, o.Mover.AcceptSteps()...)
	}
	if o.Run.DryRun {
		steps = step.DryRun(steps)
	}
	moves := map[string]*reregister.Move{}
	for _, cluster := range o.Clusters {
		moves[cluster] = &reregister.Move{Name: cluster}
	}
	o.Run.Last = func() string { return lastLine(o.Clusters, moves) }
	o.Run.Notes = func(cluster string) string { return moves[cluster].Summary() }
	return o.Run.Each(ctx, o.Clusters, func(ctx context.Context, cluster string, emit func(step.Event)) step.Result {
		result := step.Run(ctx, o.Mover.Accept.Clock, cluster, moves[cluster], steps, emit)
		if o.Undo {
			result = o.Mover.Abort(ctx, moves[cluster], result, emit)
		}
		return result
	})
}

// maxDeadlines clusters are named in the last line; more are counted.
const maxDeadlines = 10

// lastLine tells which evictions are left when the run has ended.
func lastLine(clusters []string, moves map[string]*reregister.Move) string {
	var left []string
	for _, cluster := range clusters {
		if deadline := moves[cluster].Deadline(); deadline != "" {
			left = append(left, cluster+": "+deadline)
		}
	}
	if len(left) == 0 {
		return "Deadlines left: none."
	}
	if more := len(left) - maxDeadlines; more > 0 {
		left = append(left[:maxDeadlines], fmt.Sprintf("and %d more clusters", more))
	}
	return "Deadlines left: " + strings.Join(left, "; ") + "."
}
