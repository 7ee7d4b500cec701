package journey

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/acmdr/kubectl-acmdr/pkg/kubeconfig"
	"github.com/acmdr/kubectl-acmdr/pkg/ocm"
)

// veleroNamespace is where install puts Velero.
const veleroNamespace = "velero"

// patience bounds what Velero does by itself: in the lab it looks at the bucket every 10 seconds.
const patience = 2 * time.Minute

func velero(resource string) schema.GroupVersionResource {
	return schema.GroupVersionResource{Group: "velero.io", Version: "v1", Resource: resource}
}

// LocationIs waits until Velero finds the location of a hub in a phase.
func (w *World) LocationIs(t TB, hub, phase string) {
	t.Helper()
	w.phaseIs(t, hub, velero("backupstoragelocations"), "default", phase)
}

// LocationSettles waits until Velero has looked at the location of a hub since a moment, and finds it Available. A Velero that has just
// started may read its own file of credentials while another of its controllers writes it, and take the location for Unavailable until it
// looks again.
func (w *World) LocationSettles(t TB, hub string, since time.Time) {
	t.Helper()
	client := w.Cluster(t, hub).Dynamic.Resource(velero("backupstoragelocations")).Namespace(veleroNamespace)
	eventually(t, patience, "the location of "+hub+" is Available after "+since.Format(time.TimeOnly), func(ctx context.Context) (bool, string) {
		object, err := client.Get(ctx, "default", metav1.GetOptions{})
		if err != nil {
			return false, err.Error()
		}
		phase, _, _ := unstructured.NestedString(object.Object, "status", "phase")
		last, _, _ := unstructured.NestedString(object.Object, "status", "lastValidationTime")
		at, err := time.Parse(time.RFC3339, last)
		return err == nil && !at.Before(since.Truncate(time.Second)) && phase == "Available", "it is " + phase + " as of " + last
	})
}

// VeleroStumbled tells whether a hub's Velero has written that it could not read its own credentials, see LocationSettles.
func (w *World) VeleroStumbled(t TB, hub string) bool {
	t.Helper()
	written, err := os.ReadFile(filepath.Join(w.Lab.dir, "logs", hub+"-velero.log"))
	if err != nil {
		t.Fatalf("%v", err)
	}
	return bytes.Contains(written, []byte("failed to refresh cached credentials"))
}

// BackupIs waits until a hub sees a backup in a phase.
func (w *World) BackupIs(t TB, hub, name, phase string) {
	t.Helper()
	w.phaseIs(t, hub, velero("backups"), name, phase)
}

func (w *World) phaseIs(t TB, hub string, resource schema.GroupVersionResource, name, phase string) {
	t.Helper()
	client := w.Cluster(t, hub).Dynamic.Resource(resource).Namespace(veleroNamespace)
	eventually(t, patience, resource.Resource+" "+name+" on "+hub+" is "+phase, func(ctx context.Context) (bool, string) {
		object, err := client.Get(ctx, name, metav1.GetOptions{})
		if err != nil {
			return false, err.Error()
		}
		got, _, _ := unstructured.NestedString(object.Object, "status", "phase")
		return got == phase, "it is " + got
	})
}

// MakeBackup puts a backup onto a hub as Velero would have left it, but for the label by which Velero deletes those that
// are not in the bucket.
func (w *World) MakeBackup(t TB, hub, name, phase string) {
	t.Helper()
	backup := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "velero.io/v1", "kind": "Backup",
		"metadata": map[string]any{"name": name, "namespace": veleroNamespace},
		"spec":     map[string]any{"storageLocation": "default"},
		"status":   map[string]any{"phase": phase, "startTimestamp": time.Now().UTC().Format(time.RFC3339), "errors": int64(3)},
	}}
	client := w.Cluster(t, hub).Dynamic.Resource(velero("backups")).Namespace(veleroNamespace)
	if _, err := client.Create(t.Context(), backup, metav1.CreateOptions{}); err != nil {
		t.Fatalf("%v", err)
	}
}

// Switched waits until the bootstrap kubeconfig on a managed cluster leads to the new hub.
func (w *World) Switched(t TB, name string) {
	t.Helper()
	server := ReadKubeconfig(t, w.Lab.Kubeconfig(NewHub)).Server
	secrets := w.Cluster(t, name).Kube.CoreV1().Secrets(ocm.AgentNamespace)
	eventually(t, patience, "the switch of "+name, func(ctx context.Context) (bool, string) {
		secret, err := secrets.Get(ctx, ocm.BootstrapSecret, metav1.GetOptions{})
		if err != nil {
			return false, err.Error()
		}
		got := kubeconfig.Server(secret.Data[ocm.KubeconfigKey])
		return got == server, "the bootstrap kubeconfig leads to " + got
	})
}

// File writes a file of the user's and returns its path.
func (w *World) File(t TB, name string, data []byte) string {
	t.Helper()
	path := filepath.Join(w.Shell.Dir, name)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatalf("%v", err)
	}
	return path
}

// BucketKeys is the credentials file of the lab's bucket.
func (w *World) BucketKeys(t TB) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(w.Shell.Dir, credentials))
	if err != nil {
		t.Fatalf("%v", err)
	}
	return data
}

// Absent checks that a file is not there.
func (w *World) Absent(t TB, path string) {
	t.Helper()
	if _, err := os.Stat(path); !os.IsNotExist(err) {
		t.Fatalf("%s is there: %v", path, err)
	}
}
