package journey

import (
	"context"
	"os"
	"path/filepath"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// InstallAt is Install with another URL of the lab's S3 server.
func (w *World) InstallAt(t TB, hub, url string) []string {
	t.Helper()
	args := w.Install(t, hub)
	for i, arg := range args {
		if arg == "--s3-url" {
			args[i+1] = url
		}
	}
	return args
}

// Comes waits until a request is held.
func (w *World) Comes(t TB, held *Held) {
	t.Helper()
	select {
	case <-held.Met:
	case <-time.After(patience):
		t.Fatalf("no request came that was to be held")
	}
}

// IsThere waits until a Backup is on a hub.
func (w *World) IsThere(t TB, hub, name string) {
	t.Helper()
	client := w.Cluster(t, hub).Dynamic.Resource(velero("backups")).Namespace(veleroNamespace)
	eventually(t, patience, "backup "+name+" on "+hub, func(ctx context.Context) (bool, string) {
		_, err := client.Get(ctx, name, metav1.GetOptions{})
		return err == nil, "it is not there"
	})
}

// BucketGone takes the bucket away, with all that is in it, and returns what brings it back.
func (w *World) BucketGone(t TB) func() {
	t.Helper()
	bucket := filepath.Dir(w.backupsIn(t))
	move := func(from, to string) {
		t.Helper()
		if err := os.Rename(from, to); err != nil {
			t.Fatalf("%v", err)
		}
	}
	away := filepath.Join(w.Dir, "bucket")
	move(bucket, away)
	return func() { move(away, bucket) }
}

// DeletesBackup has a hub's Velero delete a backup, and waits until it is gone.
func (w *World) DeletesBackup(t TB, hub, name string) {
	t.Helper()
	dynamic := w.Cluster(t, hub).Dynamic
	backups := dynamic.Resource(velero("backups")).Namespace(veleroNamespace)
	backup, err := backups.Get(t.Context(), name, metav1.GetOptions{})
	if err != nil {
		t.Fatalf("%v", err)
	}
	request := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "velero.io/v1", "kind": "DeleteBackupRequest",
		"metadata": map[string]any{"generateName": name + "-", "namespace": veleroNamespace, "labels": map[string]any{
			"velero.io/backup-name": name, "velero.io/backup-uid": string(backup.GetUID()),
		}},
		"spec": map[string]any{"backupName": name},
	}}
	_, err = dynamic.Resource(velero("deletebackuprequests")).Namespace(veleroNamespace).Create(t.Context(), request, metav1.CreateOptions{})
	if err != nil {
		t.Fatalf("%v", err)
	}
	eventually(t, patience, "the end of backup "+name, func(ctx context.Context) (bool, string) {
		_, err := backups.Get(ctx, name, metav1.GetOptions{})
		return apierrors.IsNotFound(err), "it is still there"
	})
}
