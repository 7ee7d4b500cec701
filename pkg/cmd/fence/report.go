package fence

import (
	"errors"
	"fmt"
	"io"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/acmdr/kubectl-acmdr/pkg/cmd/cmdutil"
	"github.com/acmdr/kubectl-acmdr/pkg/fence"
	"github.com/acmdr/kubectl-acmdr/pkg/printing"
)

// The states of one change.
const (
	planned = "Planned"
	done    = "Done"
	failed  = "Failed"
)

// maxTold errors are told; more are counted.
const maxTold = 20

// report is what is told of all changes.
type report struct {
	list   *unstructured.UnstructuredList
	table  *metav1.Table
	host   string
	counts map[string]int
	errs   []error
}

func newReport(stages [][]*part, host string) *report {
	r := &report{
		list:  &unstructured.UnstructuredList{Object: map[string]any{"apiVersion": printing.APIVersion, "kind": "FenceChangeList"}},
		table: &metav1.Table{ColumnDefinitions: printing.Columns([]string{"Object", "Change"})},
		host:  host, counts: map[string]int{},
	}
	for _, parts := range stages {
		for _, p := range parts {
			r.add(p)
		}
	}
	return r
}

func (r *report) add(p *part) {
	if p.err != nil {
		r.errs = append(r.errs, lines(p.err)...)
	}
	for i, change := range p.changes {
		state, message := planned, ""
		if i < len(p.failed) {
			state = done
			if err := p.failed[i]; err != nil {
				state, message = failed, err.Error()
				r.errs = append(r.errs, err)
			}
		}
		r.counts[state]++
		r.table.Rows = append(r.table.Rows, printing.Row(change.Object.String(), change.Text))
		r.list.Items = append(r.list.Items, unstructured.Unstructured{Object: map[string]any{
			"apiVersion": printing.APIVersion, "kind": "FenceChange", "metadata": map[string]any{"name": change.Object.String()},
			"change": change.Text, "status": state, "message": message,
		}})
	}
}

// lines takes joined errors apart, so that each is told in one line.
func lines(err error) []error {
	var joined interface{ Unwrap() []error }
	if errors.As(err, &joined) {
		return joined.Unwrap()
	}
	return []error{err}
}

// summarize says how it went; anything that was not done is a failure.
func (r *report) summarize(out io.Writer) error {
	for i, err := range r.errs {
		if i == maxTold {
			fmt.Fprintf(out, "error: and %d more\n", len(r.errs)-maxTold)
			break
		}
		fmt.Fprintf(out, "error: %v\n", err)
	}
	total := len(r.table.Rows)
	switch {
	case len(r.errs) > 0:
		fmt.Fprintf(out, "%d changes on %s: %d done, %d failed. Run the same command again to go on.\n",
			total, r.host, r.counts[done], total-r.counts[done]-r.counts[planned])
		return cmdutil.ErrReported
	case total == 0:
		fmt.Fprintf(out, "Nothing to change on %s.\n", r.host)
	case r.counts[planned] > 0:
		fmt.Fprintf(out, "%d changes would be made on %s.\n", total, r.host)
	default:
		fmt.Fprintf(out, "%d changes made on %s.\n", total, r.host)
	}
	return nil
}

// advise says what to do about an old hub that cannot be reached.
func advise(out io.Writer, advice []fence.Advice) {
	fmt.Fprintln(out, "Before the old hub comes back:")
	for i, a := range advice {
		fmt.Fprintf(out, "%d. %s.\n", i+1, a.Text)
		if a.Command != "" {
			fmt.Fprintf(out, "   %s\n", a.Command)
		}
	}
}
