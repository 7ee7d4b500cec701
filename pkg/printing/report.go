package printing

import (
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/acmdr/kubectl-acmdr/pkg/step"
)

// APIVersion is the version of the plugin's own machine-readable output.
const APIVersion = "acmdr.github.io/v1alpha1"

// Report makes the table and the machine-readable form of a run's results. notes are what there is to add to a cluster.
func Report(results []step.Result, notes map[string]string) (*unstructured.UnstructuredList, *metav1.Table) {
	table := &metav1.Table{ColumnDefinitions: Columns([]string{"Name", "Status", "Step", "Duration", "Message"})}
	list := &unstructured.UnstructuredList{Object: map[string]any{"apiVersion": APIVersion, "kind": "ReportList"}}
	for _, result := range results {
		message := notes[result.Target]
		if result.Err != nil {
			message = oneLine(result.Err.Error())
		}
		table.Rows = append(table.Rows, Row(result.Target, string(result.Status), result.Step, Elapsed(result.Elapsed), message))
		list.Items = append(list.Items, unstructured.Unstructured{Object: map[string]any{
			"apiVersion": APIVersion,
			"kind":       "Report",
			"metadata":   map[string]any{"name": result.Target},
			"status": map[string]any{
				"status": string(result.Status), "step": result.Step, "message": message,
				"seconds": result.Elapsed.Seconds(), "steps": reportSteps(result.Steps),
			},
		}})
	}
	return list, table
}

// Plan is Report for a dry run: the table has a row for every step of a cluster, with what it would do, or what stands in the
// way, after one for the cluster as a whole.
func Plan(results []step.Result, notes map[string]string) (*unstructured.UnstructuredList, *metav1.Table) {
	list, _ := Report(results, notes)
	table := &metav1.Table{ColumnDefinitions: Columns([]string{"Name", "Step", "Status", "Message"})}
	for _, result := range results {
		table.Rows = append(table.Rows, Row(result.Target, None, string(result.Status), notes[result.Target]))
		for _, event := range result.Steps {
			table.Rows = append(table.Rows, Row(result.Target, event.Step, string(event.Status), oneLine(event.Message)))
		}
	}
	return list, table
}

func reportSteps(events []step.Event) []any {
	steps := make([]any, 0, len(events))
	for _, event := range events {
		steps = append(steps, map[string]any{
			"name": event.Step, "status": string(event.Status), "message": oneLine(event.Message), "seconds": event.Elapsed.Seconds(),
		})
	}
	return steps
}

// oneLine keeps errors of several causes on their line.
func oneLine(text string) string { return strings.ReplaceAll(text, "\n", "; ") }
