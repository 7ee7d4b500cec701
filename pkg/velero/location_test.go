package velero_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	clienttesting "k8s.io/client-go/testing"

	"github.com/acmdr/kubectl-acmdr/pkg/internal/testutil"
	"github.com/acmdr/kubectl-acmdr/pkg/velero"
	"github.com/acmdr/kubectl-acmdr/pkg/wait"
)

func TestLocation(t *testing.T) {
	unavailable := location("default")
	unavailable.Status.Phase, unavailable.Status.Message = "Unavailable", "InvalidAccessKeyId"
	second := location("second")
	second.Spec.Default = false
	named := location("default")
	named.Spec.Default = false
	for name, test := range map[string]struct {
		locations []*velero.Location
		ask       string
		want      string
		err       string
	}{
		"the default":          {[]*velero.Location{second, location("main")}, "", "main", ""},
		"by Velero's own name": {[]*velero.Location{second, named}, "", "default", ""},
		"a named one":          {[]*velero.Location{second, location("main")}, "second", "second", ""},
		"not there":            {[]*velero.Location{second}, "third", "", "backup storage location velero/third does not exist"},
		"no default": {[]*velero.Location{second}, "", "",
			`choose one of second with: kubectl patch backupstoragelocation NAME -n velero --type merge -p '{"spec":{"default":true}}'`},
		"unavailable": {[]*velero.Location{unavailable}, "", "", "is not Available: InvalidAccessKeyId"},
		"none":        {nil, "", "", velero.ErrNotInstalled.Error()},
	} {
		t.Run(name, func(t *testing.T) {
			var objects []runtime.Object
			for _, l := range test.locations {
				objects = append(objects, testutil.Object(t, velero.LocationResource, l))
			}
			got, err := velero.In(testutil.NewHub(t, objects...).Dynamic, "velero").Location(t.Context(), test.ask)
			if test.err != "" {
				if err == nil || !strings.Contains(err.Error(), test.err) {
					t.Errorf("got %v, want %q", err, test.err)
				}
				return
			}
			if err != nil || got.Name != test.want {
				t.Errorf("got %v, %v, want %s", got, err, test.want)
			}
		})
	}
}

// What was mended since Velero looked last, it does not know yet.
func TestUnavailableSaysHowOldItIs(t *testing.T) {
	const long = 5 * time.Minute
	for name, test := range map[string]struct {
		looked time.Duration
		every  *metav1.Duration
		want   string
	}{
		"every minute":  {looked: 40 * time.Second, want: "is not Available: refused (as of 40s ago; Velero looks every 60s)"},
		"now and then":  {looked: 40 * time.Second, every: &metav1.Duration{Duration: long}, want: "refused (as of 40s ago; Velero looks every 5m)"},
		"never again":   {looked: 40 * time.Second, every: &metav1.Duration{}, want: "is not Available: refused"},
		"clocks differ": {looked: -time.Hour, want: "(as of 0s ago; "},
	} {
		t.Run(name, func(t *testing.T) {
			l := location("default")
			looked := metav1.NewTime(time.Now().Add(-test.looked))
			l.Status.Phase, l.Status.Message, l.Status.LastValidationTime = "Unavailable", "refused", &looked
			l.Spec.ValidationFrequency = test.every
			if err := velero.Unavailable(l).Error(); !strings.Contains(err, test.want) || test.every != nil && test.every.Duration == 0 && !strings.HasSuffix(err, test.want) {
				t.Errorf("got %q, want %q", err, test.want)
			}
		})
	}
}

func TestRunning(t *testing.T) {
	deployment := func(available int32) *appsv1.Deployment {
		return &appsv1.Deployment{
			ObjectMeta: metav1.ObjectMeta{Namespace: "velero", Name: "velero"},
			Status:     appsv1.DeploymentStatus{AvailableReplicas: available},
		}
	}
	for name, test := range map[string]struct {
		objects []runtime.Object
		want    string
	}{
		"running": {[]runtime.Object{deployment(1)}, ""},
		"down":    {[]runtime.Object{deployment(0)}, "Velero is not running"},
		"missing": {nil, "has no Deployment velero"},
	} {
		t.Run(name, func(t *testing.T) {
			hub := testutil.NewHub(t, test.objects...)
			err := velero.In(hub.Dynamic, "velero").Running(t.Context(), hub.Kube)
			if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}

// leaping is a clock on which every look takes longer than anything may be stuck.
type leaping struct {
	testutil.Instant
	now time.Time
}

func (l *leaping) Now() time.Time {
	l.now = l.now.Add(wait.Stuck)
	return l.now
}

func (l *leaping) Since(then time.Time) time.Duration { return l.Now().Sub(then) }

// TestWaitBackupNudgesOneThatARestartedServerForgot has a Velero that starts only what changes.
func TestWaitBackupNudgesOneThatARestartedServerForgot(t *testing.T) {
	backup := nightly()
	backup.Status.Phase = "ReadyToStart"
	hub := testutil.NewHub(t, testutil.Object(t, velero.BackupResource, backup))
	hub.Dynamic.PrependReactor("patch", "backups", func(clienttesting.Action) (bool, runtime.Object, error) {
		backup.Status.Phase = velero.BackupCompleted
		return false, nil, hub.Dynamic.Tracker().Update(velero.BackupResource, testutil.Object(t, velero.BackupResource, backup), "velero")
	})
	got, err := velero.In(hub.Dynamic, "velero").WaitBackup(t.Context(), &leaping{}, "nightly", nil)
	if err != nil || got.Status.Phase != velero.BackupCompleted || got.Annotations[velero.NudgedAnnotation] == "" {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestWaitBackupTellsProgressAndEnds(t *testing.T) {
	backup := nightly()
	backup.Status.Phase = velero.BackupPartiallyFailed
	hub := testutil.NewHub(t, testutil.Object(t, velero.BackupResource, backup))
	var seen []velero.Progress
	got, err := velero.In(hub.Dynamic, "velero").WaitBackup(t.Context(), testutil.Instant{}, "nightly", func(p velero.Progress) {
		seen = append(seen, p)
	})
	if err != nil || got.Status.Phase != velero.BackupPartiallyFailed || len(seen) != 1 {
		t.Errorf("got %v, %v after %v", got, err, seen)
	}
	_, err = velero.In(hub.Dynamic, "velero").WaitRestore(t.Context(), testutil.Instant{}, "gone", nil)
	if err == nil || errors.Is(err, velero.ErrNotInstalled) || err.Error() != "restore gone was deleted while it ran" {
		t.Errorf("got %v", err)
	}
}
