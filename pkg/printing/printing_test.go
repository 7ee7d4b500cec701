package printing

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/cli-runtime/pkg/printers"
	clocktesting "k8s.io/utils/clock/testing"

	"github.com/acmdr/kubectl-acmdr/pkg/internal/testutil"
	"github.com/acmdr/kubectl-acmdr/pkg/step"
)

func results() []step.Result {
	return []step.Result{
		{Target: "managed-one", Status: step.Done, Elapsed: 4200 * time.Millisecond, Steps: []step.Event{
			{Target: "managed-one", Step: "check", Status: step.Done, Elapsed: 100 * time.Millisecond},
			{Target: "managed-one", Step: "switch", Status: step.Done, Elapsed: 1500 * time.Millisecond},
		}},
		{Target: "managed-two", Status: step.Skipped},
		{Target: "managed-three", Status: step.Failed, Step: "credential", Elapsed: 15 * time.Second,
			Err: errors.New("Hive admin kubeconfig: cannot reach the managed cluster at https://10.0.0.3:6443: connection refused"), Steps: []step.Event{
				{Target: "managed-three", Step: "credential", Status: step.Failed, Message: "Hive admin kubeconfig: ...", Elapsed: 15 * time.Second},
			}},
		{Target: "managed-four", Status: step.Canceled, Step: "knock", Elapsed: 125 * time.Second, Err: errors.Join(errors.New("interrupted"), errors.New("no CSR"))},
		{Target: "managed-five", Status: step.Planned},
	}
}

func TestReport(t *testing.T) {
	list, table := Report(results(), map[string]string{"managed-one": "opened with Hive", "managed-three": "not told, it failed"})
	var text bytes.Buffer
	if err := PrintTable(&text, table, TableOptions{}); err != nil {
		t.Fatal(err)
	}
	testutil.Golden(t, "report.golden", text.Bytes())
	var encoded bytes.Buffer
	if err := (&printers.JSONPrinter{}).PrintObj(list, &encoded); err != nil {
		t.Fatal(err)
	}
	testutil.Golden(t, "report.json.golden", encoded.Bytes())
	if list.DeepCopy() == nil {
		t.Error("the list cannot be copied")
	}
}

func TestPlan(t *testing.T) {
	list, table := Plan([]step.Result{
		{Target: "managed-one", Status: step.Planned, Steps: []step.Event{
			{Target: "managed-one", Step: "check", Status: step.Done}, {Target: "managed-one", Step: "prepare", Status: step.Skipped},
			{Target: "managed-one", Step: "switch", Status: step.Planned, Message: "replace the kubeconfig"},
		}},
		{Target: "managed-two", Status: step.Failed, Step: "guard", Err: errors.New("at risk"), Steps: []step.Event{
			{Target: "managed-two", Step: "guard", Status: step.Failed, Message: "at risk\nand more"},
		}},
	}, map[string]string{"managed-one": "opened with Hive"})
	var text bytes.Buffer
	if err := PrintTable(&text, table, TableOptions{}); err != nil {
		t.Fatal(err)
	}
	testutil.Golden(t, "plan.golden", text.Bytes())
	if len(list.Items) != 2 {
		t.Errorf("got %v", list)
	}
}

func TestReportOfNothing(t *testing.T) {
	list, table := Report(nil, nil)
	if len(list.Items) > 0 || len(table.Rows) > 0 {
		t.Errorf("got %v and %v", list, table)
	}
}

func TestPrintTable(t *testing.T) {
	table := &metav1.Table{
		ColumnDefinitions: Columns([]string{"Name", "Hub Accepted"}, "URL"),
		Rows:              []metav1.TableRow{Row("c1", "True", "https://c1"), Row("a-long-name", "False", "")},
	}
	tests := []struct {
		options TableOptions
		want    string
	}{
		{TableOptions{}, "NAME          HUB ACCEPTED\nc1            True\na-long-name   False\n"},
		{TableOptions{Wide: true}, "NAME          HUB ACCEPTED   URL\nc1            True           https://c1\na-long-name   False          <none>\n"},
		{TableOptions{NoHeaders: true}, "c1            True\na-long-name   False\n"},
	}
	for _, test := range tests {
		var out bytes.Buffer
		if err := PrintTable(&out, table, test.options); err != nil {
			t.Fatal(err)
		}
		if out.String() != test.want {
			t.Errorf("%+v: got\n%s\nwant\n%s", test.options, out.String(), test.want)
		}
	}
}

func TestAge(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for want, then := range map[string]time.Time{
		"5s": now.Add(-5 * time.Second), "3m": now.Add(-3 * time.Minute), "2d": now.Add(-48 * time.Hour), Unknown: {},
	} {
		if got := Age(now, then); got != want {
			t.Errorf("%s: got %s, want %s", then, got, want)
		}
	}
}

func TestElapsed(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0.0s", 400 * time.Millisecond: "0.4s", 12300 * time.Millisecond: "12.3s", 60 * time.Second: "1m0s",
		125*time.Second + 400*time.Millisecond: "2m5s", 2 * time.Hour: "2h0m0s",
	} {
		if got := Elapsed(d); got != want {
			t.Errorf("%d: got %s, want %s", d, got, want)
		}
	}
}

func TestSize(t *testing.T) {
	for bytes, want := range map[int64]string{0: "0 B", 512: "512 B", 1536: "1.5 KiB", 1 << 20: "1.0 MiB", -1: Unknown} {
		if got := Size(bytes); got != want {
			t.Errorf("%d: got %s, want %s", bytes, got, want)
		}
	}
}

func TestObjectName(t *testing.T) {
	for words, want := range map[string]string{
		"velero client QPS": "velero-client-qps", "ACM's schedule": "acms-schedule", "credential of managed-one": "credential-of-managed-one",
		" other  hub ": "other-hub", "location": "location",
	} {
		if got := ObjectName(words); got != want {
			t.Errorf("%s: got %s, want %s", words, got, want)
		}
	}
}

func object(name string, labels map[string]any) unstructured.Unstructured {
	return unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "v1", "kind": "Thing",
		"metadata": map[string]any{"name": name, "labels": labels},
		"spec":     map[string]any{"n": int64(3), "ok": true, "urls": []any{"a", "b"}},
	}}
}

func TestCustomColumns(t *testing.T) {
	list := &unstructured.UnstructuredList{Items: []unstructured.Unstructured{
		object("c1", map[string]any{"env": "prod", "example.com/set": "a"}), object("c2", nil),
	}}
	tests := []struct{ spec, want string }{
		{"NAME:.metadata.name", "NAME\nc1\nc2\n"},
		{"NAME:metadata.name,ENV:{.metadata.labels.env}", "NAME   ENV\nc1     prod\nc2     <none>\n"},
		{`SET:.metadata.labels.example\.com/set`, "SET\na\n<none>\n"},
		{"N:.spec.n,OK:.spec.ok,URLS:.spec.urls[*]", "N     OK     URLS\n3     true   a,b\n3     true   a,b\n"},
		{"X:.spec.none.deeper", "X\n<none>\n<none>\n"},
	}
	for _, test := range tests {
		columns, err := NewCustomColumns(test.spec)
		if err != nil {
			t.Fatalf("%s: %v", test.spec, err)
		}
		var out bytes.Buffer
		if err := columns.PrintObj(list, &out); err != nil || out.String() != test.want {
			t.Errorf("%s: got\n%s\nwant\n%s\nerror %v", test.spec, out.String(), test.want, err)
		}
	}
	one := object("c1", nil)
	columns, err := NewCustomColumns("NAME:.metadata.name")
	if err != nil {
		t.Fatal(err)
	}
	columns.NoHeaders = true
	var out bytes.Buffer
	if err := columns.PrintObj(&one, &out); err != nil || out.String() != "c1\n" {
		t.Errorf("one object: got %q, error %v", out.String(), err)
	}
}

func TestCustomColumnsRefuses(t *testing.T) {
	for _, spec := range []string{"", "NAME", "NAME:", ":.metadata.name", "A:.a,", "A:.a[", "A:{.a"} {
		if _, err := NewCustomColumns(spec); err == nil {
			if spec != "A:{.a" { // kubectl takes an open brace as well
				t.Errorf("%q was accepted", spec)
			}
		} else if !strings.HasPrefix(err.Error(), "custom-columns: ") {
			t.Errorf("%q: error %v", spec, err)
		}
	}
}

func TestProgressOfAFew(t *testing.T) {
	var out bytes.Buffer
	progress := NewProgress(&out, 2)
	for _, event := range []step.Event{
		{Target: "c1", Step: "check", Status: step.Running},
		{Target: "c1", Step: "check", Status: step.Done, Elapsed: 100 * time.Millisecond},
		{Target: "c1", Step: "prepare", Status: step.Skipped},
		{Target: "c1", Step: "knock", Status: step.Running, Message: "no CSR", Elapsed: time.Second},
		{Target: "c1", Step: "knock", Status: step.Failed, Message: "timed out after 5m0s: no CSR", Elapsed: 5 * time.Minute},
		{Target: "c2", Step: "switch", Status: step.Planned},
	} {
		progress.Step(event)
	}
	progress.Ended(step.Result{Target: "c1", Status: step.Failed, Err: errors.New("x")})
	want := "c1: check done in 0.1s\nc1: prepare skipped\nc1: knock waiting: no CSR\n" +
		"c1: knock failed in 5m0s: timed out after 5m0s: no CSR\nc2: switch planned in 0.0s\n"
	if out.String() != want {
		t.Errorf("got\n%s\nwant\n%s", out.String(), want)
	}
}

// Of a large fleet only the clusters are told, one line each, whole, though many goroutines tell them.
func TestProgressOfMany(t *testing.T) {
	var out bytes.Buffer
	progress := NewProgress(&out, 100)
	var group sync.WaitGroup
	for i := range 100 {
		group.Go(func() {
			progress.Step(step.Event{Target: "c", Step: "switch", Status: step.Done})
			result := step.Result{Target: fmt.Sprintf("c%02d", i), Status: step.Done, Elapsed: time.Second}
			if i%2 == 1 {
				result.Status, result.Step, result.Err = step.Failed, "credential", errors.New("none")
			}
			progress.Ended(result)
		})
	}
	group.Wait()
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(lines) != 100 {
		t.Fatalf("%d lines", len(lines))
	}
	for _, line := range lines {
		if !strings.HasPrefix(line, "[") || (!strings.HasSuffix(line, " done in 1.0s") && !strings.HasSuffix(line, " failed in 1.0s at credential: none")) {
			t.Errorf("line %q", line)
		}
	}
	if last := "[100/100] "; !strings.Contains(out.String(), last) {
		t.Errorf("no %q", last)
	}
}

// frames keeps what a bar draws, also from its own goroutine.
type frames struct {
	mu   sync.Mutex
	text strings.Builder
}

func (f *frames) Write(p []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.text.Write(p)
}

// On a terminal every frame says what it is the progress of, the first one and those of an unknown total, too.
func TestMeterOnATerminal(t *testing.T) {
	var out frames
	meter := NewMeter(&out, "Backup b1")
	meter.live = true
	meter.Update("", 0, 0)
	meter.Update("InProgress", 0, 0)
	meter.Update("InProgress", 3, 10)
	bar := meter.bar
	meter.Close()
	if !bar.IsFinished() {
		t.Error("the bar goes on after Close")
	}
	out.mu.Lock()
	defer out.mu.Unlock()
	for frame := range strings.SplitSeq(out.text.String(), "\r") {
		if frame = strings.TrimSpace(frame); frame != "" && !strings.Contains(frame, "Backup b1: ") {
			t.Errorf("got the frame %q", frame)
		}
	}
	if text := out.text.String(); !strings.Contains(text, "Backup b1: InProgress") || !strings.HasSuffix(text, "\r") {
		t.Errorf("got %q", text)
	}
}

// Where no terminal shows a bar, a line is written when something changed, and not too often.
func TestMeterInLines(t *testing.T) {
	var out bytes.Buffer
	fake := clocktesting.NewFakeClock(time.Unix(1000, 0))
	meter := NewMeter(&out, "Backup b1")
	meter.clock = fake
	meter.Update("", 0, 0)
	meter.Update("InProgress", 1, 10)
	fake.Step(5 * time.Second)
	meter.Update("InProgress", 5, 10)
	fake.Step(5 * time.Second)
	meter.Update("InProgress", 5, 10)
	meter.Say("the server was restarted")
	fake.Step(5 * time.Second)
	meter.Update("Completed", 10, 10)
	meter.Close()
	want := "Backup b1: waiting for Velero\nBackup b1: InProgress, 5 of 10 items\nthe server was restarted\nBackup b1: Completed, 10 of 10 items\n"
	if out.String() != want {
		t.Errorf("got\n%s\nwant\n%s", out.String(), want)
	}
}
