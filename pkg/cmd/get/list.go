package get

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"k8s.io/client-go/dynamic"

	"github.com/acmdr/kubectl-acmdr/pkg/cmd/cmdutil"
	"github.com/acmdr/kubectl-acmdr/pkg/factory"
	"github.com/acmdr/kubectl-acmdr/pkg/typed"
)

// listFlags are what the user typed.
type listFlags struct {
	output   cmdutil.OutputFlags
	velero   cmdutil.VeleroFlags
	selector string
	watch    bool
}

func (flags *listFlags) addFlags(cmd *cobra.Command, k kind) {
	flags.output.AddFlags(cmd)
	cmd.Flags().StringVarP(&flags.selector, "selector", "l", "", "Label selector, for example environment=prod")
	cmd.Flags().BoolVarP(&flags.watch, "watch", "w", false, "After listing, go on with what changes")
	if k.velero {
		flags.velero.AddFlags(cmd)
	}
}

// lister lists, and watches, one kind.
type lister struct {
	kind     kind
	client   dynamic.ResourceInterface
	source   source
	row      rowFunc
	names    []string
	selector string
	watch    bool
	streams  genericiooptions.IOStreams
	print    cmdutil.Printer
	follow   cmdutil.Printer
}

func (flags *listFlags) toLister(ctx context.Context, k kind, f *factory.Factory, names []string,
	streams genericiooptions.IOStreams) (*lister, error) {
	printer, err := flags.output.ToPrinter()
	if err != nil {
		return nil, err
	}
	if _, err := labels.Parse(flags.selector); err != nil {
		return nil, cmdutil.Usagef("label selector %q: %w", flags.selector, err)
	}
	follow, err := flags.output.WithoutHeaders().ToPrinter()
	if err != nil {
		return nil, err
	}
	hub, err := f.Hub(ctx)
	if err != nil {
		return nil, err
	}
	var client dynamic.ResourceInterface = hub.Dynamic.Resource(k.resource)
	from := source{hub: hub, wide: flags.output.Wide(), chosen: len(names) > 0 || flags.selector != "", errOut: streams.ErrOut}
	if k.velero {
		if from.velero, err = flags.velero.API(ctx, hub); err != nil {
			return nil, err
		}
		client = hub.Dynamic.Resource(k.resource).Namespace(from.velero.Namespace)
	}
	return &lister{
		kind: k, client: client, source: from, names: names, selector: flags.selector, watch: flags.watch,
		streams: streams, print: printer, follow: follow,
	}, nil
}

func (l *lister) run(ctx context.Context) error {
	list, err := l.list(ctx)
	if err != nil {
		return err
	}
	missing := l.keepNamed(list)
	if missing != nil && len(list.Items) == 0 {
		return missing
	}
	if l.row, err = l.kind.rows(ctx, l.source, list.Items); err != nil {
		return err
	}
	if err := l.printList(list); err != nil {
		return err
	}
	if missing != nil || !l.watch {
		return missing
	}
	err = l.watchFrom(ctx, list.GetResourceVersion())
	if ctx.Err() != nil {
		return cmdutil.ErrReported // the user ended it: that the connection broke off then is no news
	}
	return err
}

func (l *lister) list(ctx context.Context) (*unstructured.UnstructuredList, error) {
	all := &unstructured.UnstructuredList{}
	options := metav1.ListOptions{LabelSelector: l.selector, Limit: typed.PageSize}
	for {
		page, err := l.client.List(ctx, options)
		if err != nil {
			return nil, fmt.Errorf("listing %s: %w", l.kind.use, err)
		}
		all.Items = append(all.Items, page.Items...)
		all.Object = page.Object
		if options.Continue = page.GetContinue(); options.Continue == "" {
			break
		}
	}
	// What is printed is a list of whole objects, as kubectl get prints it.
	all.SetAPIVersion("v1")
	all.SetKind("List")
	return all, nil
}

// keepNamed leaves only the named objects in the list. One that is not there is an error; as kubectl does, the others are printed.
func (l *lister) keepNamed(list *unstructured.UnstructuredList) error {
	if len(l.names) == 0 {
		return nil
	}
	if l.kind.expand != nil {
		var names []string
		for _, name := range l.names {
			names = append(names, l.kind.expand(name, list.Items)...)
		}
		l.names = names
	}
	found := map[string]bool{}
	for _, item := range list.Items {
		found[item.GetName()] = true
	}
	list.Items = slices.DeleteFunc(list.Items, func(item unstructured.Unstructured) bool {
		return !slices.Contains(l.names, item.GetName())
	})
	missing := slices.DeleteFunc(slices.Clone(l.names), func(name string) bool { return found[name] })
	if len(missing) > 0 {
		return apierrors.NewNotFound(l.kind.resource.GroupResource(), strings.Join(missing, ", "))
	}
	return nil
}

func (l *lister) printList(list *unstructured.UnstructuredList) error {
	if len(list.Items) == 0 {
		fmt.Fprintf(l.streams.ErrOut, "No %s found.\n", l.kind.use)
	}
	table := &metav1.Table{ColumnDefinitions: l.kind.columns}
	now := time.Now()
	for i := range list.Items {
		row, err := l.row(&list.Items[i], now)
		if err != nil {
			return err
		}
		if len(row.Cells) > 0 {
			table.Rows = append(table.Rows, row)
		}
	}
	if len(l.names) == 1 && len(list.Items) == 1 {
		return l.print(l.streams.Out, &list.Items[0], table)
	}
	return l.print(l.streams.Out, list, table)
}

// watchFrom prints each object as it changes, until the user ends it.
func (l *lister) watchFrom(ctx context.Context, version string) error {
	events, err := l.client.Watch(ctx, metav1.ListOptions{LabelSelector: l.selector, ResourceVersion: version})
	if err != nil {
		return fmt.Errorf("watching %s: %w", l.kind.use, err)
	}
	defer events.Stop()
	// What changes is told as it changes: no row stands for others.
	alone := l.source
	alone.wide, alone.chosen = false, false
	if l.row, err = l.kind.rows(ctx, alone, nil); err != nil {
		return err
	}
	for event := range events.ResultChan() {
		object, ok := event.Object.(*unstructured.Unstructured)
		if !ok {
			return fmt.Errorf("watching %s: %w", l.kind.use, apierrors.FromObject(event.Object))
		}
		if len(l.names) > 0 && !slices.Contains(l.names, object.GetName()) {
			continue
		}
		row, err := l.row(object, time.Now())
		if err != nil {
			return err
		}
		table := &metav1.Table{ColumnDefinitions: l.kind.columns, Rows: []metav1.TableRow{row}}
		if err := l.follow(l.streams.Out, object, table); err != nil {
			return err
		}
	}
	return nil
}
