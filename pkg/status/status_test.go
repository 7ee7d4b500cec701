package status

import (
	"slices"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/acmdr/kubectl-acmdr/pkg/internal/testutil"
	"github.com/acmdr/kubectl-acmdr/pkg/velero"
)

const this, that = "this-uid", "that-uid"

// made is a backup of a hub, taken so many hours ago, which came to the hub that is asked a minute ago.
func made(name, hub string, hours int, edits ...testutil.Edit[velero.Backup]) *velero.Backup {
	started := metav1.NewTime(time.Now().Add(-time.Duration(hours) * time.Hour))
	backup := &velero.Backup{ObjectMeta: metav1.ObjectMeta{
		Namespace: "velero", Name: name, CreationTimestamp: metav1.NewTime(time.Now().Add(-time.Minute)),
		Labels: map[string]string{velero.ManagedByLabel: velero.ManagedBy, velero.HubLabel: hub},
	}}
	backup.Status.Phase, backup.Status.StartTimestamp = velero.BackupCompleted, &started
	for _, edit := range edits {
		edit(backup)
	}
	return backup
}

// situation is how Velero stands on a hub.
type situation struct {
	backups  []*velero.Backup
	location func(*velero.Location)
	replicas int32
}

// rows are the lines of the page about these components, without their names.
func rows(t *testing.T, s situation, components ...string) []string {
	t.Helper()
	location := &velero.Location{ObjectMeta: metav1.ObjectMeta{Namespace: "velero", Name: "default"}}
	listed := metav1.Now()
	location.Status.Phase, location.Status.LastSyncedTime = velero.LocationAvailable, &listed
	location.Spec.ObjectStorage = &velero.ObjectStorage{Bucket: "acm-dr"}
	if s.location != nil {
		s.location(location)
	}
	server := &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Namespace: "velero", Name: "velero"}}
	server.Status.AvailableReplicas = s.replicas
	objects := []runtime.Object{server, testutil.Object(t, velero.LocationResource, location)}
	for _, backup := range s.backups {
		objects = append(objects, testutil.Object(t, velero.BackupResource, backup))
	}
	hub := testutil.NewHub(t, objects...)
	items, err := Read(t.Context(), Hub{Kube: hub.Kube, Dynamic: hub.Dynamic, Velero: velero.In(hub.Dynamic, "velero"), UID: this})
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, item := range items {
		if slices.Contains(components, item.Component) {
			found = append(found, strings.Join([]string{item.Component, item.Name, item.Status, item.Detail}, " | "))
		}
	}
	return found
}

func TestNewestBackup(t *testing.T) {
	failed := func(b *velero.Backup) { b.Status.Phase = velero.BackupPartiallyFailed }
	some := func(b *velero.Backup) { b.Labels[velero.SelectedLabel] = "true" }
	for name, test := range map[string]struct {
		backups  []*velero.Backup
		readOnly bool
		want     string
	}{
		"by when it was taken": {[]*velero.Backup{made("a-new", that, 1), made("b-old", that, 9)}, true,
			"backup | a-new | Completed | newest of 2 of hub that-uid"},
		"not of some clusters": {[]*velero.Backup{made("part", this, 1, some), made("old", this, 9)}, false,
			"backup | old | Completed | newest of 1 of this hub"},
		"the newest failed": {[]*velero.Backup{made("bad", this, 1, failed), made("good", this, 9), made("older", this, 99)}, false,
			"backup | bad | PartiallyFailed | newest of 3 of this hub; the last Completed one is good, 9h old"},
		"all failed": {[]*velero.Backup{made("bad", this, 1, failed)}, false,
			"backup | bad | PartiallyFailed | newest of 1 of this hub; none is Completed"},
		"active beside another hub": {[]*velero.Backup{made("ours", this, 9), made("theirs", that, 1)}, false,
			"backup | ours | Completed | newest of 1 of this hub"},
		"standby that was backed up": {[]*velero.Backup{made("ours", this, 1), made("theirs", that, 9)}, true,
			"backup | theirs | Completed | newest of 1 of hub that-uid"},
		"standby that may write": {[]*velero.Backup{made("theirs", that, 9)}, false, "backup | theirs | Completed | newest of 1 of hub that-uid"},
		"fenced":                 {[]*velero.Backup{made("ours", this, 9)}, true, "backup | ours | Completed | newest of 1 of this hub"},
		"of nobody":              {[]*velero.Backup{made("apps", "", 9)}, false, "backup | apps | Completed | newest of 1 of a hub that they do not name"},
		"none of a whole hub": {[]*velero.Backup{made("part", this, 1, some)}, false,
			"backup |  | None | no backup of a whole hub in the bucket: run 'kubectl acmdr backup' on the active hub"},
	} {
		t.Run(name, func(t *testing.T) {
			got := rows(t, situation{backups: test.backups, replicas: 1, location: func(l *velero.Location) {
				if test.readOnly {
					l.Spec.AccessMode = velero.LocationReadOnly
				}
			}}, "backup")
			if !slices.Equal(got, []string{test.want}) {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

// What cannot be known is not said, and why a location is not Available is said in plain words.
func TestStorage(t *testing.T) {
	refused := func(l *velero.Location) {
		l.Status.Phase, l.Status.Message = "Unavailable", "rpc error: code = Unknown desc = operation error S3: ListObjectsV2, InvalidAccessKeyId: none"
	}
	for name, test := range map[string]struct {
		situation
		want []string
	}{
		"well": {situation{replicas: 1}, []string{
			"storage | default | Available | s3://acm-dr",
			"backup |  | None | no backup of a whole hub in the bucket: run 'kubectl acmdr backup' on the active hub",
		}},
		"wrong keys": {situation{replicas: 1, location: refused}, []string{
			"storage | default | Unavailable | the S3 server does not know the access key: check aws_access_key_id in the credentials file",
			"backup |  | Unknown | the bucket cannot be read",
		}},
		"new": {situation{replicas: 1, location: func(l *velero.Location) { l.Status.LastSyncedTime = nil }}, []string{
			"storage | default | Available | s3://acm-dr",
			"backup |  | Unknown | Velero has not listed the bucket yet",
		}},
		"Velero is down": {situation{}, []string{
			"velero | velero | NotRunning | Velero is not running: Deployment velero/velero has no available replica",
			"storage | default | Available | s3://acm-dr",
			"backup |  | Unknown | Velero, which would find what is in the bucket, is not running",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			if got := rows(t, test.situation, "velero", "storage", "backup"); !slices.Equal(got, test.want) {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}
