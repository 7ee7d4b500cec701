// Package inspect is the verb that says what a backup is worth, cluster by cluster.
package inspect

import (
	"context"
	"fmt"
	"os"
	"slices"

	"github.com/spf13/cobra"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"k8s.io/kubectl/pkg/util/templates"
	"k8s.io/utils/clock"

	"github.com/acmdr/kubectl-acmdr/pkg/cmd/cmdutil"
	"github.com/acmdr/kubectl-acmdr/pkg/factory"
	"github.com/acmdr/kubectl-acmdr/pkg/inspect"
	"github.com/acmdr/kubectl-acmdr/pkg/printing"
	"github.com/acmdr/kubectl-acmdr/pkg/velero"
	"github.com/acmdr/kubectl-acmdr/pkg/wait"
)

var long = templates.LongDesc(`
	Read a backup and say of every managed cluster in it whether it could be brought back by the backup alone: its
	ManagedCluster is there, and a credential that opens and has not expired. Nothing is changed, and no managed cluster is
	dialled.

	A backup is named on any hub that sees the bucket; its bytes are compared with what Velero recorded, and a tarball that is
	cut short, damaged, or another backup's is an error. The name of a set of backups that ACM made stands for all of them.
	With -f the tarball is a file, or stdin: no hub and no kubeconfig is needed. With two names it says what the second backup has that
	the first had not, and the other way round.

	The verdict of a cluster is OK, Expired or Unusable (of its credential), NoCredential, or Incomplete (the ManagedCluster is
	not there, or Velero could not read all objects of the cluster). The exit code is 1 when any is not OK, and when the backup is
	not Completed; of two backups, when either cannot be read.`)

var example = templates.Examples(`
	# Whether each cluster could be brought back by this backup
	kubectl acmdr inspect before-upgrade

	# A tarball, with no cluster at all
	kubectl acmdr inspect -f before-upgrade.tar.gz

	# What changed between two backups
	kubectl acmdr inspect monday tuesday`)

// stdin is what stands for it in the place of a file, as kubectl has it.
const stdin = "-"

// Flags are what the user typed.
type Flags struct {
	velero cmdutil.VeleroFlags
	output cmdutil.OutputFlags
	files  []string
}

// Options are ready to run.
type Options struct {
	// Names are one backup, or two to compare; none with Files, which are read as one generation.
	Names []string
	Files []string
	// Hub is the hub that is asked; none with Files.
	Hub     inspect.Hub
	Store   *velero.Downloader
	Streams genericiooptions.IOStreams
	Print   cmdutil.Printer
	Clock   wait.Clock
}

// New returns the inspect command.
func New(f *factory.Factory, streams genericiooptions.IOStreams) *cobra.Command {
	flags := &Flags{}
	cmd := &cobra.Command{
		Use:     "inspect (BACKUP [LATER] | -f FILE)",
		Short:   "Say whether each managed cluster could be brought back by a backup",
		Long:    long,
		Example: example,
		Args:    cmdutil.AtMostArgs(2, "two backups"),
		RunE: func(cmd *cobra.Command, args []string) error {
			options, err := flags.ToOptions(cmd, f, args, streams)
			if err != nil {
				return err
			}
			return options.Run(cmd.Context())
		},
	}
	flags.velero.AddFlags(cmd)
	flags.output.AddFlags(cmd)
	cmd.Flags().StringArrayVarP(&flags.files, "filename", "f", nil,
		"Tarball of a backup, or - for stdin; give it again for the other backups of one set of ACM's")
	_ = cmd.MarkFlagFilename("filename", "gz", "tgz")
	return cmd
}

// ToOptions checks the flags and opens the hub, unless a file is read.
func (flags *Flags) ToOptions(cmd *cobra.Command, f *factory.Factory, names []string, streams genericiooptions.IOStreams) (*Options, error) {
	switch {
	case len(names) == 0 && len(flags.files) == 0:
		return nil, cmdutil.Usagef("name a backup, or give its tarball with -f")
	case len(names) > 0 && len(flags.files) > 0:
		return nil, cmdutil.Usagef("a name and -f exclude each other")
	case len(slices.DeleteFunc(slices.Clone(flags.files), func(file string) bool { return file != stdin })) > 1:
		return nil, cmdutil.Usagef("-f - can be given once: stdin holds one tarball")
	}
	for _, name := range names {
		if err := velero.ValidateName(name); err != nil {
			return nil, &cmdutil.UsageError{Err: err}
		}
	}
	printer, err := flags.output.ToPrinter()
	if err != nil {
		return nil, err
	}
	options := &Options{Names: names, Files: flags.files, Streams: streams, Print: printer, Clock: clock.RealClock{}}
	if len(names) == 0 {
		return options, nil
	}
	hub, err := f.Hub(cmd.Context())
	if err != nil {
		return nil, err
	}
	api, err := flags.velero.API(cmd.Context(), hub)
	if err != nil {
		return nil, err
	}
	uid, err := factory.ClusterUID(cmd.Context(), hub.Kube)
	if err != nil {
		return nil, err
	}
	options.Hub = inspect.Hub{UID: uid, Dynamic: hub.Dynamic}
	options.Store = &velero.Downloader{API: api, Kube: hub.Kube, Clock: options.Clock}
	return options, nil
}

// Run reads and reports.
func (o *Options) Run(ctx context.Context) error {
	if len(o.Names) == 2 {
		return o.compare(ctx)
	}
	report, err := o.read(ctx)
	if err != nil {
		return err
	}
	o.warn(report)
	list, table := show(report, o.Clock.Now())
	if err := o.Print(o.Streams.Out, list, table); err != nil {
		return err
	}
	all, whole := len(report.Clusters), report.Recoverable()
	fmt.Fprintf(o.Streams.ErrOut, "%s; %d could be brought back by it alone.\n", printing.Count(all, "managed cluster"), whole)
	if all == 0 || whole < all || report.Partial {
		return cmdutil.ErrReported
	}
	return nil
}

func (o *Options) read(ctx context.Context) (*inspect.Report, error) {
	if len(o.Names) > 0 {
		return inspect.Named(ctx, o.Store, o.Hub, o.Clock, o.Names[0])
	}
	inventory := inspect.New()
	for _, path := range o.Files {
		if err := o.readFile(inventory, path); err != nil {
			return nil, err
		}
	}
	return inventory.Report(ctx, o.Clock.Now()), nil
}

func (o *Options) readFile(inventory *inspect.Inventory, path string) error {
	if path == stdin {
		if err := inventory.Read(o.Streams.In); err != nil {
			return fmt.Errorf("stdin: %w", err)
		}
		return nil
	}
	file, err := os.Open(path)
	if err != nil {
		return cmdutil.Usagef("--filename: %w", err)
	}
	defer func() { _ = file.Close() }()
	if info, err := file.Stat(); err == nil && info.IsDir() {
		return cmdutil.Usagef("--filename %s is a directory: give the tarball of a backup", path)
	}
	if err := inventory.Read(file); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

func (o *Options) compare(ctx context.Context) error {
	var reports []*inspect.Report
	for _, name := range o.Names {
		report, err := inspect.Named(ctx, o.Store, o.Hub, o.Clock, name)
		if err != nil {
			return err
		}
		o.warn(report)
		reports = append(reports, report)
	}
	if reports[0].OtherHub(reports[1]) {
		fmt.Fprintf(o.Streams.ErrOut, "warning: they are of two hubs: %s of %s, %s of %s\n",
			o.Names[0], reports[0].Hub, o.Names[1], reports[1].Hub)
	}
	changes := inspect.Compare(reports[0], reports[1])
	list, table := showChanges(changes)
	if err := o.Print(o.Streams.Out, list, table); err != nil {
		return err
	}
	fmt.Fprintf(o.Streams.ErrOut, "%s changed from %s to %s.\n", printing.Count(len(changes), "managed cluster"), o.Names[0], o.Names[1])
	return nil
}

func (o *Options) warn(report *inspect.Report) {
	for _, warning := range report.Warnings {
		fmt.Fprintf(o.Streams.ErrOut, "warning: %s\n", warning)
	}
}
