package get

import (
	"context"
	"time"

	"github.com/spf13/cobra"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"k8s.io/kubectl/pkg/util/templates"

	"github.com/acmdr/kubectl-acmdr/pkg/access"
	"github.com/acmdr/kubectl-acmdr/pkg/cmd/cmdutil"
	"github.com/acmdr/kubectl-acmdr/pkg/factory"
	"github.com/acmdr/kubectl-acmdr/pkg/fleet"
	"github.com/acmdr/kubectl-acmdr/pkg/ocm"
	"github.com/acmdr/kubectl-acmdr/pkg/printing"
)

var credentialsExample = templates.Examples(`
	# Try the credential of every managed cluster, before it is needed
	kubectl acmdr get credentials

	# The production clusters, 50 at a time
	kubectl acmdr get credentials -l environment=prod --parallel 50

	# One cluster, with the place where its credential is kept
	kubectl acmdr get credentials managed-one -o wide`)

// credentialFlags are what the user typed.
type credentialFlags struct {
	output   cmdutil.OutputFlags
	selector string
	parallel int
}

// triedCredential is how one cluster would be opened.
type triedCredential struct {
	cluster string
	managed *access.Managed
	err     error
}

func newCredentials(f *factory.Factory, streams genericiooptions.IOStreams) *cobra.Command {
	flags := &credentialFlags{parallel: cmdutil.DefaultParallel}
	cmd := &cobra.Command{
		Use:     "credentials [NAME...]",
		Aliases: []string{"credential", "creds"},
		Short:   "Try the credential of every managed cluster",
		Example: credentialsExample,
		RunE: func(cmd *cobra.Command, names []string) error {
			return flags.run(cmd, f, names, streams)
		},
	}
	flags.output.AddFlags(cmd)
	cmdutil.AddSelector(cmd, &flags.selector)
	cmd.Flags().IntVar(&flags.parallel, "parallel", flags.parallel, "How many clusters to try at the same time")
	return cmd
}

func (flags *credentialFlags) run(cmd *cobra.Command, f *factory.Factory, names []string, streams genericiooptions.IOStreams) error {
	ctx := cmd.Context()
	printer, err := flags.output.ToPrinter()
	if err != nil {
		return err
	}
	hub, err := f.Hub(ctx)
	if err != nil {
		return err
	}
	clusters, err := ocm.Selection{Names: names, Selector: flags.selector}.Find(ctx, hub.Dynamic)
	if err != nil {
		return err
	}
	finder := &access.Finder{Sources: access.HubSources(hub.Kube, hub.Dynamic), Connect: factory.Connect, Hub: hub.Dynamic}
	tried := fleet.Run(ctx, clusters, flags.parallel, func(ctx context.Context, cluster string) triedCredential {
		managed, err := finder.Open(ctx, cluster)
		return triedCredential{cluster: cluster, managed: managed, err: err}
	})
	list, table := credentialReport(tried, time.Now())
	if err := printer(streams.Out, list, table); err != nil {
		return err
	}
	var failed []error
	for _, c := range tried {
		if c.err != nil {
			failed = append(failed, c.err)
		}
	}
	if len(failed) == 0 {
		return nil
	}
	cmdutil.TellAllowed(streams.ErrOut, cmdutil.Program(cmd), "get", failed...)
	return cmdutil.ErrReported
}

func credentialReport(tried []triedCredential, now time.Time) (*unstructured.UnstructuredList, *metav1.Table) {
	table := &metav1.Table{ColumnDefinitions: printing.Columns([]string{"Name", "Source", "User", "Expires", "Status"}, "Origin", "Server")}
	list := &unstructured.UnstructuredList{Object: map[string]any{"apiVersion": printing.APIVersion, "kind": "CredentialList"}}
	for _, c := range tried {
		source, user, expires, notAfter, origin, server := "", "", "", "", "", ""
		state := "OK"
		if c.err != nil {
			state = c.err.Error()
		} else {
			found := c.managed.Credential
			for _, passed := range c.managed.Passed {
				state += "; not usable: " + passed.Error()
			}
			source, user, origin, server = found.Source, c.managed.User, found.Origin, found.Config.Host
			if !found.NotAfter.IsZero() {
				expires, notAfter = "in "+printing.Age(found.NotAfter, now), found.NotAfter.UTC().Format(time.RFC3339)
			}
		}
		table.Rows = append(table.Rows, printing.Row(c.cluster, source, user, expires, state, origin, server))
		list.Items = append(list.Items, unstructured.Unstructured{Object: map[string]any{
			"apiVersion": printing.APIVersion, "kind": "Credential", "metadata": map[string]any{"name": c.cluster},
			"source": source, "user": user, "notAfter": notAfter, "origin": origin, "server": server, "status": state,
		}})
	}
	return list, table
}
