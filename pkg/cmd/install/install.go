// Package install is the verb that sets up Velero and its S3 location on a hub.
package install

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"k8s.io/cli-runtime/pkg/printers"
	"k8s.io/kubectl/pkg/util/templates"
	"k8s.io/utils/clock"

	"github.com/acmdr/kubectl-acmdr/pkg/cmd/cmdutil"
	"github.com/acmdr/kubectl-acmdr/pkg/factory"
	"github.com/acmdr/kubectl-acmdr/pkg/storage"
	"github.com/acmdr/kubectl-acmdr/pkg/velero"
)

var long = templates.LongDesc(`
	Install Velero on this hub, with the bucket that backups are kept in, and wait until Velero can use it. Run it on the
	active hub and on the standby hub with the same bucket.

	The server gets what a hub with many managed clusters needs: a client QPS and burst of 1000, log level warning, 2 CPU,
	4Gi of memory, and its temporary files on an emptyDir.

	A Velero that is there already, by itself or as part of OADP, is used: its server stays as it is, and the location is
	added where it is missing. A location that has the bucket already is left alone. When the default location is another
	bucket, nothing is changed.

	Two hubs on one bucket both delete what has expired, and could both write: give the standby --read-only until it takes
	over. 'restore' works with it.

	Running it again changes nothing, or finishes what an earlier run began. What a location that it made has already, such
	as encryption and CA certificates, stays unless its flag is given; an empty value takes it away. SSE-C is neither begun nor
	ended where there are backups, which could not be read then.

	With --dry-run=client the hub is read and the manifests that would be applied are printed, without the secret, which
	holds the credentials.`)

var example = templates.Examples(`
	# On AWS
	kubectl acmdr install --bucket acm-dr --region eu-west-1 --credentials-file ./credentials

	# With another S3 server, on the standby hub
	kubectl acmdr install --bucket acm-dr --region us-east-1 --s3-url https://s3.example.com --s3-force-path-style \
	  --cacert ./ca.pem --credentials-file ./credentials --context hub-dr2

	# On the standby hub, which must neither write to the other hub's bucket nor delete from it
	kubectl acmdr install --bucket acm-dr --region eu-west-1 --credentials-file ./credentials --read-only --context hub-dr2

	# See what would be applied
	kubectl acmdr install --bucket acm-dr --region eu-west-1 --credentials-file ./credentials --dry-run=client -o yaml`)

// Options are ready to run.
type Options struct {
	Hub      *factory.Clients
	Settings storage.Settings
	DryRun   bool
	Wait     bool
	Timeout  time.Duration
	Print    cmdutil.Printer
	Streams  genericiooptions.IOStreams
	// Lines is where what happens to each object is told.
	Lines io.Writer
	// HubFlags choose the hub, as they were typed.
	HubFlags string
}

// New returns the install command.
func New(f *factory.Factory, streams genericiooptions.IOStreams) *cobra.Command {
	flags := NewFlags()
	cmd := &cobra.Command{
		Use:     "install --bucket NAME --credentials-file FILE",
		Short:   "Install Velero with its bucket, or add the bucket to the Velero that is there",
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
	flags.addFlags(cmd)
	return cmd
}

// ToOptions checks the flags, reads the files that they name and opens the hub.
func (flags *Flags) ToOptions(ctx context.Context, f *factory.Factory, streams genericiooptions.IOStreams) (*Options, error) {
	settings, err := flags.toSettings()
	if err != nil {
		return nil, err
	}
	dryRun, err := flags.dryRun.Enabled()
	if err != nil {
		return nil, err
	}
	output, lines := flags.output, streams.Out
	if output.Machine() {
		lines = streams.ErrOut // stdout is for the location then
	} else if dryRun {
		output.SetDefault("yaml")
	}
	printer, err := output.ToPrinter()
	if err != nil {
		return nil, err
	}
	hub, err := f.Hub(ctx)
	if err != nil {
		return nil, err
	}
	return &Options{
		Hub: hub, Settings: settings, DryRun: dryRun, Wait: flags.wait, Timeout: flags.timeout,
		Print: printer, Streams: streams, Lines: lines,
	}, nil
}

// Run plans, applies and waits.
func (o *Options) Run(ctx context.Context) error {
	plan, err := storage.Decide(ctx, o.Hub.Kube, o.Hub.Dynamic, o.Settings)
	if err != nil {
		return err
	}
	for _, note := range plan.Notes {
		fmt.Fprintln(o.Streams.ErrOut, cmdutil.OnHub(note, o.HubFlags))
	}
	if o.DryRun {
		return o.show(plan)
	}
	location, err := o.install(ctx, plan)
	if err != nil && ctx.Err() != nil {
		return fmt.Errorf("interrupted; run the same command again to finish: %w", err)
	}
	if location != nil {
		if err := o.printLocation(location); err != nil {
			return err
		}
	}
	return err
}

func (o *Options) install(ctx context.Context, plan *storage.Plan) (*velero.Location, error) {
	installer := &storage.Installer{
		Hub: o.Hub.Dynamic, Clock: clock.RealClock{}, Applied: o.applied,
		Waiting: func(what string) { fmt.Fprintf(o.Streams.ErrOut, "Waiting for %s\n", what) },
	}
	applied, err := installer.Apply(ctx, plan)
	if err != nil {
		return nil, err
	}
	if !o.Wait {
		return velero.In(o.Hub.Dynamic, plan.Namespace).Locations.Get(ctx, plan.Location)
	}
	ctx, cancel := context.WithTimeout(ctx, o.Timeout)
	defer cancel()
	if err := installer.WaitServer(ctx, o.Hub.Kube, plan.Namespace); err != nil {
		return nil, err
	}
	return installer.WaitLocation(ctx, plan, storage.Changed(applied))
}

// applied tells of one object the way kubectl apply does.
func (o *Options) applied(a storage.Applied) {
	printer := printers.NamePrinter{Operation: string(a.Outcome)}
	_ = printer.PrintObj(a.Object, o.Lines) // a line that cannot be written has no one left to tell
}

// show prints what would be applied.
func (o *Options) show(plan *storage.Plan) error {
	list := plan.Manifests()
	if secret := plan.Secret; secret != "" {
		fmt.Fprintln(o.Streams.ErrOut, cmdutil.OnHub(fmt.Sprintf("Left out, since it holds the credentials: secret/%s. To make it: "+
			"kubectl create secret generic %s -n %s --from-file=%s=FILE", secret, secret, plan.Namespace,
			strings.Join(plan.SecretKeys(), "=FILE --from-file=")), o.HubFlags))
	}
	if len(plan.Objects) == 0 {
		fmt.Fprintf(o.Streams.ErrOut, "Nothing to apply: location %s/%s is there.\n", plan.Namespace, plan.Location)
	}
	return o.Print(o.Streams.Out, list, nil)
}

func (o *Options) printLocation(location *velero.Location) error {
	table := &metav1.Table{
		ColumnDefinitions: cmdutil.LocationColumns(),
		Rows:              []metav1.TableRow{cmdutil.LocationRow(location, time.Now())},
	}
	return o.Print(o.Streams.Out, location, table)
}
