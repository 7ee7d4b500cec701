package explain

import (
	"fmt"
	"io"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/acmdr/kubectl-acmdr/pkg/explain"
	"github.com/acmdr/kubectl-acmdr/pkg/printing"
)

// text is what a person reads: the sentence, what it is concluded from, and the command.
func text(out io.Writer, report *explain.Report) error {
	lines := []string{report.Summary}
	if finding := report.Finding; finding != nil {
		for _, evidence := range finding.Evidence {
			lines = append(lines, "  - "+evidence)
		}
		lines = append(lines, "Next: "+finding.Command)
	}
	_, err := fmt.Fprintln(out, strings.Join(lines, "\n"))
	return err
}

// table is the walk, check by check.
func table(report *explain.Report) *metav1.Table {
	table := &metav1.Table{ColumnDefinitions: printing.Columns([]string{"Check", "Status", "Detail"})}
	for _, outcome := range report.Outcomes {
		table.Rows = append(table.Rows, printing.Row(outcome.Check, string(outcome.Status), outcome.Detail))
	}
	return table
}

// object is the explanation for a program.
func object(report *explain.Report) *unstructured.Unstructured {
	checks := make([]any, 0, len(report.Outcomes))
	for _, outcome := range report.Outcomes {
		checks = append(checks, map[string]any{"name": outcome.Check, "status": string(outcome.Status), "detail": outcome.Detail})
	}
	status := map[string]any{"well": report.Finding == nil, "summary": report.Summary, "checks": checks}
	if finding := report.Finding; finding != nil {
		evidence := make([]any, 0, len(finding.Evidence))
		for _, line := range finding.Evidence {
			evidence = append(evidence, line)
		}
		status["check"], status["reason"], status["evidence"], status["command"] = finding.Check, string(finding.Reason), evidence, finding.Command
	}
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": printing.APIVersion, "kind": "Explanation", "metadata": map[string]any{"name": report.Cluster}, "status": status,
	}}
}
