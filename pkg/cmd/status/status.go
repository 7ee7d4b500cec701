// Package status is the verb that shows how a hub stands on one page.
package status

import (
	"context"
	"errors"
	"time"

	"github.com/spf13/cobra"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"k8s.io/kubectl/pkg/util/templates"

	"github.com/acmdr/kubectl-acmdr/pkg/cmd/cmdutil"
	"github.com/acmdr/kubectl-acmdr/pkg/factory"
	"github.com/acmdr/kubectl-acmdr/pkg/printing"
	"github.com/acmdr/kubectl-acmdr/pkg/status"
	"github.com/acmdr/kubectl-acmdr/pkg/velero"
)

var example = templates.Examples(`
	# The hub of the current context: storage, newest backup and its age, fleet by state
	kubectl acmdr status

	# The standby hub, for a program
	kubectl acmdr status --context hub-dr2 -o json

	# After a recovery: the clusters that both hubs claim
	kubectl acmdr status --context hub-dr2 --old-hub-context hub-dr1

	# How old the newest backup is
	kubectl acmdr status -o jsonpath='{.items[?(@.component=="backup")].since}'`)

// Flags are what the user typed.
type Flags struct {
	output cmdutil.OutputFlags
	velero cmdutil.VeleroFlags
	oldHub cmdutil.OldHubFlags
}

// Options are ready to run.
type Options struct {
	Hub     status.Hub
	Print   cmdutil.Printer
	Streams genericiooptions.IOStreams
	// HubFlags choose the hub, as they were typed.
	HubFlags string
}

// New returns the status command.
func New(f *factory.Factory, streams genericiooptions.IOStreams) *cobra.Command {
	flags := &Flags{}
	cmd := &cobra.Command{
		Use:     "status",
		Short:   "Show how a hub stands: storage, newest backup, fleet",
		Example: example,
		Args:    cmdutil.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			options, err := flags.ToOptions(cmd.Context(), f, streams)
			if err != nil {
				return err
			}
			options.HubFlags = cmdutil.ThisHub(cmd)
			return options.Run(cmd.Context())
		},
	}
	flags.output.AddFlags(cmd)
	flags.velero.AddFlags(cmd)
	flags.oldHub.AddFlags(cmd)
	return cmd
}

// ToOptions opens the hub.
func (flags *Flags) ToOptions(ctx context.Context, f *factory.Factory, streams genericiooptions.IOStreams) (*Options, error) {
	printer, err := flags.output.ToPrinter()
	if err != nil {
		return nil, err
	}
	hub, err := f.Hub(ctx)
	if err != nil {
		return nil, err
	}
	api, err := flags.velero.API(ctx, hub)
	if err != nil && !errors.Is(err, velero.ErrNotInstalled) {
		return nil, err
	}
	uid, err := factory.ClusterUID(ctx, hub.Kube)
	if err != nil {
		return nil, err
	}
	other, err := flags.other(ctx, f, hub)
	if err != nil {
		return nil, err
	}
	return &Options{
		Hub:   status.Hub{Server: hub.Config.Host, Kube: hub.Kube, Dynamic: hub.Dynamic, Velero: api, UID: uid, Other: other},
		Print: printer, Streams: streams,
	}, nil
}

// other opens the other hub. One that does not answer is part of the page.
func (flags *Flags) other(ctx context.Context, f *factory.Factory, hub *factory.Clients) (*status.Other, error) {
	old, err := flags.oldHub.Open(ctx, f, hub)
	if unreachable, ok := errors.AsType[*factory.UnreachableError](err); ok {
		return &status.Other{Server: unreachable.Host, Err: unreachable}, nil
	}
	if err != nil || old == nil {
		return nil, err
	}
	return &status.Other{Server: old.Config.Host, Kube: old.Kube, Dynamic: old.Dynamic}, nil
}

// Run prints the page.
func (o *Options) Run(ctx context.Context) error {
	items, err := status.Read(ctx, o.Hub)
	if err != nil {
		return err
	}
	now := time.Now()
	table := &metav1.Table{ColumnDefinitions: printing.Columns([]string{"Component", "Name", "Status", "Age", "Detail"})}
	list := &unstructured.UnstructuredList{Object: map[string]any{"apiVersion": printing.APIVersion, "kind": "StatusList"}}
	for _, item := range items {
		detail := cmdutil.OnHub(item.Detail, o.HubFlags)
		age, since := "", ""
		if !item.Since.IsZero() {
			age, since = printing.Age(now, item.Since), item.Since.UTC().Format(time.RFC3339)
		}
		table.Rows = append(table.Rows, printing.Row(item.Component, item.Name, item.Status, age, detail))
		list.Items = append(list.Items, unstructured.Unstructured{Object: map[string]any{
			"apiVersion": printing.APIVersion, "kind": "Status", "metadata": map[string]any{"name": printing.ObjectName(item.Component)},
			"component": item.Component, "name": item.Name, "status": item.Status, "since": since, "detail": detail,
		}})
	}
	return o.Print(o.Streams.Out, list, table)
}
