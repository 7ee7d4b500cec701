// Package version is the verb that prints what the plugin and the hub run.
package version

import (
	"fmt"
	"runtime"

	"github.com/spf13/cobra"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"k8s.io/kubectl/pkg/util/templates"

	"github.com/acmdr/kubectl-acmdr/pkg/cmd/cmdutil"
	"github.com/acmdr/kubectl-acmdr/pkg/factory"
	"github.com/acmdr/kubectl-acmdr/pkg/version"
)

var example = templates.Examples(`
	# What this plugin is, and what the hub runs
	kubectl acmdr version

	# Only this plugin; no cluster is asked
	kubectl acmdr version --client

	# What the standby hub runs
	kubectl acmdr version --context hub-dr2`)

// New returns the version command.
func New(f *factory.Factory, streams genericiooptions.IOStreams) *cobra.Command {
	var client bool
	cmd := &cobra.Command{
		Use:     "version",
		Short:   "Print the versions of the plugin and of the hub",
		Example: example,
		Args:    cmdutil.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			fmt.Fprintf(streams.Out, "Client Version: %s (%s)\nVelero Version of 'install': %s\n", version.Version, built(), version.Velero)
			if client {
				return nil
			}
			hub, err := f.Hub(cmd.Context())
			if err != nil {
				return err
			}
			server, err := hub.Kube.Discovery().ServerVersion()
			if err != nil {
				return fmt.Errorf("reading the hub's version: %w", err)
			}
			fmt.Fprintf(streams.Out, "Hub Version: %s (%s)\n", server.GitVersion, hub.Config.Host)
			return nil
		},
	}
	cmd.Flags().BoolVar(&client, "client", false, "Print only the plugin's version")
	return cmd
}

// built says from what, with what and for what the plugin was built.
func built() string {
	with := fmt.Sprintf("%s, %s/%s", runtime.Version(), runtime.GOOS, runtime.GOARCH)
	if version.Commit == "" {
		return with
	}
	return "commit " + version.Commit + ", " + with
}
