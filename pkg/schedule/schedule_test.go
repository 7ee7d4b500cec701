package schedule

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	clienttesting "k8s.io/client-go/testing"

	"github.com/acmdr/kubectl-acmdr/pkg/backup"
	"github.com/acmdr/kubectl-acmdr/pkg/internal/testutil"
	"github.com/acmdr/kubectl-acmdr/pkg/ocm"
	"github.com/acmdr/kubectl-acmdr/pkg/velero"
)

func TestParseCron(t *testing.T) {
	for expression, want := range map[string]string{
		"0 */6 * * *": "", "@daily": "", "@every 6h": "", "CRON_TZ=Europe/Berlin 0 3 * * *": "",
		"": "is empty", "hourly": "expected exactly 5 fields", "61 * * * *": "above maximum", "0 0 31 2 *": "no time ever matches",
		"TZ=0": "cannot be read", "@every 1m": "", "* * * * *": "",
		"@every 59s": "once a minute at most", "@every 0s": "once a minute at most", "@every -1h": "once a minute at most",
	} {
		_, err := ParseCron(expression)
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n")) {
			t.Errorf("%q: got %v, want %q", expression, err, want)
		}
	}
}

func hub(t *testing.T, objects ...runtime.Object) (*testutil.Hub, backup.Hub) {
	t.Helper()
	location := &velero.Location{ObjectMeta: metav1.ObjectMeta{Namespace: "velero", Name: "default"}}
	location.Spec.Default, location.Status.Phase = true, velero.LocationAvailable
	fake := testutil.NewHub(t, append(objects, testutil.Object(t, velero.LocationResource, location), &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Namespace: "velero", Name: "velero"}, Status: appsv1.DeploymentStatus{AvailableReplicas: 1},
	})...)
	return fake, backup.Hub{Kube: fake.Kube, Dynamic: fake.Dynamic, Velero: velero.In(fake.Dynamic, "velero"), UID: "hub-1"}
}

// takes has Velero take, or refuse, every schedule that is created.
func takes(fake *testutil.Hub, phase, problem string) {
	fake.Dynamic.PrependReactor("create", "schedules", func(action clienttesting.Action) (bool, runtime.Object, error) {
		made := action.(clienttesting.CreateAction).GetObject().(*unstructured.Unstructured)
		return false, nil, unstructured.SetNestedMap(made.Object, map[string]any{"phase": phase, "validationErrors": []any{problem}}, "status")
	})
}

func TestCreate(t *testing.T) {
	fake, h := hub(t)
	takes(fake, "Enabled", "")
	wanted := Options{Name: "fleet", Cron: "@hourly", TTL: time.Hour}
	create := func() error {
		plan, err := NewPlan(t.Context(), testutil.Instant{}, h, wanted)
		if err != nil {
			return err
		}
		return plan.Create(t.Context(), testutil.Instant{}, h)
	}
	if _, err := NewPlan(t.Context(), testutil.Instant{}, h, wanted); err != nil || len(fake.Writes()) > 0 {
		t.Fatalf("planning: %v, wrote %v", err, fake.Writes())
	}
	// The same command again finishes what an earlier one began, and changes nothing.
	for range 2 {
		if err := create(); err != nil {
			t.Fatal(err)
		}
	}
	made, err := h.Velero.Schedules.Get(t.Context(), "fleet")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"create configmaps velero/" + made.Spec.Template.ResourcePolicy.Name, "create schedules velero/fleet"},
		fake.Writes()); diff != "" {
		t.Error(diff)
	}
	// Velero gives these to every backup of the schedule: restore and prune know it by them.
	if diff := cmp.Diff(map[string]string{velero.ManagedByLabel: velero.ManagedBy, velero.HubLabel: "hub-1"}, made.Labels); diff != "" {
		t.Error(diff)
	}
	if spec := made.Spec.Template; spec.TTL.Duration != time.Hour || spec.StorageLocation != "default" ||
		!cmp.Equal(spec.IncludedNamespaces, []string{"*"}) || made.Spec.UseOwnerReferencesInBackup != nil {
		t.Errorf("got %+v", made.Spec)
	}
	wanted.Cron = "@daily"
	if err := create(); err == nil || !strings.Contains(err.Error(), `exists already, with another --schedule ("@hourly"): delete it first`) {
		t.Errorf("got %v", err)
	}
}

// A schedule notes what is installed, which is on every backup then; the same command notes it anew.
func TestCreateNotesTheSoftware(t *testing.T) {
	fake, h := hub(t)
	takes(fake, "Enabled", "")
	create := func() map[string]string {
		t.Helper()
		plan, err := NewPlan(t.Context(), testutil.Instant{}, h, Options{Name: "fleet", Cron: "@hourly"})
		if err != nil {
			t.Fatal(err)
		}
		if err := plan.Create(t.Context(), testutil.Instant{}, h); err != nil {
			t.Fatal(err)
		}
		made, err := h.Velero.Schedules.Get(t.Context(), "fleet")
		if err != nil {
			t.Fatal(err)
		}
		noted, known := velero.SoftwareOf(made)
		if !known {
			t.Error("it notes nothing")
		}
		return noted
	}
	if noted := create(); len(noted) > 0 {
		t.Errorf("notes %v", noted)
	}
	acm := testutil.Object(t, ocm.MultiClusterHubResource, &map[string]any{
		"metadata": map[string]any{"name": "hub", "namespace": "acm"}, "status": map[string]any{"currentVersion": "2.15.0"},
	})
	if err := fake.Dynamic.Tracker().Create(ocm.MultiClusterHubResource, acm, "acm"); err != nil {
		t.Fatal(err)
	}
	if noted := create(); noted[ocm.ACM] != "2.15.0" || fake.Writes()[len(fake.Writes())-1] != "patch schedules velero/fleet" {
		t.Errorf("notes %v, wrote %v", noted, fake.Writes())
	}
}

func TestCreateSaysWhatVeleroRefuses(t *testing.T) {
	fake, h := hub(t)
	takes(fake, "FailedValidation", "invalid schedule: no")
	plan, err := NewPlan(t.Context(), testutil.Instant{}, h, Options{Name: "fleet", Cron: "@hourly"})
	if err != nil {
		t.Fatal(err)
	}
	if err := plan.Create(t.Context(), testutil.Instant{}, h); err == nil || !strings.Contains(err.Error(), "refused, and deleted again: invalid schedule: no") {
		t.Errorf("got %v", err)
	}
	if left, err := h.Velero.Schedules.List(t.Context(), ""); err != nil || len(left) > 0 {
		t.Errorf("it is left on the hub: %v, %v", left, err)
	}
}

func made(name string, edits ...testutil.Edit[velero.Schedule]) *velero.Schedule {
	s := &velero.Schedule{ObjectMeta: metav1.ObjectMeta{Namespace: "velero", Name: name, CreationTimestamp: metav1.Time{Time: noon}}}
	s.Spec.Schedule, s.Status.Phase = "0 * * * *", velero.ScheduleEnabled
	for _, edit := range edits {
		edit(s)
	}
	return s
}

var (
	noon  = time.Date(2026, 11, 25, 12, 30, 0, 0, time.UTC)
	owned = func(s *velero.Schedule) {
		yes := true
		s.OwnerReferences = []metav1.OwnerReference{{Kind: "BackupSchedule", Name: "acm", Controller: &yes}}
	}
)

func TestPauseAndDelete(t *testing.T) {
	yes := true
	fake, h := hub(t,
		testutil.Object(t, velero.ScheduleResource, made("fleet")), testutil.Object(t, velero.ScheduleResource, made("acm", owned)),
		testutil.Object(t, velero.ScheduleResource, made("owner", func(s *velero.Schedule) { s.Spec.UseOwnerReferencesInBackup = &yes })))
	for i, want := range []bool{true, false} {
		if s, changed, err := Pause(t.Context(), h.Velero, "fleet", true); err != nil || changed != want || !s.Spec.Paused {
			t.Errorf("time %d: got %v, %v, %v", i+1, s, changed, err)
		}
	}
	if _, _, err := Pause(t.Context(), h.Velero, "acm", true); err == nil || !strings.Contains(err.Error(), "belongs to BackupSchedule acm") {
		t.Errorf("got %v", err)
	}
	for name, want := range map[string]string{
		"acm": "belongs to BackupSchedule", "owner": "owns its backups", "none": "does not exist", "fleet": "",
	} {
		if err := Delete(t.Context(), h.Velero, name); want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: got %v, want %q", name, err, want)
		}
	}
	if diff := cmp.Diff([]string{"delete schedules velero/fleet", "patch schedules velero/fleet"}, fake.Writes()); diff != "" {
		t.Error(diff)
	}
}

func TestState(t *testing.T) {
	of := func(name string, phase velero.BackupPhase) *velero.Backup {
		b := &velero.Backup{ObjectMeta: metav1.ObjectMeta{Namespace: "velero", Name: name, Labels: map[string]string{velero.ScheduleLabel: "fleet"}}}
		b.Status.Phase = phase
		return b
	}
	backups := Backups{"fleet": {
		of("fleet-20261125100000", velero.BackupCompleted), of("fleet-20261125120000", velero.BackupPartiallyFailed),
		of("fleet-20261125110000", velero.BackupCompleted),
	}}
	ran := func(s *velero.Schedule) { s.Status.LastBackup = &metav1.Time{Time: noon.Add(-30 * time.Minute)} }
	for name, test := range map[string]struct {
		schedule *velero.Schedule
		next     time.Time
		meets    bool
	}{
		"runs":    {made("fleet", ran), noon.Add(30 * time.Minute), true},
		"new":     {made("other"), noon.Add(30 * time.Minute), false},
		"paused":  {made("fleet", func(s *velero.Schedule) { s.Spec.Paused = true }), time.Time{}, true},
		"refused": {made("fleet", func(s *velero.Schedule) { s.Status.Phase = velero.ScheduleFailedValidation }), time.Time{}, true},
		"skipped": {made("fleet", ran, func(s *velero.Schedule) { s.Status.LastSkipped = &metav1.Time{Time: noon.Add(31 * time.Minute)} }),
			noon.Add(90 * time.Minute), true},
	} {
		state := backups.State(test.schedule)
		if !state.Next.Equal(test.next) || state.Meets(2*time.Hour, noon) != test.meets || state.Meets(time.Hour, noon) {
			t.Errorf("%s: next %s, want %s; %+v", name, state.Next, test.next, state)
		}
		if state.Good != nil && (state.Good.Name != "fleet-20261125110000" || state.Last.Name != "fleet-20261125120000") {
			t.Errorf("%s: last %s, good %s", name, state.Last.Name, state.Good.Name)
		}
	}
}
