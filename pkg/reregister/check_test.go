package reregister_test

import (
	"context"
	"encoding/base64"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	clienttesting "k8s.io/client-go/testing"
	clusterv1 "open-cluster-management.io/api/cluster/v1"

	"github.com/acmdr/kubectl-acmdr/pkg/internal/testutil"
	"github.com/acmdr/kubectl-acmdr/pkg/kubeconfig"
	"github.com/acmdr/kubectl-acmdr/pkg/ocm"
	"github.com/acmdr/kubectl-acmdr/pkg/step"
)

func base64Of(data []byte) string { return base64.StdEncoding.EncodeToString(data) }

func custom(content map[string]any) *unstructured.Unstructured {
	return &unstructured.Unstructured{Object: content}
}

// edit changes the ManagedCluster on the new hub.
func (w *world) edit(change func(*clusterv1.ManagedCluster)) {
	w.t.Helper()
	cluster := w.agent.Cluster()
	change(cluster)
	if err := w.hub.Dynamic.Tracker().Update(ocm.ManagedClusterResource, testutil.Object(w.t, ocm.ManagedClusterResource, cluster), ""); err != nil {
		w.t.Fatal(err)
	}
}

// TestRefusals: whatever stands in the way is found before anything is written anywhere.
func TestRefusals(t *testing.T) {
	tests := []struct {
		name string
		set  func(*world)
		step string
		want string
	}{
		{"no such cluster", func(w *world) {
			if err := w.hub.Dynamic.Tracker().Delete(ocm.ManagedClusterResource, "", "c1"); err != nil {
				w.t.Fatal(err)
			}
		}, "check", "managedcluster c1 does not exist on this hub: restore it first"},
		{"the hub itself", func(w *world) { w.edit(func(c *clusterv1.ManagedCluster) { c.Labels["local-cluster"] = "true" }) },
			"check", "c1 is the hub itself and is never moved"},
		{"being deleted", func(w *world) {
			w.edit(func(c *clusterv1.ManagedCluster) {
				c.DeletionTimestamp, c.Finalizers = new(metav1.Now()), []string{"x"}
			})
		}, "check", "managedcluster c1 is being deleted on this hub"},
		{"no credential", func(w *world) {
			if err := w.hub.Dynamic.Tracker().Delete(ocm.ClusterDeploymentResource, "c1", "c1"); err != nil {
				w.t.Fatal(err)
			}
			if err := w.hub.Kube.Tracker().Delete(secretsResource, "c1", "c1-admin-kubeconfig"); err != nil {
				w.t.Fatal(err)
			}
		}, "credential", "no credential for the managed cluster: looked for Hive admin kubeconfig; give one with --managed-kubeconfig"},
		{"another cluster", func(w *world) {
			other := testutil.Secret(ocm.AgentNamespace, ocm.HubSecret, map[string]string{ocm.ClusterNameKey: "c2"})
			if err := w.managed.Kube.Tracker().Update(secretsResource, other, ocm.AgentNamespace); err != nil {
				w.t.Fatal(err)
			}
		}, "credential", `Hive admin kubeconfig: ` + managedURL + ` is another cluster: its agent is registered as "c2", not "c1"`},
		{"may not update", func(w *world) {
			w.managed.Authenticate("system:admin", func(what string) bool { return !strings.HasPrefix(what, "update ") })
		}, "credential", "Hive admin kubeconfig: system:admin may not update secret open-cluster-management-agent/bootstrap-hub-kubeconfig"},
		{"a bootstrap secret that cannot be read", func(w *world) {
			w.managed.Kube.PrependReactor("get", "secrets", func(action clienttesting.Action) (bool, runtime.Object, error) {
				return action.(clienttesting.GetAction).GetName() == ocm.BootstrapSecret, nil, apierrors.NewInternalError(errors.New("etcd"))
			})
		}, "credential", "reading secret open-cluster-management-agent/bootstrap-hub-kubeconfig: "},
		{"a hub that agents cannot reach", func(w *world) { w.endpoint.Server = "https://127.0.0.1:6443" },
			"credential", "agents cannot reach this hub at https://127.0.0.1:6443: give its outside URL with --hub-server"},
		{"a hub whose namespace is going", func(w *world) {
			going := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "c1", DeletionTimestamp: new(metav1.Now()), Finalizers: []string{"x"}}}
			w.add(w.hub, going)
		}, "prepare", "namespace c1 is Terminating on this hub: wait until it is gone, then restore again"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				test.set(w)
				changes := w.changes()
				result, _ := w.run()
				if result.Status != step.Failed || result.Step != test.step || !strings.HasPrefix(result.Err.Error(), test.want) ||
					strings.Contains(result.Err.Error(), "\n") {
					t.Errorf("got %+v", result)
				}
				if got := changes(); len(got) > 0 {
					t.Errorf("wrote %q", got)
				}
			})
		})
	}
}

func TestLoopbackOnPurpose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.endpoint.Server, w.options.AllowLoopback = "https://127.0.0.1:6443", true
		if result, _ := w.run(); result.Status != step.Done {
			t.Errorf("got %+v", result)
		}
		w.checkMoved()
	})
}

// A bootstrap kubeconfig that the hub does not accept never reaches the managed cluster.
func TestMintIsTriedFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		mover := w.mover()
		mover.Verify = func(_ context.Context, _ kubeconfig.Endpoint, token, _ string) error {
			if !strings.HasPrefix(token, "new-") {
				t.Errorf("tried %s", token)
			}
			return errors.New("the hub does not accept the bootstrap token: is it another hub?")
		}
		managed := w.managed.Changes()
		result, _ := w.make(mover.Steps())
		if result.Status != step.Failed || result.Step != "mint" {
			t.Errorf("got %+v", result)
		}
		if got := managed(); len(got) > 0 {
			t.Errorf("wrote %q on the managed cluster", got)
		}
		if at := ocm.SwitchedAt(w.agent.Cluster()); !at.IsZero() {
			t.Errorf("noted as switched at %s", at)
		}
	})
}

// A hub may grant less than it was asked for (kube-apiserver --service-account-max-token-expiration), and says so only in the answer.
func TestATokenOfAShorterLife(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.longest = time.Hour
		want := "opened with Hive; the hub granted a bootstrap token of 1h0m0s, not 24h0m0s: it is good until " +
			time.Now().Add(time.Hour).UTC().Format(time.RFC3339)
		if result, summary := w.run(); result.Status != step.Done || summary != want {
			t.Errorf("got %+v, %q, want %q", result, summary, want)
		}
	})
}

// A KlusterletConfig that was restored can lead agents back to the hub that they leave: to one that is gone, or does not
// show a certificate of the new hub's CA, or that a CA bundle of its own vouches for.
func TestKlusterletConfigOfTheOldHub(t *testing.T) {
	for at, unreachable := range map[string]error{"check": errors.New("connection refused"), "mint": nil} {
		t.Run(at, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				w.unreachable = unreachable
				mover := w.mover()
				mover.Endpoint = func(context.Context, *clusterv1.ManagedCluster) (kubeconfig.Endpoint, error) {
					return kubeconfig.Endpoint{Server: oldURL, CAData: []byte("OLD CA"), ClusterName: "new-hub-uid", From: "KlusterletConfig global"}, nil
				}
				managed := w.managed.Changes()
				result, _ := w.make(mover.Steps())
				const want = "(the URL is that of KlusterletConfig global: if it is the old hub's, correct it, or give this hub's with --hub-server)"
				if result.Status != step.Failed || result.Step != at || !strings.HasSuffix(result.Err.Error(), want) {
					t.Errorf("got %+v", result)
				}
				if got := managed(); len(got) > 0 {
					t.Errorf("wrote %q on the managed cluster", got)
				}
			})
		})
	}
}

func TestFence(t *testing.T) {
	fenced := func(w *world) bool {
		object, err := w.old.Dynamic.Tracker().Get(ocm.ManagedClusterResource, "", "c1")
		if err != nil {
			return false
		}
		_, ok := object.(*unstructured.Unstructured).GetAnnotations()[ocm.DisableAutoImportAnnotation]
		return ok
	}
	t.Run("the old hub is told before the cluster leaves", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t)
			w.managed.Kube.PrependReactor("*", "secrets", func(action clienttesting.Action) (bool, runtime.Object, error) {
				if !testutil.Reads(action) && !fenced(w) {
					t.Errorf("%s before the fence", testutil.Describe(action))
				}
				return false, nil, nil
			})
			if result, _ := w.run(); result.Status != step.Done || !fenced(w) {
				t.Errorf("got %+v, fenced: %t", result, fenced(w))
			}
		})
	})
	t.Run("an old hub that does not know the cluster", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t)
			w.old = testutil.NewHub(t)
			if result, _ := w.run(); result.Status != step.Done {
				t.Errorf("got %+v", result)
			}
		})
	})
	t.Run("no old hub", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t)
			mover := w.mover()
			mover.OldHub = nil
			if result, _ := w.make(mover.Steps()); result.Status != step.Done || fenced(w) {
				t.Errorf("got %+v", result)
			}
		})
	})
	t.Run("an old hub that does not answer keeps the cluster", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t)
			w.old.Dynamic.PrependReactor("get", "managedclusters", func(clienttesting.Action) (bool, runtime.Object, error) {
				return true, nil, errors.New("connection refused")
			})
			if result, _ := w.run(); result.Status != step.Failed || result.Step != "fence" {
				t.Errorf("got %+v", result)
			}
			w.checkSafe()
		})
	})
}

// importSecret is what ACM's import controller makes for a cluster.
func importSecret(data []byte) *corev1.Secret {
	manifest := "apiVersion: v1\nkind: Secret\nmetadata: {name: bootstrap-hub-kubeconfig}\nstringData: {}\ndata:\n  kubeconfig: " + base64Of(data) + "\n"
	return testutil.Secret("c1", "c1-import", map[string]string{"import.yaml": manifest})
}

// On ACM the import controller's own kubeconfig is used, since the controller goes on applying it.
func TestImportKubeconfigIsUsed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.tokens.granted["acm-t0ken"] = true
		w.endpoint.ClusterName = "default-cluster"
		imported, err := kubeconfig.Bootstrap(w.endpoint, "acm-t0ken")
		if err != nil {
			t.Fatal(err)
		}
		w.endpoint.ClusterName = "new-hub-uid"
		w.add(w.hub, importSecret(imported))
		result, _ := w.run()
		if result.Status != step.Done {
			t.Fatalf("got %+v", result)
		}
		if got := w.secret(ocm.BootstrapSecret)[ocm.KubeconfigKey]; string(got) != string(imported) {
			t.Errorf("the bootstrap kubeconfig is %q", got)
		}
		w.checkKept()
		if at := ocm.SwitchedAt(w.agent.Cluster()); time.Since(at) > 10*time.Second {
			t.Errorf("switched at %s", at)
		}
		changes := w.changes()
		if again, _ := w.run(); again.Status != step.Skipped || len(changes()) > 0 {
			t.Errorf("the second time: %+v", again)
		}
		if _, err := w.hub.Kube.Tracker().Get(secretsResource, "c1", "c1-import"); err != nil {
			t.Error(err)
		}
	})
}

// One that was restored from another hub would be applied by this hub's import controller with a token that it refuses.
func TestRestoredImportKubeconfigIsRemoved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.add(w.hub, importSecret(oldBootstrap))
		result, _ := w.run()
		if result.Status != step.Done {
			t.Fatalf("got %+v", result)
		}
		w.checkMoved()
		if _, err := w.hub.Kube.Tracker().Get(secretsResource, "c1", "c1-import"); !apierrors.IsNotFound(err) {
			t.Errorf("the import secret of the old hub is there, error %v", err)
		}
	})
}

// As long as the old hub lives, the kubeconfig that was restored from it works, at the old hub.
func TestRestoredImportKubeconfigOfALivingHub(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.add(w.hub, importSecret(oldBootstrap))
		mover := w.mover()
		mover.Verify = func(ctx context.Context, endpoint kubeconfig.Endpoint, token, user string) error {
			if endpoint.Server == oldURL && token == "old-t0ken" {
				return nil
			}
			return w.verify(ctx, endpoint, token, user)
		}
		if result, _ := w.make(mover.Steps()); result.Status != step.Done {
			t.Fatalf("got %+v", result)
		}
		w.checkMoved()
	})
}
