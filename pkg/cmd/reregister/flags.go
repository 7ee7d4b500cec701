package reregister

import (
	"os"

	"github.com/spf13/cobra"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"k8s.io/utils/clock"

	"github.com/acmdr/kubectl-acmdr/pkg/accept"
	"github.com/acmdr/kubectl-acmdr/pkg/bootstrap"
	"github.com/acmdr/kubectl-acmdr/pkg/cmd/cmdutil"
	"github.com/acmdr/kubectl-acmdr/pkg/factory"
	"github.com/acmdr/kubectl-acmdr/pkg/ocm"
	"github.com/acmdr/kubectl-acmdr/pkg/reregister"
	"github.com/acmdr/kubectl-acmdr/pkg/wait"
)

// Flags are what the user typed.
type Flags struct {
	targets       cmdutil.TargetFlags
	output        cmdutil.OutputFlags
	dryRun        cmdutil.DryRunFlag
	credentials   cmdutil.CredentialFlags
	oldHub        cmdutil.OldHubFlags
	accept        bool
	undoOnFailure bool
	hubServer     string
	hubCAFile     string
	hubProxyURL   string
	options       reregister.Options
}

func newFlags() *Flags {
	return &Flags{options: reregister.Options{TokenLifetime: bootstrap.DefaultTokenLifetime, Timeout: wait.Knock}}
}

// AddFlags registers the flags.
func (flags *Flags) AddFlags(cmd *cobra.Command) {
	flags.targets.AddFlags(cmd)
	flags.output.AddFlags(cmd)
	flags.dryRun.AddFlags(cmd)
	flags.credentials.AddFlags(cmd)
	flags.oldHub.AddFlags(cmd)
	set := cmd.Flags()
	set.BoolVar(&flags.accept, "accept", false, "Also accept each cluster and wait until it is back, as 'accept' does")
	set.BoolVar(&flags.undoOnFailure, "undo-on-failure", false,
		"Put a cluster that has not joined within --timeout back to the hub that it had, as 'undo' does")
	set.StringVar(&flags.hubServer, "hub-server", "", "URL by which agents reach this hub (default: found on the hub)")
	set.StringVar(&flags.hubCAFile, "hub-ca-file", "", "File of the CA that verifies --hub-server (default: found on the hub)")
	set.StringVar(&flags.hubProxyURL, "hub-proxy-url", "", "Proxy through which agents reach this hub")
	cmdutil.AddAge(cmd, &flags.options.TokenLifetime, "token-lifetime", "Lifetime of the bootstrap token; the hub may grant less")
	set.DurationVar(&flags.options.Timeout, "timeout", flags.options.Timeout,
		"How long to wait for each agent, at each of the steps that wait")
	set.BoolVar(&flags.options.AllowWorkloadLoss, "allow-workload-loss", false,
		"Move a cluster even if workloads on it would be deleted because this hub has no ManifestWork for them")
	set.BoolVar(&flags.options.HoldEviction, "hold-eviction", false,
		"Keep the work agent from deleting workloads for which this hub has no ManifestWork, until it is lifted")
	set.BoolVar(&flags.options.AllowLoopback, "allow-loopback", false, "Let agents be sent to a loopback address")
}

// ToOptions checks the flags, opens the hubs, and finds the clusters and how agents reach this hub.
func (flags *Flags) ToOptions(
	cmd *cobra.Command, f *factory.Factory, names []string, streams genericiooptions.IOStreams,
) (*Options, error) {
	printer, dryRun, err := flags.validate(names)
	if err != nil {
		return nil, err
	}
	files, err := flags.credentials.Read(names)
	if err != nil {
		return nil, err
	}
	endpointOptions := bootstrap.EndpointOptions{Server: flags.hubServer, ProxyURL: flags.hubProxyURL}
	if flags.hubCAFile != "" {
		if endpointOptions.CAData, err = os.ReadFile(flags.hubCAFile); err != nil {
			return nil, cmdutil.Usagef("--hub-ca-file: %w", err)
		}
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
	newHub := bootstrap.Hub{Kube: hub.Kube, Dynamic: hub.Dynamic, Config: hub.Config}
	endpoints, err := bootstrap.FindEndpoints(ctx, newHub, endpointOptions)
	if err != nil {
		return nil, err
	}
	return &Options{
		Mover: &reregister.Mover{
			Hub:      newHub,
			Endpoint: endpoints.For,
			Accept:   &accept.Hub{Kube: hub.Kube, Dynamic: hub.Dynamic, Clock: clock.RealClock{}},
			Finder:   flags.credentials.Finder(files, hub),
			OldHub:   oldHub(old),
			Dial:     bootstrap.Dial,
			Verify:   bootstrap.Verify,
			Options:  flags.options,
		},
		Clusters: clusters,
		Accept:   flags.accept,
		Undo:     flags.undoOnFailure,
		Run: cmdutil.Run{
			Streams: streams, Print: printer, Parallel: flags.targets.Parallel, Resume: cmdutil.Resume(cmd),
			Choice: flags.targets.Choice(), DryRun: dryRun,
		},
	}, nil
}

func (flags *Flags) validate(names []string) (cmdutil.Printer, bool, error) {
	if err := flags.targets.Validate(names); err != nil {
		return nil, false, err
	}
	if flags.options.TokenLifetime < bootstrap.MinTokenLifetime {
		return nil, false, cmdutil.Usagef("--token-lifetime must be at least %s", bootstrap.MinTokenLifetime)
	}
	if flags.options.HoldEviction && flags.options.AllowWorkloadLoss {
		return nil, false, cmdutil.Usagef("--hold-eviction and --allow-workload-loss exclude each other")
	}
	dryRun, err := flags.dryRun.Enabled()
	if err != nil {
		return nil, false, err
	}
	printer, err := flags.output.ToPrinter()
	return printer, dryRun, err
}

// oldHub is the old hub as the moves know it; nil when the user named none.
func oldHub(old *factory.Clients) *accept.Hub {
	if old == nil {
		return nil
	}
	return &accept.Hub{Kube: old.Kube, Dynamic: old.Dynamic, Clock: clock.RealClock{}}
}
