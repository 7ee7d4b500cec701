package schedule

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/acmdr/kubectl-acmdr/pkg/backup"
	"github.com/acmdr/kubectl-acmdr/pkg/cmd/cmdutil"
	"github.com/acmdr/kubectl-acmdr/pkg/factory"
	"github.com/acmdr/kubectl-acmdr/pkg/internal/testutil"
	"github.com/acmdr/kubectl-acmdr/pkg/schedule"
	"github.com/acmdr/kubectl-acmdr/pkg/velero"
)

// Every mistake is named before anything is read: the kubeconfig does not exist.
func TestUsage(t *testing.T) {
	for name, test := range map[string]struct {
		args []string
		want string
	}{
		"nothing":        {nil, "say what to do: create, list, pause, resume or delete"},
		"something else": {[]string{"make"}, `cannot "make": create, list, pause, resume or delete`},
		"no cron":        {[]string{"create", "fleet"}, "--schedule"},
		"a bad cron":     {[]string{"create", "fleet", "--schedule", "61 * * * *"}, "--schedule"},
		"a bad name":     {[]string{"create", "Fleet_1", "--schedule", "@daily"}, "is no valid name"},
		"a dry run":      {[]string{"create", "fleet", "--schedule", "@daily", "--dry-run=server"}, "--dry-run must be none or client"},
		"an output":      {[]string{"list", "-o", "xml"}, "unknown output format"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("KUBECONFIG", filepath.Join(t.TempDir(), "none"))
			cmd := New(factory.New(genericclioptions.NewConfigFlags(true)), genericiooptions.NewTestIOStreamsDiscard())
			cmd.SilenceErrors, cmd.SilenceUsage = true, true
			cmd.SetArgs(test.args)
			err := cmd.Execute()
			var usage *cmdutil.UsageError
			if !errors.As(err, &usage) || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}

// The list says when the last good backup was, and fails when that is too long ago.
func TestList(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	fleet := velero.Schedule{ObjectMeta: metav1.ObjectMeta{Namespace: "velero", Name: "fleet"}}
	fleet.Spec.Schedule, fleet.Status.Phase = "0 */6 * * *", velero.ScheduleEnabled
	paused := velero.Schedule{ObjectMeta: metav1.ObjectMeta{Namespace: "velero", Name: "paused"}}
	paused.Spec.Schedule, paused.Spec.Paused, paused.Status.Phase = "@daily", true, velero.ScheduleEnabled
	good := velero.Backup{ObjectMeta: metav1.ObjectMeta{
		Namespace: "velero", Name: "fleet-20260301060000", Labels: map[string]string{velero.ScheduleLabel: "fleet"},
	}}
	good.Status.Phase, good.Status.StartTimestamp = velero.BackupCompleted, &metav1.Time{Time: now.Add(-6 * time.Hour)}
	hub := testutil.NewHub(t, testutil.Object(t, velero.ScheduleResource, &fleet), testutil.Object(t, velero.ScheduleResource, &paused),
		testutil.Object(t, velero.BackupResource, &good))
	states, err := schedule.List(t.Context(), velero.In(hub.Dynamic, "velero"))
	if err != nil {
		t.Fatal(err)
	}
	print, err := (&cmdutil.OutputFlags{}).ToPrinter()
	if err != nil {
		t.Fatal(err)
	}
	streams, _, out, _ := genericiooptions.NewTestIOStreams()
	if err := printStates(streams, print, states, 8*time.Hour, now); err != nil {
		t.Error(err)
	}
	testutil.Golden(t, "list.txt", out.Bytes())
	if err := printStates(streams, print, states, time.Hour, now); err == nil || err.Error() != "no schedule has made a good backup within 1h0m0s" {
		t.Errorf("got %v", err)
	}
}

// A program gets an empty list where there is none, as of get schedules.
func TestListOfNothing(t *testing.T) {
	output := &cmdutil.OutputFlags{}
	output.SetDefault("json")
	print, err := output.ToPrinter()
	if err != nil {
		t.Fatal(err)
	}
	streams, _, out, errOut := genericiooptions.NewTestIOStreams()
	if err := printStates(streams, print, nil, 0, time.Now()); err != nil || !strings.Contains(out.String(), `"items": []`) ||
		errOut.String() != "No schedules found.\n" {
		t.Errorf("got %v, printed %q, said %q", err, out, errOut)
	}
}

// What would be made is one List, of the Schedule and of the policy that it refers to.
func TestCreateDryRun(t *testing.T) {
	location := &velero.Location{ObjectMeta: metav1.ObjectMeta{Namespace: "velero", Name: "default"}}
	location.Spec.Default, location.Status.Phase = true, velero.LocationAvailable
	hub := testutil.NewHub(t, testutil.Object(t, velero.LocationResource, location), &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Namespace: "velero", Name: "velero"}, Status: appsv1.DeploymentStatus{AvailableReplicas: 1},
	})
	output := &cmdutil.OutputFlags{}
	output.SetDefault("json")
	print, err := output.ToPrinter()
	if err != nil {
		t.Fatal(err)
	}
	streams, _, out, _ := genericiooptions.NewTestIOStreams()
	o := &createOptions{
		hub:     backup.Hub{Kube: hub.Kube, Dynamic: hub.Dynamic, Velero: velero.In(hub.Dynamic, "velero"), UID: "hub-1"},
		options: schedule.Options{Name: "fleet", Cron: "@daily"}, dryRun: true, streams: streams, print: print, clock: testutil.Instant{},
	}
	if err := o.run(t.Context()); err != nil {
		t.Fatal(err)
	}
	list := &unstructured.UnstructuredList{}
	if err := list.UnmarshalJSON(out.Bytes()); err != nil {
		t.Fatalf("%v in %s", err, out)
	}
	if len(list.Items) != 2 || list.GetKind() != "List" || list.Items[0].GetKind() != "ConfigMap" || list.Items[1].GetKind() != "Schedule" {
		t.Errorf("printed %s", out)
	}
	if writes := hub.Writes(); len(writes) > 0 {
		t.Errorf("it wrote %v", writes)
	}
}
