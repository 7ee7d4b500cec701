package journey

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"strconv"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/wait"
	workv1 "open-cluster-management.io/api/work/v1"

	"github.com/acmdr/kubectl-acmdr/pkg/ocm"
)

// Bootstrap is what the bootstrap secret on a managed cluster holds.
func (w *World) Bootstrap(t TB, name string) map[string][]byte {
	t.Helper()
	secret, err := w.Cluster(t, name).Kube.CoreV1().Secrets(ocm.AgentNamespace).Get(t.Context(), ocm.BootstrapSecret, metav1.GetOptions{})
	if err != nil {
		t.Fatalf("%v", err)
	}
	return secret.Data
}

// HasBootstrap checks that the bootstrap secret on a managed cluster holds this, byte for byte.
func (w *World) HasBootstrap(t TB, name string, want map[string][]byte) {
	t.Helper()
	if !maps.EqualFunc(w.Bootstrap(t, name), want, bytes.Equal) {
		t.Fatalf("the bootstrap secret of %s is not what it was", name)
	}
}

func klusterletWork(name string) string { return name + "-klusterlet" }

// AppliesBootstrap has the old hub apply its bootstrap secret to a managed cluster by a ManifestWork, as ACM's import
// controller does.
func (w *World) AppliesBootstrap(t TB, name string) {
	t.Helper()
	secret := &corev1.Secret{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Secret"},
		ObjectMeta: metav1.ObjectMeta{Namespace: ocm.AgentNamespace, Name: ocm.BootstrapSecret},
		Data:       w.Bootstrap(t, name),
	}
	work := &workv1.ManifestWork{
		ObjectMeta: metav1.ObjectMeta{Namespace: name, Name: klusterletWork(name)},
		Spec: workv1.ManifestWorkSpec{
			Workload:     workv1.ManifestsTemplate{Manifests: []workv1.Manifest{{RawExtension: runtime.RawExtension{Object: secret}}}},
			DeleteOption: &workv1.DeleteOption{PropagationPolicy: workv1.DeletePropagationPolicyTypeOrphan},
		},
	}
	works := ocm.ManifestWorks(w.Cluster(t, OldHub).Dynamic, name)
	if _, err := works.Create(t.Context(), work); err != nil {
		t.Fatalf("%v", err)
	}
	eventually(t, patience, "the application of "+work.Name, func(ctx context.Context) (bool, string) {
		work, err := works.Get(ctx, klusterletWork(name))
		if err != nil {
			return false, err.Error()
		}
		return meta.IsStatusConditionTrue(work.Status.Conditions, workv1.WorkApplied), "it is not applied"
	})
}

// Reapply has the work agent of a managed cluster apply that work again at once, if it still listens to the old hub. By itself it
// does so every four to six minutes.
func (w *World) Reapply(t TB, name string) {
	t.Helper()
	label := map[string]any{"metadata": map[string]any{"labels": map[string]any{"applied": strconv.FormatInt(time.Now().UnixNano(), 10)}}}
	if err := ocm.ManifestWorks(w.Cluster(t, OldHub).Dynamic, name).MergePatch(t.Context(), klusterletWork(name), label); err != nil {
		t.Fatalf("%v", err)
	}
}

// ReappliedOnSwitch runs a command that switches a cluster, and has its old hub's work applied again as soon as it does.
func (w *World) ReappliedOnSwitch(t TB, name string, args ...string) *Result {
	t.Helper()
	before := w.Bootstrap(t, name)
	secrets := w.Cluster(t, name).Kube.CoreV1().Secrets(ocm.AgentNamespace)
	moving := w.Shell.Start(t, "kubectl", append([]string{"acmdr"}, args...)...)
	// The work agent leaves the old hub some ten seconds after the switch.
	const look = 20 * time.Millisecond
	err := wait.PollUntilContextTimeout(t.Context(), look, patience, true, func(ctx context.Context) (bool, error) {
		secret, err := secrets.Get(ctx, ocm.BootstrapSecret, metav1.GetOptions{})
		return err == nil && !maps.EqualFunc(secret.Data, before, bytes.Equal), nil
	})
	if err != nil {
		t.Fatalf("%s was not switched: %v\n%s", name, err, moving.Stderr())
	}
	w.Reapply(t, name)
	return moving.Wait(t)
}

// Stays watches a managed cluster for a while: its bootstrap secret stays what it is, and it stays available at the new hub,
// however often the old hub applies its works.
func (w *World) Stays(t TB, name string, period time.Duration) {
	t.Helper()
	want := w.Bootstrap(t, name)
	over := time.Now().Add(period)
	eventually(t, period+time.Minute, "the end of the watch", func(ctx context.Context) (bool, string) {
		w.HasBootstrap(t, name, want)
		w.Reapply(t, name)
		cluster, err := ocm.ManagedClusters(w.Cluster(t, NewHub).Dynamic).Get(ctx, name)
		if err != nil {
			return false, err.Error()
		}
		if state := ocm.StateOf(cluster); state != ocm.Available {
			t.Fatalf("%s is %s on %s", name, state, NewHub)
		}
		left := time.Until(over).Round(time.Second)
		return left <= 0, fmt.Sprintf("%s to go", left)
	})
}
