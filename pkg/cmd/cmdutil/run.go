package cmdutil

import (
	"context"
	"fmt"
	"strings"

	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/acmdr/kubectl-acmdr/pkg/fleet"
	"github.com/acmdr/kubectl-acmdr/pkg/printing"
	"github.com/acmdr/kubectl-acmdr/pkg/step"
)

// maxNamed clusters are named in the command that resumes a run; with more, the same choice is the better advice.
const maxNamed = 10

// Run works on many clusters and tells how it went.
type Run struct {
	Streams  genericiooptions.IOStreams
	Print    Printer
	Parallel int
	// Resume is the command line, without targets, that goes on where a run stopped.
	Resume string
	// Choice are the flags that chose the clusters; empty when they were named.
	Choice string
	// DryRun has the report tell every step.
	DryRun bool
	// Last is the last line of the run, when it has made changes; nil for none.
	Last func() string
	// Notes are what there is to add to a cluster when it has ended; nil for none.
	Notes func(cluster string) string
}

// Each calls unit for every cluster, prints the report and returns ErrReported when not all of them are done.
func (r *Run) Each(
	ctx context.Context, clusters []string, unit func(ctx context.Context, cluster string, emit func(step.Event)) step.Result,
) error {
	progress := printing.NewProgress(r.Streams.ErrOut, len(clusters))
	results := fleet.Run(ctx, clusters, r.Parallel, func(ctx context.Context, cluster string) step.Result {
		result := unit(ctx, cluster, progress.Step)
		progress.Ended(result)
		return result
	})
	notes := map[string]string{}
	if r.Notes != nil {
		for _, cluster := range clusters {
			notes[cluster] = r.Notes(cluster)
		}
	}
	report := printing.Report
	if r.DryRun {
		report = printing.Plan
	}
	list, table := report(results, notes)
	if err := r.Print(r.Streams.Out, list, table); err != nil {
		return err
	}
	err := r.summarize(results)
	if r.Last != nil && !r.DryRun {
		fmt.Fprintln(r.Streams.ErrOut, r.Last())
	}
	return err
}

func (r *Run) summarize(results []step.Result) error {
	var left []string
	var errs []error
	counts := map[step.Status]int{}
	for _, result := range results {
		counts[result.Status]++
		if result.Status == step.Failed || result.Status == step.Canceled {
			left, errs = append(left, result.Target), append(errs, result.Err)
		}
	}
	var parts []string
	for _, status := range []step.Status{step.Done, step.Skipped, step.Planned, step.Failed, step.Canceled} {
		if counts[status] > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", counts[status], phrases[status]))
		}
	}
	noun := "managed clusters"
	if len(results) == 1 {
		noun = "managed cluster"
	}
	fmt.Fprintf(r.Streams.ErrOut, "%d %s: %s.\n", len(results), noun, strings.Join(parts, ", "))
	if len(left) == 0 {
		return nil
	}
	what := strings.Join(left, " ")
	if len(left) > maxNamed && r.Choice != "" {
		what = r.Choice
	}
	if words := strings.Fields(r.Resume); len(words) > 2 {
		TellAllowed(r.Streams.ErrOut, strings.Join(words[:2], " "), words[2], errs...)
	}
	fmt.Fprintf(r.Streams.ErrOut, "To resume: %s %s\n", r.Resume, what)
	return ErrReported
}

// phrases are the statuses as the last line says them.
var phrases = map[step.Status]string{
	step.Done: "done", step.Skipped: "already done", step.Planned: "would be changed",
	step.Failed: "failed", step.Canceled: "interrupted",
}
