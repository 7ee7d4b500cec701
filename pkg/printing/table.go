// Package printing turns values into what the user sees: tables and machine formats on stdout, progress on stderr.
package printing

import (
	"bytes"
	"fmt"
	"io"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/duration"
	"k8s.io/cli-runtime/pkg/printers"
)

// Wide marks a column that only -o wide shows.
const Wide = 1

// None is printed where there is nothing to show, as kubectl does.
const None = "<none>"

// Unknown is printed where a value could not be had.
const Unknown = "<unknown>"

// Columns makes the column definitions of a table: always the named ones, with -o wide also the wide ones.
func Columns(names []string, wide ...string) []metav1.TableColumnDefinition {
	var columns []metav1.TableColumnDefinition
	for _, name := range names {
		columns = append(columns, metav1.TableColumnDefinition{Name: name, Type: "string"})
	}
	for _, name := range wide {
		columns = append(columns, metav1.TableColumnDefinition{Name: name, Type: "string", Priority: Wide})
	}
	return columns
}

// Row makes a table row of cells in the order of the columns; one that is empty reads None.
func Row(cells ...any) metav1.TableRow {
	for i, cell := range cells {
		if cell == "" {
			cells[i] = None
		}
	}
	return metav1.TableRow{Cells: cells}
}

// TableOptions are the user's wishes for a table.
type TableOptions struct {
	Wide      bool
	NoHeaders bool
}

// PrintTable writes a table the way kubectl get does.
func PrintTable(out io.Writer, table *metav1.Table, options TableOptions) error {
	printer := printers.NewTablePrinter(printers.PrintOptions{Wide: options.Wide, NoHeaders: options.NoHeaders})
	var text bytes.Buffer // the printer does not tell when it could not write
	if err := printer.PrintObj(table, &text); err != nil {
		return err
	}
	_, err := text.WriteTo(out)
	return err
}

// Age is how long ago a time was, as kubectl prints it: 5s, 3m, 2d.
func Age(now, then time.Time) string {
	if then.IsZero() {
		return Unknown
	}
	return duration.HumanDuration(now.Sub(then))
}

// Elapsed prints how long something took: 0.4s, 12.3s, 2m5s.
func Elapsed(d time.Duration) string {
	if d < time.Minute {
		return fmt.Sprintf("%.1fs", d.Seconds())
	}
	return d.Round(time.Second).String()
}
