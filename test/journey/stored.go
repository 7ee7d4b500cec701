package journey

import (
	"context"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	veleroapi "github.com/acmdr/kubectl-acmdr/pkg/velero"
)

// backupsIn is the folder of the S3 server that holds the backups of the lab's bucket: it keeps a bucket as a folder.
func (w *World) backupsIn(t TB) string {
	t.Helper()
	return filepath.Join(w.Lab.dir, "s3", "data", w.Lab.Env(t)["ACMDR_LAB_BUCKET"], "backups")
}

// Backups are the names of the backups in the bucket, sorted.
func (w *World) Backups(t TB) []string {
	t.Helper()
	entries, err := os.ReadDir(w.backupsIn(t))
	if err != nil {
		t.Fatalf("%v", err)
	}
	var names []string
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	return names
}

// Contents reads the tarball of a backup in the bucket: its ManagedClusters, its Namespaces, and the namespaces of the objects.
func (w *World) Contents(t TB, backup string) (managed, namespaces, inside []string) {
	t.Helper()
	file, err := os.Open(filepath.Join(w.backupsIn(t), backup, backup+".tar.gz"))
	if err != nil {
		t.Fatalf("%v", err)
	}
	defer func() { _ = file.Close() }()
	of := map[string]bool{}
	err = veleroapi.ReadContents(file, func(object veleroapi.Object, _ io.Reader) error {
		switch {
		case object.Namespace != "":
			of[object.Namespace] = true
		case object.Resource == "namespaces":
			namespaces = append(namespaces, object.Name)
		case strings.HasPrefix(object.Resource, "managedclusters."):
			managed = append(managed, object.Name)
		}
		return nil
	})
	if err != nil {
		t.Fatalf("backup %s: %v", backup, err)
	}
	slices.Sort(managed)
	slices.Sort(namespaces)
	return managed, namespaces, slices.Sorted(maps.Keys(of))
}

// Scheduled waits until a schedule has made a backup that is Completed, and returns its name.
func (w *World) Scheduled(t TB, hub, schedule string) string {
	t.Helper()
	client := w.Cluster(t, hub).Dynamic.Resource(velero("backups")).Namespace(veleroNamespace)
	name := ""
	// Velero looks at its schedules once a minute.
	eventually(t, 3*time.Minute, "a backup of schedule "+schedule, func(ctx context.Context) (bool, string) {
		list, err := client.List(ctx, metav1.ListOptions{LabelSelector: veleroapi.ScheduleLabel + "=" + schedule})
		if err != nil {
			return false, err.Error()
		}
		for i := range list.Items {
			if phase, _, _ := unstructured.NestedString(list.Items[i].Object, "status", "phase"); phase == string(veleroapi.BackupCompleted) {
				name = list.Items[i].GetName()
			}
		}
		return name != "", "there is none that is Completed"
	})
	return name
}

// BackupFile reads a file of a backup in the bucket.
func (w *World) BackupFile(t TB, backup string, kind BackupFile) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(w.backupsIn(t), backup, backup+kind))
	if err != nil {
		t.Fatalf("%v", err)
	}
	return data
}
