package backup

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	clienttesting "k8s.io/client-go/testing"

	"github.com/acmdr/kubectl-acmdr/pkg/internal/testutil"
	"github.com/acmdr/kubectl-acmdr/pkg/velero"
)

func aged(name string, phase velero.BackupPhase, hours int, edits ...testutil.Edit[velero.Backup]) *velero.Backup {
	at := metav1.Time{Time: time.Now().Add(-time.Duration(hours) * time.Hour)}
	return existing(name, phase, append(edits, func(b *velero.Backup) { b.Status.StartTimestamp = &at })...)
}

func verified(b *velero.Backup) { b.Annotations = map[string]string{velero.FinishedAnnotation: "yes"} }
func some(b *velero.Backup)     { b.Labels[velero.SelectedLabel] = "true" }

func TestPruning(t *testing.T) {
	const done, failed = velero.BackupCompleted, velero.BackupFailed
	reading := &velero.Restore{ObjectMeta: metav1.ObjectMeta{Namespace: "velero", Name: "r"}}
	reading.Spec.BackupName, reading.Status.Phase = "being-read", velero.RestoreInProgress
	all := []*velero.Backup{
		aged("running", velero.BackupInProgress, 0), aged("newest-of-some", done, 1, some), aged("newest-failed", failed, 2),
		aged("newest", done, 3), aged("second", done, 4), aged("failed", failed, 5), aged("third", done, 6),
		aged("being-read", done, 7), aged("verified", done, 8, verified), aged("older-verified", done, 9, verified), aged("old-of-some", done, 10, some),
		aged("old-running", velero.BackupInProgress, 11),
		aged("of-another-hub", done, 20, func(b *velero.Backup) { b.Labels[velero.HubLabel] = "hub-2" }),
		aged("by-somebody-else", done, 20, func(b *velero.Backup) { b.Labels = nil }),
	}
	hub := fleet(t, testutil.Object(t, velero.LocationResource, location()), testutil.Object(t, velero.RestoreResource, reading))
	for _, b := range all {
		if err := hub.Dynamic.Tracker().Add(object(t, b)); err != nil {
			t.Fatal(err)
		}
	}
	for name, test := range map[string]struct {
		retention Retention
		want      []string
	}{
		"keep 2":                 {Retention{Keep: 2}, []string{"old-of-some", "older-verified", "third", "failed"}},
		"keep all":               {Retention{Keep: 99}, []string{"old-of-some"}},
		"keep 1":                 {Retention{Keep: 1}, []string{"old-of-some", "older-verified", "third", "failed", "second"}},
		"older than 5 h":         {Retention{OlderThan: 5*time.Hour + time.Minute}, []string{"old-of-some", "older-verified", "third"}},
		"older than a minute":    {Retention{OlderThan: time.Minute}, []string{"old-of-some", "older-verified", "third", "failed", "second", "newest-failed", "newest-of-some"}},
		"nothing that old":       {Retention{OlderThan: 100 * time.Hour}, nil},
		"older than now, almost": {Retention{OlderThan: 1}, []string{"old-of-some", "older-verified", "third", "failed", "second", "newest-failed", "newest-of-some"}},
	} {
		t.Run(name, func(t *testing.T) {
			pruning, err := NewPruning(t.Context(), testutil.Instant{}, of(hub), test.retention)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for i := range pruning.Backups {
				got = append(got, pruning.Backups[i].Name)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
			if pruning.Newest.Name != "newest" || pruning.Kept != 12-len(got) || len(hub.Writes()) > 0 {
				t.Errorf("newest %s, %d kept, wrote %v", pruning.Newest.Name, pruning.Kept, hub.Writes())
			}
		})
	}
}

// A newer backup that brings back fewer clusters does not take the place of the last that brings back all.
func TestPruningKeepsTheMostUseful(t *testing.T) {
	brings := func(whole string) testutil.Edit[velero.Backup] {
		return func(b *velero.Backup) {
			b.Annotations = map[string]string{velero.FinishedAnnotation: "yes", velero.ClustersAnnotation: "2"}
			if whole != "" {
				b.Annotations[velero.WholeAnnotation] = whole
			}
		}
	}
	for name, whole := range map[string]string{"noted": "2", "not noted": ""} {
		t.Run(name, func(t *testing.T) {
			hub := fleet(t, testutil.Object(t, velero.LocationResource, location()),
				object(t, aged("newest", velero.BackupCompleted, 1, brings("1"))), object(t, aged("newer", velero.BackupCompleted, 2, brings("1"))),
				object(t, aged("all", velero.BackupCompleted, 3, brings(whole))), object(t, aged("all-before", velero.BackupCompleted, 4, brings(whole))))
			pruning, err := NewPruning(t.Context(), testutil.Instant{}, of(hub), Retention{Keep: 1})
			if err != nil || len(pruning.Backups) != 2 || pruning.Backups[0].Name != "all-before" || pruning.Backups[1].Name != "newer" {
				t.Errorf("got %+v, %v", pruning, err)
			}
		})
	}
}

func TestPruningRefuses(t *testing.T) {
	for name, test := range map[string]struct {
		edit    func(*velero.Location)
		backups []*velero.Backup
		want    string
	}{
		"read-only":   {func(l *velero.Location) { l.Spec.AccessMode = velero.LocationReadOnly }, nil, "is read-only"},
		"unavailable": {func(l *velero.Location) { l.Status.Phase = "Unavailable" }, nil, "not Available"},
	} {
		hub := fleet(t, testutil.Object(t, velero.LocationResource, location(test.edit)),
			object(t, aged("new", velero.BackupCompleted, 1)), object(t, aged("old", velero.BackupCompleted, 2)))
		_, err := NewPruning(t.Context(), testutil.Instant{}, of(hub), Retention{Keep: 1})
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	hub := fleet(t, object(t, aged("partial", velero.BackupPartiallyFailed, 900)), object(t, aged("some", velero.BackupCompleted, 900, some)))
	pruning, err := NewPruning(t.Context(), testutil.Instant{}, of(hub), Retention{OlderThan: time.Hour})
	if err != nil || pruning.Newest != nil || len(pruning.Backups) > 0 {
		t.Errorf("without a good backup: %+v, %v", pruning, err)
	}
}

// deletes has Velero work on every DeleteBackupRequest: with a problem it keeps the backup.
func deletes(hub *testutil.Hub, problem string) {
	hub.Dynamic.PrependReactor("create", "deletebackuprequests", func(action clienttesting.Action) (bool, runtime.Object, error) {
		request := action.(clienttesting.CreateAction).GetObject().(*unstructured.Unstructured)
		name, _, _ := unstructured.NestedString(request.Object, "spec", "backupName")
		if problem != "" {
			return false, nil, unstructured.SetNestedMap(request.Object, map[string]any{"phase": "Processed", "errors": []any{problem}}, "status")
		}
		return false, nil, hub.Dynamic.Tracker().Delete(velero.BackupResource, "velero", name)
	})
}

func TestDelete(t *testing.T) {
	for name, problem := range map[string]string{"deleted": "", "refused": "backup is still in progress"} {
		old := aged("old", velero.BackupCompleted, 2)
		hub := fleet(t, object(t, old))
		deletes(hub, problem)
		err := Delete(t.Context(), testutil.Instant{}, of(hub), old)
		if problem == "" && err != nil || problem != "" && (err == nil || !strings.Contains(err.Error(), problem)) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestDeletePolicies(t *testing.T) {
	hub := two(t)
	var names []string
	for _, chosen := range [][]string{{"a"}, {"b"}, nil} {
		content, err := policy("velero", chosen, false)
		if err != nil {
			t.Fatal(err)
		}
		if err := savePolicy(t.Context(), of(hub), content); err != nil {
			t.Fatal(err)
		}
		names = append(names, content.Name)
	}
	refers := func(name string) testutil.Edit[velero.Backup] {
		return func(b *velero.Backup) {
			b.Spec = (&Content{Kinds: &Kinds{}, Policy: &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: name}}}).spec(nil)
		}
	}
	if err := hub.Dynamic.Tracker().Add(object(t, existing("uses", velero.BackupCompleted, refers(names[0])))); err != nil {
		t.Fatal(err)
	}
	scheduled := &velero.Schedule{ObjectMeta: metav1.ObjectMeta{Namespace: "velero", Name: "fleet"}}
	scheduled.Spec.Template = existing("", "", refers(names[2])).Spec
	if err := hub.Dynamic.Tracker().Add(testutil.Object(t, velero.ScheduleResource, scheduled)); err != nil {
		t.Fatal(err)
	}
	if err := DeletePolicies(t.Context(), of(hub)); err != nil {
		t.Fatal(err)
	}
	left, err := hub.Kube.CoreV1().ConfigMaps("velero").List(t.Context(), metav1.ListOptions{})
	if err != nil || len(left.Items) != 2 {
		t.Errorf("got %v, %v", left, err)
	}
	for i := range left.Items {
		if left.Items[i].Name == names[1] {
			t.Error("a policy that nothing refers to is still there")
		}
	}
}
