// Package explain is the verb that says why a managed cluster is stuck.
package explain

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"k8s.io/kubectl/pkg/util/templates"
	"k8s.io/utils/clock"
	clusterv1 "open-cluster-management.io/api/cluster/v1"

	"github.com/acmdr/kubectl-acmdr/pkg/accept"
	"github.com/acmdr/kubectl-acmdr/pkg/bootstrap"
	"github.com/acmdr/kubectl-acmdr/pkg/cmd/cmdutil"
	"github.com/acmdr/kubectl-acmdr/pkg/explain"
	"github.com/acmdr/kubectl-acmdr/pkg/factory"
	"github.com/acmdr/kubectl-acmdr/pkg/kubeconfig"
	"github.com/acmdr/kubectl-acmdr/pkg/rbac"
)

var long = templates.LongDesc(`
	Explain why a managed cluster is not well on this hub: one sentence, what it is concluded from, and one command that
	cures it or shows more.

	The way of an agent is walked from its start: the cluster's credential, its bootstrap kubeconfig, the agent, its
	certificate signing request, the acceptance by the hub, the lease, the add-ons, the works. The first thing that is wrong
	is told, since it makes all after it wrong. Nothing is changed anywhere. Where the managed cluster cannot be opened, the
	hub alone is looked at.

	The exit code is 0 when the cluster is well, and 1 when something is wrong, or when something on the hub may not be
	looked at.`)

var example = templates.Examples(`
	# Why is this cluster not back?
	kubectl acmdr explain managed-one

	# The same, looking at the cluster itself with a kubeconfig of your own
	kubectl acmdr explain edge-7 --managed-kubeconfig ./edge-7.kubeconfig

	# The command that cures it
	kubectl acmdr explain managed-one -o jsonpath='{.status.command}'`)

// Flags are what the user typed.
type Flags struct {
	output      cmdutil.OutputFlags
	credentials cmdutil.CredentialFlags
}

// Options are ready to run.
type Options struct {
	Explainer *explain.Explainer
	Cluster   string
	Print     func(out io.Writer, report *explain.Report) error
	Streams   genericiooptions.IOStreams
}

// New returns the explain command.
func New(f *factory.Factory, streams genericiooptions.IOStreams) *cobra.Command {
	flags := &Flags{}
	cmd := &cobra.Command{
		Use:     "explain CLUSTER",
		Short:   "Say why a managed cluster is stuck, and what to do",
		Long:    long,
		Example: example,
		Args:    cmdutil.OneArg("managed cluster"),
		RunE: func(cmd *cobra.Command, names []string) error {
			options, err := flags.ToOptions(cmd, f, names, streams)
			if err != nil {
				return err
			}
			return options.Run(cmd.Context())
		},
	}
	flags.output.AddFlags(cmd)
	flags.credentials.AddFlags(cmd)
	return cmd
}

// ToOptions checks the flags and opens the hub.
func (flags *Flags) ToOptions(
	cmd *cobra.Command, f *factory.Factory, names []string, streams genericiooptions.IOStreams,
) (*Options, error) {
	printer, err := flags.printer(cmd)
	if err != nil {
		return nil, err
	}
	files, err := flags.credentials.Read(names)
	if err != nil {
		return nil, err
	}
	hub, err := f.Hub(cmd.Context())
	if err != nil {
		return nil, err
	}
	shell := explain.Shell{Plugin: cmdutil.Program(cmd), HubFlags: cmdutil.HubFlags(cmd)}
	if file, ok := files[names[0]]; ok {
		shell.ManagedFlags = "--kubeconfig=" + file.Path
	}
	return &Options{
		Explainer: &explain.Explainer{
			Hub:      &accept.Hub{Kube: hub.Kube, Dynamic: hub.Dynamic, Clock: clock.RealClock{}},
			Finder:   flags.credentials.Finder(files, hub),
			Endpoint: endpoint(bootstrap.Hub{Kube: hub.Kube, Dynamic: hub.Dynamic, Config: hub.Config}),
			WhoAmI:   bootstrap.WhoAmI,
			Server:   hub.Config.Host,
			Shell:    shell,
		},
		Cluster: names[0], Print: printer, Streams: streams,
	}, nil
}

// endpoint finds how an agent reaches the hub when it is asked for.
func endpoint(hub bootstrap.Hub) func(context.Context, *clusterv1.ManagedCluster) (kubeconfig.Endpoint, error) {
	return func(ctx context.Context, cluster *clusterv1.ManagedCluster) (kubeconfig.Endpoint, error) {
		endpoints, err := bootstrap.FindEndpoints(ctx, hub, bootstrap.EndpointOptions{})
		if err != nil {
			return kubeconfig.Endpoint{}, err
		}
		return endpoints.For(ctx, cluster)
	}
}

// printer writes text unless the user asks for another format.
func (flags *Flags) printer(cmd *cobra.Command) (func(io.Writer, *explain.Report) error, error) {
	printer, err := flags.output.ToPrinter()
	if err != nil || !cmd.Flags().Changed("output") {
		return text, err
	}
	return func(out io.Writer, report *explain.Report) error { return printer(out, object(report), table(report)) }, nil
}

// Run explains the cluster; what was looked at is told on the way.
func (o *Options) Run(ctx context.Context) error {
	report, err := o.Explainer.Explain(ctx, o.Cluster, func(outcome explain.Outcome) {
		if outcome.Status != explain.Wrong {
			fmt.Fprintf(o.Streams.ErrOut, "%s: %s %s: %s\n", o.Cluster, outcome.Check, strings.ToLower(string(outcome.Status)), outcome.Detail)
		}
	})
	if err != nil {
		return err
	}
	if err := o.Print(o.Streams.Out, report); err != nil {
		return err
	}
	if o.unseen(report) || report.Finding != nil {
		return cmdutil.ErrReported
	}
	return nil
}

// unseen tells whether something on the hub may not be looked at, so that the cluster may be less well than it seems. What a
// narrow credential of the managed cluster hides is only named.
func (o *Options) unseen(report *explain.Report) bool {
	var failed []error
	unseen := false
	for _, outcome := range report.Outcomes {
		failed = append(failed, outcome.Err)
		roles := rbac.RolesFor(outcome.Err)
		unseen = unseen || len(roles) > 0 && !slices.Contains(roles, rbac.Managed)
	}
	cmdutil.TellAllowed(o.Streams.ErrOut, o.Explainer.Shell.Plugin, "explain", failed...)
	return unseen
}
