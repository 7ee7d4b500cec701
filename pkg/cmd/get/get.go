// Package get is the verb that lists what matters to a recovery: managed clusters, backups, schedules, restores, locations.
package get

import (
	"context"
	"io"
	"time"

	"github.com/spf13/cobra"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"k8s.io/kubectl/pkg/util/templates"

	"github.com/acmdr/kubectl-acmdr/pkg/cmd/cmdutil"
	"github.com/acmdr/kubectl-acmdr/pkg/factory"
	"github.com/acmdr/kubectl-acmdr/pkg/velero"
)

var example = templates.Examples(`
	# The fleet: who is accepted, joined, available, and with which credential it could be moved
	kubectl acmdr get clusters

	# The same, as it changes
	kubectl acmdr get clusters -w

	# The backups, as JSON
	kubectl acmdr get backups -o json`)

// kind is one resource that get lists.
type kind struct {
	use      string
	aliases  []string
	short    string
	long     string
	example  string
	resource schema.GroupVersionResource
	columns  []metav1.TableColumnDefinition
	// velero tells that the objects are in Velero's namespace.
	velero bool
	// rows reads what the rows need besides the objects that were listed, and returns how an object becomes a row.
	rows func(ctx context.Context, source source, listed []unstructured.Unstructured) (rowFunc, error)
	// expand returns the names of the objects that a name means; nil where every name is an object's.
	expand func(name string, listed []unstructured.Unstructured) []string
}

// source is where the objects come from, and what is wanted of them.
type source struct {
	hub *factory.Clients
	// velero is nil for a kind that is not Velero's.
	velero *velero.API
	// wide tells that what only -o wide shows is wanted.
	wide bool
	// chosen tells that not all objects are listed: names or a selector chose them.
	chosen bool
	// errOut is for what a table has no room for.
	errOut io.Writer
}

// rowFunc makes the table row of one object; no cells when another row stands for it.
type rowFunc func(object *unstructured.Unstructured, now time.Time) (metav1.TableRow, error)

// New returns the get command.
func New(f *factory.Factory, streams genericiooptions.IOStreams) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "get",
		Short:   "List clusters, credentials, backups, schedules, restores or locations",
		Example: example,
		Args:    cobra.ArbitraryArgs,
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return cmdutil.Usagef("say what to get: clusters, credentials, backups, schedules, restores or locations")
			}
			return cmdutil.Usagef("cannot get %q: get clusters, credentials, backups, schedules, restores or locations", args[0])
		},
	}
	for _, k := range []kind{clusters(), backups(), schedules(), restores(), locations()} {
		cmd.AddCommand(newKind(k, f, streams))
	}
	cmd.AddCommand(newCredentials(f, streams))
	return cmd
}

func newKind(k kind, f *factory.Factory, streams genericiooptions.IOStreams) *cobra.Command {
	flags := &listFlags{}
	cmd := &cobra.Command{
		Use:     k.use + " [NAME...]",
		Aliases: k.aliases,
		Short:   k.short,
		Long:    k.long,
		Example: k.example,
		RunE: func(cmd *cobra.Command, names []string) error {
			lister, err := flags.toLister(cmd.Context(), k, f, names, streams)
			if err != nil {
				return err
			}
			return lister.run(cmd.Context())
		},
	}
	flags.addFlags(cmd, k)
	return cmd
}
