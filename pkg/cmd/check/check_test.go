package check

import (
	"bytes"
	"testing"

	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/acmdr/kubectl-acmdr/pkg/check"
	"github.com/acmdr/kubectl-acmdr/pkg/cmd/cmdutil"
	"github.com/acmdr/kubectl-acmdr/pkg/internal/testutil"
	"github.com/acmdr/kubectl-acmdr/pkg/preflight"
	"github.com/acmdr/kubectl-acmdr/pkg/printing"
)

func TestReport(t *testing.T) {
	rows := []check.Row{
		preflight.Passed("location", "default is Available"),
		{Name: "velero client QPS", Result: preflight.Warn, Reason: "it is low", Remedy: "give it more"},
	}
	list, table := report(rows, "")
	var text bytes.Buffer
	if err := printing.PrintTable(&text, table, printing.TableOptions{}); err != nil {
		t.Fatal(err)
	}
	testutil.Golden(t, "table.txt", text.Bytes())
	if item := list.Items[1]; item.GetName() != "velero-client-qps" || item.Object["check"] != "velero client QPS" {
		t.Errorf("got %v", item)
	}
}

func TestSummary(t *testing.T) {
	pass, warn, fail := check.Row{Result: preflight.Pass}, check.Row{Result: preflight.Warn}, check.Row{Result: preflight.Fail}
	for _, test := range []struct {
		rows []check.Row
		want string
		err  error
	}{
		{[]check.Row{warn}, "1 check: 0 passed, 1 warning, 0 failed.\n", nil},
		{[]check.Row{pass, warn, warn, fail}, "4 checks: 1 passed, 2 warnings, 1 failed.\n", cmdutil.ErrReported},
	} {
		streams, _, _, errOut := genericiooptions.NewTestIOStreams()
		o := &Options{Streams: streams}
		if err := o.summarize(test.rows); err != test.err || errOut.String() != test.want { //nolint:errorlint // it must be this very error
			t.Errorf("got %v, said %q, want %q", err, errOut, test.want)
		}
	}
}
