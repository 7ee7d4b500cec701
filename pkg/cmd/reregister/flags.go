package reregister

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"k8s.io/client-go/dynamic"
	"k8s.io/utils/clock"

	"github.com/acmdr/kubectl-acmdr/pkg/accept"
	"github.com/acmdr/kubectl-acmdr/pkg/access"
	"github.com/acmdr/kubectl-acmdr/pkg/bootstrap"
	"github.com/acmdr/kubectl-acmdr/pkg/cmd/cmdutil"
	"github.com/acmdr/kubectl-acmdr/pkg/factory"
	"github.com/acmdr/kubectl-acmdr/pkg/kubeconfig"
	"github.com/acmdr/kubectl-acmdr/pkg/ocm"
	"github.com/acmdr/kubectl-acmdr/pkg/reregister"
	"github.com/acmdr/kubectl-acmdr/pkg/wait"
)

// Flags are what the user typed.
type Flags struct {
	targets              cmdutil.TargetFlags
	output               cmdutil.OutputFlags
	dryRun               cmdutil.DryRunFlag
	accept               bool
	managedKubeconfig    string
	managedKubeconfigDir string
	oldHubKubeconfig     string
	oldHubContext        string
	hubServer            string
	hubCAFile            string
	hubProxyURL          string
	options              reregister.Options
}

func newFlags() *Flags {
	return &Flags{options: reregister.Options{TokenLifetime: bootstrap.DefaultTokenLifetime, Timeout: wait.Knock}}
}

// AddFlags registers the flags.
func (flags *Flags) AddFlags(cmd *cobra.Command) {
	flags.targets.AddFlags(cmd)
	flags.output.AddFlags(cmd)
	flags.dryRun.AddFlags(cmd)
	set := cmd.Flags()
	set.BoolVar(&flags.accept, "accept", false, "Also accept each cluster and wait until it is back, as 'accept' does")
	set.StringVar(&flags.managedKubeconfig, "managed-kubeconfig", "", "Kubeconfig file of the one managed cluster that is named")
	set.StringVar(&flags.managedKubeconfigDir, "managed-kubeconfig-dir", "",
		"Directory of kubeconfig files of managed clusters, named like them, with or without an extension")
	set.StringVar(&flags.oldHubKubeconfig, "old-hub-kubeconfig", "",
		"Kubeconfig file of the hub that the clusters leave, if it can be reached")
	set.StringVar(&flags.oldHubContext, "old-hub-context", "", "Kubeconfig context of the hub that the clusters leave, if it can be reached")
	set.StringVar(&flags.hubServer, "hub-server", "", "URL by which agents reach this hub (default: found on the hub)")
	set.StringVar(&flags.hubCAFile, "hub-ca-file", "", "File of the CA that verifies --hub-server (default: found on the hub)")
	set.StringVar(&flags.hubProxyURL, "hub-proxy-url", "", "Proxy through which agents reach this hub")
	set.DurationVar(&flags.options.TokenLifetime, "token-lifetime", flags.options.TokenLifetime,
		"Lifetime of the bootstrap token; the hub may grant less")
	set.DurationVar(&flags.options.Timeout, "timeout", flags.options.Timeout,
		"How long to wait for each agent, at each of the steps that wait")
	set.BoolVar(&flags.options.AllowWorkloadLoss, "allow-workload-loss", false,
		"Move a cluster even if workloads on it would be deleted because this hub has no ManifestWork for them")
	set.BoolVar(&flags.options.HoldEviction, "hold-eviction", false,
		"Keep the work agent from deleting workloads for which this hub has no ManifestWork, until it is lifted")
	set.BoolVar(&flags.options.AllowLoopback, "allow-loopback", false, "Let agents be sent to a loopback address")
	_ = cmd.MarkFlagFilename("managed-kubeconfig")
	_ = cmd.MarkFlagDirname("managed-kubeconfig-dir")
}

// ToOptions checks the flags, opens the hubs, and finds the clusters and how agents reach this hub.
func (flags *Flags) ToOptions(
	cmd *cobra.Command, f *factory.Factory, names []string, streams genericiooptions.IOStreams,
) (*Options, error) {
	printer, dryRun, err := flags.validate(names)
	if err != nil {
		return nil, err
	}
	files, err := flags.files(names)
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
	oldHub, err := flags.oldHub(ctx, f, hub)
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
			Finder:   &access.Finder{Sources: flags.sources(files, hub), Connect: factory.Connect},
			OldHub:   oldHub,
			Verify:   bootstrap.Verify,
			Options:  flags.options,
		},
		Clusters: clusters,
		Accept:   flags.accept,
		DryRun:   dryRun,
		Run: cmdutil.Run{
			Streams: streams, Print: printer, Parallel: flags.targets.Parallel, Resume: cmdutil.Resume(cmd),
		},
	}, nil
}

func (flags *Flags) validate(names []string) (cmdutil.Printer, bool, error) {
	if err := flags.targets.Validate(names); err != nil {
		return nil, false, err
	}
	if flags.managedKubeconfig != "" && len(names) != 1 {
		return nil, false, cmdutil.Usagef(
			"--managed-kubeconfig goes with the name of exactly one cluster; for more, use --managed-kubeconfig-dir")
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

// sources are where credentials are looked for. A file that the user names for a cluster is what the user wants: nothing
// else is tried in its place.
func (flags *Flags) sources(files access.Files, hub *factory.Clients) []access.Source {
	if flags.managedKubeconfig != "" {
		return []access.Source{files}
	}
	return append([]access.Source{files}, access.HubSources(hub.Kube, hub.Dynamic)...)
}

// oldHub opens the hub that the clusters leave, which must not be the one that they come to.
func (flags *Flags) oldHub(ctx context.Context, f *factory.Factory, hub *factory.Clients) (dynamic.Interface, error) {
	old, err := f.OldHub(ctx, flags.oldHubKubeconfig, flags.oldHubContext)
	if err != nil || old == nil {
		return nil, err
	}
	oldUID, oldErr := factory.ClusterUID(ctx, old.Kube)
	newUID, newErr := factory.ClusterUID(ctx, hub.Kube)
	if err := errors.Join(oldErr, newErr); err != nil {
		return nil, err
	}
	if oldUID == newUID {
		return nil, fmt.Errorf("the old hub and this hub are the same cluster (%s)", hub.Config.Host)
	}
	return old.Dynamic, nil
}

// files reads the kubeconfigs that the user gave, by cluster name.
func (flags *Flags) files(names []string) (access.Files, error) {
	files := access.Files{}
	if path := flags.managedKubeconfig; path != "" {
		data, err := os.ReadFile(path) //nolint:gosec // the user names the file
		if err != nil {
			return nil, cmdutil.Usagef("--managed-kubeconfig: %w", err)
		}
		if _, err := kubeconfig.Load(data); err != nil {
			return nil, cmdutil.Usagef("--managed-kubeconfig %s: %w", path, err)
		}
		files[names[0]] = access.File{Path: path, Data: data}
	}
	if flags.managedKubeconfigDir == "" {
		return files, nil
	}
	entries, err := os.ReadDir(flags.managedKubeconfigDir)
	if err != nil {
		return nil, cmdutil.Usagef("--managed-kubeconfig-dir: %w", err)
	}
	for _, entry := range entries {
		if entry.IsDir() || strings.HasPrefix(entry.Name(), ".") {
			continue
		}
		path := filepath.Join(flags.managedKubeconfigDir, entry.Name())
		data, err := os.ReadFile(path) //nolint:gosec // the user names the directory
		if err != nil {
			return nil, cmdutil.Usagef("--managed-kubeconfig-dir: %w", err)
		}
		files[clusterOf(entry.Name())] = access.File{Path: path, Data: data}
	}
	return files, nil
}

// clusterOf is the cluster that a file is named after; cluster names may hold dots, so only usual extensions are cut.
func clusterOf(file string) string {
	for _, extension := range []string{".kubeconfig", ".yaml", ".yml", ".conf"} {
		if name, ok := strings.CutSuffix(file, extension); ok {
			return name
		}
	}
	return file
}
