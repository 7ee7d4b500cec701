package backup

import (
	"bytes"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	clocktesting "k8s.io/utils/clock/testing"

	"github.com/acmdr/kubectl-acmdr/pkg/backup"
	"github.com/acmdr/kubectl-acmdr/pkg/cmd/cmdutil"
	"github.com/acmdr/kubectl-acmdr/pkg/internal/testutil"
	"github.com/acmdr/kubectl-acmdr/pkg/velero"
)

// pruned runs prune on a hub with three good backups, of which one is kept, and returns what it said.
func pruned(t *testing.T, hub *testutil.Hub, dryRun bool) (string, error) {
	t.Helper()
	o, out, errOut := prune(t, hub, &cmdutil.OutputFlags{})
	o.dryRun = dryRun
	err := o.run(t.Context())
	return out.String() + errOut.String(), err
}

// prune is ready to keep one backup.
func prune(t *testing.T, hub *testutil.Hub, output *cmdutil.OutputFlags) (o *pruneOptions, out, errOut *bytes.Buffer) {
	t.Helper()
	print, err := output.ToPrinter()
	if err != nil {
		t.Fatal(err)
	}
	streams, _, out, errOut := genericiooptions.NewTestIOStreams()
	return &pruneOptions{
		program: "kubectl acmdr", hub: backup.Hub{Kube: hub.Kube, Dynamic: hub.Dynamic, Velero: velero.In(hub.Dynamic, "velero"), UID: "hub-1"},
		retention: backup.Retention{Keep: 1}, streams: streams, print: print, clock: clocktesting.NewFakeClock(moment),
	}, out, errOut
}

var moment = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func prunable(t *testing.T) *testutil.Hub {
	t.Helper()
	location := &velero.Location{ObjectMeta: metav1.ObjectMeta{Namespace: "velero", Name: "default"}}
	location.Spec.Default = true
	location.Status.Phase = velero.LocationAvailable
	hub := testutil.NewHub(t, testutil.Object(t, velero.LocationResource, location), &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Namespace: "velero", Name: "velero"}, Status: appsv1.DeploymentStatus{AvailableReplicas: 1},
	})
	for i, name := range []string{"newest", "older", "oldest"} {
		taken := metav1.NewTime(moment.Add(-time.Duration(i) * time.Hour))
		made := &velero.Backup{ObjectMeta: metav1.ObjectMeta{
			Namespace: "velero", Name: name, CreationTimestamp: taken,
			Labels:      map[string]string{velero.ManagedByLabel: velero.ManagedBy, velero.HubLabel: "hub-1"},
			Annotations: map[string]string{velero.FinishedAnnotation: "yes"},
		}}
		made.Spec.StorageLocation, made.Status.Phase, made.Status.StartTimestamp = "default", velero.BackupCompleted, &taken
		if _, err := velero.In(hub.Dynamic, "velero").Backups.Create(t.Context(), made); err != nil {
			t.Fatal(err)
		}
	}
	hub.Dynamic.ClearActions()
	return hub
}

// Without a terminal there is nobody who could say yes: what would go is shown, and nothing goes.
func TestPruneAsks(t *testing.T) {
	hub := prunable(t)
	said, err := pruned(t, hub, false)
	if err == nil || !strings.Contains(err.Error(), "nothing was deleted: to do it without being asked, add --yes") {
		t.Errorf("got %v", err)
	}
	if !strings.Contains(said, "older") || !strings.Contains(said, "oldest") || strings.Contains(said, "newest") {
		t.Errorf("said %s", said)
	}
	if writes := hub.Writes(); len(writes) > 0 {
		t.Errorf("it wrote %v", writes)
	}
}

func TestPruneDryRun(t *testing.T) {
	hub := prunable(t)
	said, err := pruned(t, hub, true)
	if err != nil || !strings.Contains(said, "2 backups would be deleted, 1 kept.") {
		t.Errorf("got %v, said %s", err, said)
	}
	if writes := hub.Writes(); len(writes) > 0 {
		t.Errorf("it wrote %v", writes)
	}
}

// A program gets an empty list where nothing is to go, whether that is a dry run or not, and whether a good backup is there or none.
func TestPruneOfNothing(t *testing.T) {
	for _, backups := range []bool{true, false} {
		for _, dryRun := range []bool{true, false} {
			hub := prunable(t)
			if !backups {
				for _, name := range []string{"newest", "older", "oldest"} {
					if err := velero.In(hub.Dynamic, "velero").Backups.Delete(t.Context(), name); err != nil {
						t.Fatal(err)
					}
				}
			}
			output := &cmdutil.OutputFlags{}
			output.SetDefault("json")
			o, out, errOut := prune(t, hub, output)
			o.retention.Keep, o.dryRun = 100, dryRun
			if err := o.run(t.Context()); err != nil || errOut.Len() == 0 {
				t.Errorf("got %v, said %q", err, errOut)
			}
			if !strings.Contains(out.String(), `"items": []`) || !strings.Contains(out.String(), `"kind": "BackupList"`) {
				t.Errorf("printed %q", out)
			}
		}
	}
}
