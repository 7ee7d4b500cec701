package cmdutil_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/acmdr/kubectl-acmdr/pkg/cmd/cmdutil"
	"github.com/acmdr/kubectl-acmdr/pkg/step"
)

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

func clusters(n int) []string {
	var names []string
	for i := range n {
		names = append(names, fmt.Sprintf("c%d", i+1))
	}
	return names
}

func TestRun(t *testing.T) {
	unreachable := errors.New("cannot reach the managed cluster at https://c2: connection refused")
	done := step.Result{Status: step.Done, Elapsed: 4 * time.Second}
	failed := step.Result{Status: step.Failed, Step: "credential", Err: unreachable, Elapsed: time.Second}
	tests := []struct {
		name    string
		results []step.Result
		choice  string
		err     error
		dryRun  bool
		says    func() string
		out     []string
		last    string
	}{
		{name: "one done", results: []step.Result{done}, out: []string{"NAME   STATUS   STEP     DURATION   MESSAGE", "c1     Done     <none>   4.0s       note on c1"},
			last: "1 managed cluster: 1 done.\n"},
		{name: "one was done", results: []step.Result{{Status: step.Skipped}}, last: "1 managed cluster: 1 already done.\n"},
		{name: "with a last line", results: []step.Result{done, failed}, err: cmdutil.ErrReported, says: func() string { return "No deadline." },
			last: "2 managed clusters: 1 done, 1 failed.\nTo resume: kubectl acmdr verb --parallel=5 c2\nNo deadline.\n"},
		{name: "a dry run", dryRun: true, says: func() string { return "No deadline." }, out: []string{"NAME   STEP     STATUS    MESSAGE"}, results: []step.Result{{Status: step.Planned}, {Status: step.Skipped}},
			last: "2 managed clusters: 1 already done, 1 would be changed.\n"},
		{name: "one failed", results: []step.Result{done, failed, done}, err: cmdutil.ErrReported,
			out:  []string{"c2     Failed   credential   1.0s       cannot reach the managed cluster at https://c2: connection refused"},
			last: "3 managed clusters: 2 done, 1 failed.\nTo resume: kubectl acmdr verb --parallel=5 c2\n"},
		{name: "interrupted", results: []step.Result{done, {Status: step.Canceled, Step: "knock", Err: context.Canceled}}, err: cmdutil.ErrReported,
			last: "2 managed clusters: 1 done, 1 interrupted.\nTo resume: kubectl acmdr verb --parallel=5 c2\n"},
		{name: "many failed of all", results: slices.Repeat([]step.Result{failed}, 11), choice: "--all", err: cmdutil.ErrReported,
			last: "11 managed clusters: 11 failed.\nTo resume: kubectl acmdr verb --parallel=5 --all\n"},
		{name: "many failed of those with a label", results: slices.Repeat([]step.Result{failed}, 11), choice: "--selector=env=prod", err: cmdutil.ErrReported,
			last: "11 managed clusters: 11 failed.\nTo resume: kubectl acmdr verb --parallel=5 --selector=env=prod\n"},
		{name: "many failed of those named", results: slices.Repeat([]step.Result{failed}, 11), err: cmdutil.ErrReported,
			last: "11 managed clusters: 11 failed.\nTo resume: kubectl acmdr verb --parallel=5 c1 c2 c3 c4 c5 c6 c7 c8 c9 c10 c11\n"},
		{name: "few failed of all", results: slices.Repeat([]step.Result{failed}, 10), choice: "--all", err: cmdutil.ErrReported,
			last: "10 managed clusters: 10 failed.\nTo resume: kubectl acmdr verb --parallel=5 c1 c2 c3 c4 c5 c6 c7 c8 c9 c10\n"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			streams, _, out, errOut := genericiooptions.NewTestIOStreams()
			print, err := (&cmdutil.OutputFlags{}).ToPrinter()
			if err != nil {
				t.Fatal(err)
			}
			run := cmdutil.Run{
				Streams: streams, Print: print, Parallel: 2, Resume: "kubectl acmdr verb --parallel=5", Choice: test.choice,
				DryRun: test.dryRun, Last: test.says, Notes: func(cluster string) string { return "note on " + cluster },
			}
			names := clusters(len(test.results))
			err = run.Each(t.Context(), names, func(_ context.Context, cluster string, _ func(step.Event)) step.Result {
				result := test.results[slices.Index(names, cluster)]
				result.Target = cluster
				return result
			})
			if !errors.Is(err, test.err) {
				t.Errorf("error %v, want %v", err, test.err)
			}
			for _, line := range test.out {
				if !slices.ContainsFunc(strings.Split(out.String(), "\n"), func(l string) bool { return strings.TrimRight(l, " ") == line }) {
					t.Errorf("no line\n%s\nin\n%s", line, out.String())
				}
			}
			if !strings.HasSuffix("\n"+errOut.String(), "\n"+test.last) {
				t.Errorf("stderr ends\n%s\nwant\n%s", errOut.String(), test.last)
			}
		})
	}
}

func TestRunThatCannotPrint(t *testing.T) {
	streams := genericiooptions.NewTestIOStreamsDiscard()
	print, err := (&cmdutil.OutputFlags{}).ToPrinter()
	if err != nil {
		t.Fatal(err)
	}
	broken := errors.New("broken pipe")
	streams.Out = writer(func([]byte) (int, error) { return 0, broken })
	run := cmdutil.Run{Streams: streams, Print: print, Parallel: 1}
	err = run.Each(t.Context(), []string{"c1"}, func(context.Context, string, func(step.Event)) step.Result { return step.Result{Target: "c1"} })
	if !errors.Is(err, broken) {
		t.Errorf("error %v", err)
	}
}

type writer func([]byte) (int, error)

func (w writer) Write(data []byte) (int, error) { return w(data) }
