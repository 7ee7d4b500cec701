// Package check is the verb that says whether a fleet could be brought back today.
package check

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"k8s.io/kubectl/pkg/util/templates"
	"k8s.io/utils/clock"

	"github.com/acmdr/kubectl-acmdr/pkg/access"
	"github.com/acmdr/kubectl-acmdr/pkg/check"
	"github.com/acmdr/kubectl-acmdr/pkg/cmd/cmdutil"
	"github.com/acmdr/kubectl-acmdr/pkg/factory"
	"github.com/acmdr/kubectl-acmdr/pkg/fleet"
	"github.com/acmdr/kubectl-acmdr/pkg/preflight"
	"github.com/acmdr/kubectl-acmdr/pkg/printing"
	"github.com/acmdr/kubectl-acmdr/pkg/velero"
)

var long = templates.LongDesc(`
	Check whether the fleet could be brought back today: Velero and its location, how the store keeps what is in it, the
	newest backup, its age and what it holds, the schedule, other hubs on the bucket, the URL that agents would use, this
	user's permissions, and, cluster by cluster, the credential and the workloads that a move would lose.

	Each row is PASS, WARN or FAIL, with the reason and what to do. One FAIL makes the exit code 1. Run it on the active hub
	and on the standby hub, from the machine that a recovery would be run from, every day: nothing is changed.`)

var example = templates.Examples(`
	# The hub of the current context; no backup may be older than a day
	kubectl acmdr check

	# The standby hub, with a stricter objective
	kubectl acmdr check --context hub-dr2 --rpo 4h

	# Every night: only what is not well, 50 clusters at a time
	kubectl acmdr check --parallel 50 -o jsonpath='{range .items[?(@.result!="PASS")]}{.result}{"\t"}{.check}{"\t"}{.reason}{"\n"}{end}'`)

// Flags are what the user typed.
type Flags struct {
	output      cmdutil.OutputFlags
	velero      cmdutil.VeleroFlags
	credentials cmdutil.CredentialFlags
	parallel    int
	options     check.Options
}

// Options are ready to run.
type Options struct {
	Hub      check.Hub
	Finder   *access.Finder
	Options  check.Options
	Parallel int
	Print    cmdutil.Printer
	Streams  genericiooptions.IOStreams
	// HubFlags choose the hub, as they were typed.
	HubFlags string
}

// The defaults: a day is what most fleets are backed up in, a week is enough to renew a credential.
const (
	usualRPO  = 24 * time.Hour
	usualSoon = 7 * 24 * time.Hour
)

// New returns the check command.
func New(f *factory.Factory, streams genericiooptions.IOStreams) *cobra.Command {
	flags := &Flags{parallel: cmdutil.DefaultParallel, options: check.Options{RPO: usualRPO, Soon: usualSoon}}
	cmd := &cobra.Command{
		Use:     "check",
		Short:   "Check whether the fleet could be brought back today",
		Long:    long,
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
	cmd.Flags().StringVar(&flags.credentials.Dir, "managed-kubeconfig-dir", "",
		"Directory of kubeconfig files of managed clusters, named like them, with or without an extension")
	cmdutil.AddAge(cmd, &flags.options.RPO, "rpo", "How old the newest good backup may be, for example 8h or 1d")
	cmdutil.AddAgeOrZero(cmd, &flags.options.Soon, "expires-within", "Warn of credentials that last no longer than this, for example 7d")
	cmd.Flags().IntVar(&flags.parallel, "parallel", flags.parallel, "How many clusters to look at at the same time")
	_ = cmd.MarkFlagDirname("managed-kubeconfig-dir")
	return cmd
}

// ToOptions checks the flags and opens the hub.
func (flags *Flags) ToOptions(ctx context.Context, f *factory.Factory, streams genericiooptions.IOStreams) (*Options, error) {
	if flags.parallel < 1 {
		return nil, cmdutil.Usagef("--parallel must be at least 1, not %d", flags.parallel)
	}
	printer, err := flags.output.ToPrinter()
	if err != nil {
		return nil, err
	}
	files, err := flags.credentials.Read(nil)
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
	return &Options{
		Hub: check.Hub{
			Kube: hub.Kube, Dynamic: hub.Dynamic, Config: hub.Config, Velero: api, UID: uid, Clock: clock.RealClock{},
		},
		Finder: flags.credentials.Finder(files, hub), Options: flags.options, Parallel: flags.parallel, Print: printer, Streams: streams,
	}, nil
}

// Run makes the checks and prints their rows.
func (o *Options) Run(ctx context.Context) error {
	clusters, err := check.Clusters(ctx, o.Hub.Dynamic)
	if err != nil {
		return err
	}
	rows, err := check.Read(ctx, o.Hub, o.Options, clusters)
	if err != nil {
		return err
	}
	names := make([]string, 0, len(clusters))
	for i := range clusters {
		names = append(names, clusters[i].Name)
	}
	probed := fleet.Run(ctx, names, o.Parallel, func(ctx context.Context, name string) check.Cluster {
		return check.Probe(ctx, o.Finder, o.Hub.Dynamic, name)
	})
	if ctx.Err() != nil {
		return errors.New("interrupted: not every cluster was looked at")
	}
	rows = append(rows, check.Fleet(probed, o.Options, o.Hub.Clock.Now())...)
	list, table := report(rows, o.HubFlags)
	if err := o.Print(o.Streams.Out, list, table); err != nil {
		return err
	}
	return o.summarize(rows)
}

// summarize says how it stands, and fails when anything has.
func (o *Options) summarize(rows []check.Row) error {
	counts := map[preflight.Result]int{}
	for _, row := range rows {
		counts[row.Result]++
	}
	fmt.Fprintf(o.Streams.ErrOut, "%s: %d passed, %s, %d failed.\n", printing.Count(len(rows), "check"),
		counts[preflight.Pass], printing.Count(counts[preflight.Warn], "warning"), counts[preflight.Fail])
	if counts[preflight.Fail] > 0 {
		return cmdutil.ErrReported
	}
	return nil
}

func report(rows []check.Row, hubFlags string) (*unstructured.UnstructuredList, *metav1.Table) {
	table := &metav1.Table{ColumnDefinitions: printing.Columns([]string{"Result", "Check", "Reason", "Remedy"})}
	list := &unstructured.UnstructuredList{Object: map[string]any{"apiVersion": printing.APIVersion, "kind": "CheckList"}}
	for _, row := range rows {
		reason, remedy := cmdutil.OnHub(row.Reason, hubFlags), cmdutil.OnHub(row.Remedy, hubFlags)
		table.Rows = append(table.Rows, printing.Row(string(row.Result), row.Name, reason, remedy))
		list.Items = append(list.Items, unstructured.Unstructured{Object: map[string]any{
			"apiVersion": printing.APIVersion, "kind": "Check", "metadata": map[string]any{"name": printing.ObjectName(row.Name)},
			"check": row.Name, "result": string(row.Result), "reason": reason, "remedy": remedy,
		}})
	}
	return list, table
}
