package cmdutil

import (
	"io"
	"strings"

	"github.com/spf13/cobra"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/cli-runtime/pkg/printers"

	"github.com/acmdr/kubectl-acmdr/pkg/printing"
)

const (
	wide          = "wide"
	name          = "name"
	customColumns = "custom-columns="
	formats       = "wide, json, yaml, name, jsonpath=TEMPLATE, custom-columns=SPEC, go-template=TEMPLATE"
)

// OutputFlags choose between a table and the machine formats of kubectl get.
type OutputFlags struct {
	format    string
	noHeaders bool
}

// AddFlags registers -o and --no-headers.
func (f *OutputFlags) AddFlags(cmd *cobra.Command) {
	cmd.Flags().StringVarP(&f.format, "output", "o", "", "Output format. One of: "+formats)
	cmd.Flags().BoolVar(&f.noHeaders, "no-headers", false, "Print a table without its header line")
	names := []string{wide, "json", "yaml", name, "jsonpath=", customColumns, "go-template="}
	_ = cmd.RegisterFlagCompletionFunc("output", cobra.FixedCompletions(names, cobra.ShellCompDirectiveNoSpace))
}

// SetDefault chooses the format for a verb that has no table to show.
func (f *OutputFlags) SetDefault(format string) {
	if !f.Machine() {
		f.format = format
	}
}

// Machine tells whether the output is for a program, not a table.
func (f *OutputFlags) Machine() bool { return f.format != "" && f.format != wide }

// Wide tells whether the wide columns of a table are wanted.
func (f *OutputFlags) Wide() bool { return f.format == wide }

// WithoutHeaders is the same choice without the header line, for what follows a first table.
func (f *OutputFlags) WithoutHeaders() *OutputFlags {
	return &OutputFlags{format: f.format, noHeaders: true}
}

// Printer writes either the object or the table of it, as the flags say.
type Printer func(out io.Writer, object runtime.Object, table *metav1.Table) error

// ToPrinter returns the printer of the chosen format, or a usage error before anything is read.
func (f *OutputFlags) ToPrinter() (Printer, error) {
	if !f.Machine() {
		options := printing.TableOptions{Wide: f.Wide(), NoHeaders: f.noHeaders}
		return func(out io.Writer, _ runtime.Object, table *metav1.Table) error {
			return printing.PrintTable(out, table, options)
		}, nil
	}
	machine, err := f.machinePrinter()
	if err != nil {
		return nil, err
	}
	return func(out io.Writer, object runtime.Object, _ *metav1.Table) error {
		return machine.PrintObj(object, out)
	}, nil
}

func (f *OutputFlags) machinePrinter() (printers.ResourcePrinter, error) {
	if spec, ok := strings.CutPrefix(f.format, customColumns); ok {
		columns, err := printing.NewCustomColumns(spec)
		if err != nil {
			return nil, &UsageError{Err: err}
		}
		columns.NoHeaders = f.noHeaders
		return columns, nil
	}
	if f.format == name {
		return printing.Names{}, nil
	}
	flags := genericclioptions.NewPrintFlags("")
	*flags.OutputFormat = f.format
	printer, err := flags.ToPrinter()
	if genericclioptions.IsNoCompatiblePrinterError(err) {
		return nil, Usagef("unknown output format %q: use one of %s", f.format, formats)
	}
	if err != nil {
		return nil, &UsageError{Err: err}
	}
	return printer, nil
}
