package reregister_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	clienttesting "k8s.io/client-go/testing"
	clusterv1 "open-cluster-management.io/api/cluster/v1"

	"github.com/acmdr/kubectl-acmdr/pkg/bootstrap"
	"github.com/acmdr/kubectl-acmdr/pkg/internal/testutil"
	"github.com/acmdr/kubectl-acmdr/pkg/kubeconfig"
	"github.com/acmdr/kubectl-acmdr/pkg/ocm"
	"github.com/acmdr/kubectl-acmdr/pkg/reregister"
	"github.com/acmdr/kubectl-acmdr/pkg/step"
)

var leasesResource = coordinationv1.SchemeGroupVersion.WithResource("leases")

// newTwoWayWorld is a world whose old hub is alive, so that the cluster can come back to it.
func newTwoWayWorld(t *testing.T) *world {
	t.Helper()
	w := newWorld(t)
	w.old = testutil.NewHub(t,
		testutil.ManagedCluster("c1", testutil.Back),
		testutil.Lease("c1", time.Now()),
		testutil.ManifestWork(t, "c1", "w", testutil.Manifest("v1", "ConfigMap", "default", "cm")),
	)
	testutil.NewAgent(t, w.old, "c1").Watch(w.managed, ocm.AgentNamespace, func(data []byte) bool {
		return kubeconfig.Server(data) == oldURL && w.registeredAt() != oldURL
	})
	w.register(oldURL)
	w.live()
	return w
}

// live is what goes on by itself: the agent is registered at the hub that it joined last, and renews its lease there for as
// long as its bootstrap kubeconfig leads there.
func (w *world) live() {
	newest := map[string]time.Time{}
	var tick func()
	tick = func() {
		for url, hub := range map[string]*testutil.Hub{oldURL: w.old, newURL: w.hub} {
			object, err := hub.Kube.Tracker().Get(leasesResource, "c1", ocm.ManagedClusterLease)
			if err != nil {
				continue
			}
			if renewed := object.(*coordinationv1.Lease).Spec.RenewTime.Time; renewed.After(newest[url]) && renewed.After(newest[w.registeredAt()]) {
				newest[url] = renewed
				w.register(url)
			}
		}
		at := map[string]*testutil.Hub{oldURL: w.old, newURL: w.hub}[w.registeredAt()]
		if !w.down.Load() && kubeconfig.Server(w.secret(ocm.BootstrapSecret)[ocm.KubeconfigKey]) == w.registeredAt() {
			_ = at.Kube.Tracker().Update(leasesResource, testutil.Lease("c1", time.Now()), "c1")
		}
		time.AfterFunc(time.Second, tick)
	}
	tick()
}

// register notes on the managed cluster at which hub its agent is registered.
func (w *world) register(server string) {
	secret := testutil.Secret(ocm.AgentNamespace, ocm.HubSecret, map[string]string{
		ocm.ClusterNameKey: "c1", ocm.AgentNameKey: "agent1",
		ocm.KubeconfigKey: strings.ReplaceAll(string(testutil.Kubeconfig(server, nil, "x")), `token: "x"`, "client-certificate: tls.crt"),
	})
	if err := w.managed.Kube.Tracker().Update(secretsResource, secret, ocm.AgentNamespace); err != nil {
		w.t.Error(err)
	}
}

func (w *world) registeredAt() string {
	object, err := w.managed.Kube.Tracker().Get(secretsResource, ocm.AgentNamespace, ocm.HubSecret)
	if err != nil {
		w.t.Error(err)
		return ""
	}
	return kubeconfig.HubServer(object.(*corev1.Secret).Data[ocm.KubeconfigKey])
}

// undo puts the cluster back, as `undo c1` does.
func (w *world) undo(edits ...func(*reregister.Mover)) (step.Result, string) {
	w.t.Helper()
	mover := w.mover()
	mover.Verify = func(ctx context.Context, endpoint kubeconfig.Endpoint, token, user string) error {
		if endpoint.Server == oldURL {
			return nil // the old hub is alive
		}
		return w.verify(ctx, endpoint, token, user)
	}
	for _, edit := range edits {
		edit(mover)
	}
	return w.make(mover.UndoSteps())
}

func withoutOldHub(m *reregister.Mover) { m.OldHub = nil }

// checkBack: the bootstrap secret is what it was, byte for byte, and the new hub has forgotten the switch.
func (w *world) checkBack() {
	w.t.Helper()
	current := w.secret(ocm.BootstrapSecret)
	delete(current, reregister.PreviousKey)
	if !maps.EqualFunc(current, w.original, bytes.Equal) {
		w.t.Errorf("the bootstrap secret holds %q", current)
	}
	if at := ocm.SwitchedAt(w.agent.Cluster()); !at.IsZero() {
		w.t.Errorf("a switch at %s is still noted", at)
	}
}

func TestUndo(t *testing.T) {
	for _, variant := range variants[:2] {
		t.Run(variant.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newTwoWayWorld(t)
				variant.set(w)
				w.appliesForNewHub(10 * time.Second)
				if result, _ := w.runToTheEnd(); result.Status != step.Done || w.registeredAt() != newURL {
					t.Fatalf("the move: %+v, at %s", result, w.registeredAt())
				}
				result, summary := w.undo()
				if result.Status != step.Done || summary != "opened with Hive" {
					t.Fatalf("got %+v, %q", result, summary)
				}
				w.checkBack()
				if w.registeredAt() != oldURL {
					t.Errorf("the agent is at %s", w.registeredAt())
				}
				if _, fenced := onHub(t, w.old).Annotations[ocm.DisableAutoImportAnnotation]; fenced {
					t.Error("the old hub is still fenced for the cluster")
				}

				changes := w.changes()
				if again, _ := w.undo(); again.Status != step.Skipped {
					t.Errorf("the second time: %+v", again)
				}
				if got := changes(); len(got) > 0 {
					t.Errorf("the second time wrote %q", got)
				}
				if again, _ := w.runToTheEnd(); again.Status != step.Done {
					t.Errorf("the next move: %+v", again)
				}
				w.checkMoved()
			})
		})
	}
}

// The whole secret is what it was, whatever the new hub made of it meanwhile.
func TestUndoRestoresTheWholeSecret(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newTwoWayWorld(t)
		w.moved(t)
		current := w.secret(ocm.BootstrapSecret)
		w.store(ocm.BootstrapSecret, map[string][]byte{ocm.KubeconfigKey: current[ocm.KubeconfigKey], "added": []byte("by the new hub")})
		if result, _ := w.undo(); result.Status != step.Done {
			t.Errorf("got %+v", result)
		}
		w.checkBack()
	})
}

// An agent that never left its old hub has a lease there that is still good when it is down.
func TestUndoWaitsForANewerLease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newTwoWayWorld(t)
		w.moved(t)
		w.down.Store(true)
		result, _ := w.undo()
		if want := "old hub: the agent has not renewed its lease since"; result.Status != step.Failed || result.Step != "return" ||
			!strings.Contains(result.Err.Error(), want) {
			t.Errorf("got %+v, want %q", result, want)
		}
		w.checkBack()
	})
}

func onHub(t *testing.T, hub *testutil.Hub) *clusterv1.ManagedCluster {
	t.Helper()
	return testutil.NewAgent(t, hub, "c1").Cluster()
}

// Without the old hub only the managed cluster can tell, and where it may not either, that is said.
func TestUndoTellsWhatItCouldNotSee(t *testing.T) {
	tests := []struct {
		name    string
		hidden  bool
		summary string
	}{
		{name: "no old hub", summary: "whether the old hub sees it was not looked at"},
		{name: "no old hub, and a credential that may not look", hidden: true, summary: "whether the agent is back cannot be told"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newTwoWayWorld(t)
				if result, _ := w.run(); result.Status != step.Done {
					t.Fatalf("the move: %+v", result)
				}
				if test.hidden {
					w.original = map[string][]byte{ocm.KubeconfigKey: bootstrapOf("c1"), "extra": []byte("kept")}
					w.store(reregister.PreviousSecret, w.original)
					w.hides(ocm.HubSecret)
				}
				result, summary := w.undo(withoutOldHub)
				if result.Status != step.Done || !strings.Contains(summary, test.summary) {
					t.Errorf("got %+v, %q", result, summary)
				}
			})
		})
	}
}

// bootstrapOf is a bootstrap kubeconfig of the old hub whose token tells for which cluster it was made.
func bootstrapOf(cluster string) []byte {
	claims := base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, `{"sub":%q,"kubernetes.io":{"serviceaccount":{"uid":"old"}}}`,
		ocm.BootstrapUser(cluster)))
	return testutil.Kubeconfig(oldURL, []byte("OLD CA"), "h."+claims+".s")
}

// store puts data into a secret of the managed cluster, by somebody else.
func (w *world) store(name string, data map[string][]byte) {
	w.t.Helper()
	secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: ocm.AgentNamespace, Name: name}, Data: data}
	if err := w.managed.Kube.Tracker().Update(secretsResource, secret, ocm.AgentNamespace); err != nil {
		w.t.Error(err)
	}
}

// hides makes one secret of the managed cluster unreadable. The identity is then checked by the bootstrap token.
func (w *world) hides(name string) {
	current := w.secret(ocm.BootstrapSecret)
	account := base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, `{"sub":%q}`, ocm.BootstrapUser("c1")))
	current[ocm.KubeconfigKey] = testutil.Kubeconfig(newURL, []byte("NEW CA"), "h."+account+".s")
	w.store(ocm.BootstrapSecret, current)
	w.managed.Intercept(func(action clienttesting.Action, next testutil.Call) (runtime.Object, error) {
		if get, ok := action.(clienttesting.GetAction); ok && get.GetName() == name {
			return nil, apierrors.NewForbidden(schema.GroupResource{Resource: "secrets"}, name, errors.New("rbac"))
		}
		return next()
	})
}

func TestUndoRefuses(t *testing.T) {
	tests := []struct {
		name  string
		set   func(t *testing.T, w *world)
		mover func(*reregister.Mover)
		want  string
	}{
		{
			name: "a cluster that was not moved",
			want: "nothing to undo: the cluster keeps no previous bootstrap kubeconfig " +
				"(secret open-cluster-management-agent/bootstrap-hub-kubeconfig-previous)",
		},
		{
			name: "a previous one that leads here",
			set: func(t *testing.T, w *world) {
				w.moved(t)
				w.store(reregister.PreviousSecret, map[string][]byte{ocm.KubeconfigKey: testutil.Kubeconfig(newURL, nil, "t")})
			},
			want: "nothing to undo: the previous bootstrap kubeconfig leads to this hub (" + newURL + "), too",
		},
		{
			name: "a previous one that was made for this hub, whatever its URL",
			set: func(t *testing.T, w *world) {
				w.moved(t)
				w.adopt()
				w.store(reregister.PreviousSecret, map[string][]byte{ocm.KubeconfigKey: bootstrapOf("c1")})
			},
			want: "nothing to undo: the previous bootstrap kubeconfig leads to this hub (" + oldURL + "), too",
		},
		{
			name: "a cluster that has gone to a third hub",
			set: func(t *testing.T, w *world) {
				w.moved(t)
				w.store(ocm.BootstrapSecret, map[string][]byte{ocm.KubeconfigKey: testutil.Kubeconfig("https://hub-dr3:6443", nil, "t")})
			},
			want: "the bootstrap kubeconfig of c1 leads to https://hub-dr3:6443, neither to this hub nor to the previous one (" + oldURL + "): " +
				"undo it from there",
		},
		{
			name: "a previous one that nobody may use",
			set: func(t *testing.T, w *world) {
				w.moved(t)
				w.store(reregister.PreviousSecret, map[string][]byte{ocm.KubeconfigKey: []byte("x: [")})
			},
			want: "the previous bootstrap kubeconfig is no way back: kubeconfig is not valid YAML of kind Config",
		},
		{
			name: "a token that the old hub does not take, when the agent has left it",
			set:  func(t *testing.T, w *world) { w.moved(t); w.register(newURL) },
			mover: func(m *reregister.Mover) {
				m.Verify = func(_ context.Context, endpoint kubeconfig.Endpoint, _, _ string) error {
					return &bootstrap.RefusedError{Server: endpoint.Server}
				}
			},
			want: "the old hub at " + oldURL + " does not accept the previous bootstrap token any more, so the agent could not join it again: " +
				"run 'kubectl acmdr reregister c1' with the old hub as the current context",
		},
		{
			name: "workloads that the old hub does not know",
			set: func(t *testing.T, w *world) {
				w.moved(t)
				err := w.old.Dynamic.Tracker().Delete(ocm.ManifestWorkResource, "c1", "w")
				if err != nil {
					t.Fatal(err)
				}
			},
			want: "the work agent would delete what no ManifestWork of the old hub holds, after its eviction grace period: " +
				"configmaps/default/cm (work w); add the ManifestWorks there, or accept the loss with --allow-workload-loss",
		},
		{
			name: "an old hub that does not know the cluster",
			set: func(t *testing.T, w *world) {
				w.moved(t)
				if err := w.old.Dynamic.Tracker().Delete(ocm.ManagedClusterResource, "", "c1"); err != nil {
					t.Fatal(err)
				}
			},
			want: "old hub: managedcluster c1 does not exist on this hub: restore it first",
		},
		{
			name: "an old hub that does not accept the cluster, and not because of a fence",
			set: func(t *testing.T, w *world) {
				w.moved(t)
				cluster := onHub(t, w.old)
				cluster.Spec.HubAcceptsClient = false
				object := testutil.Object(t, ocm.ManagedClusterResource, cluster)
				if err := w.old.Dynamic.Tracker().Update(ocm.ManagedClusterResource, object, ""); err != nil {
					t.Fatal(err)
				}
			},
			want: "the old hub does not accept c1: run 'kubectl acmdr accept c1' with the old hub as the current context",
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newTwoWayWorld(t)
				if test.set != nil {
					test.set(t, w)
				}
				before := w.secret(ocm.BootstrapSecret)
				changes := w.managed.Changes()
				mover := func(*reregister.Mover) {}
				if test.mover != nil {
					mover = test.mover
				}
				result, _ := w.undo(mover)
				if result.Status != step.Failed || result.Err.Error() != test.want {
					t.Errorf("got %+v, want %q", result, test.want)
				}
				if got := changes(); len(got) > 0 || !maps.EqualFunc(before, w.secret(ocm.BootstrapSecret), bytes.Equal) {
					t.Errorf("wrote %q", got)
				}
			})
		})
	}
}

// moved switches the cluster; its agent has knocked at the new hub and is not in yet.
func (w *world) moved(t *testing.T) {
	t.Helper()
	if result, _ := w.run(); result.Status != step.Done {
		t.Fatalf("the move: %+v", result)
	}
}

// adopt has the new hub take the tokens that bootstrapOf makes for its own.
func (w *world) adopt() {
	w.t.Helper()
	accounts := corev1.SchemeGroupVersion.WithResource("serviceaccounts")
	object, err := w.hub.Kube.Tracker().Get(accounts, "c1", "c1-bootstrap-sa")
	if err != nil {
		w.t.Fatal(err)
	}
	account := object.(*corev1.ServiceAccount).DeepCopy()
	account.UID = "old"
	if err := w.hub.Kube.Tracker().Update(accounts, account, "c1"); err != nil {
		w.t.Fatal(err)
	}
}

// TestUndoSurvivesDyingAnywhere: whatever call fails, there is a whole bootstrap kubeconfig of one of the hubs, and the same
// command finishes.
func TestUndoSurvivesDyingAnywhere(t *testing.T) {
	modes := map[string]fault{
		"dies before":      {err: errors.New("killed")},
		"dies after":       {err: errors.New("killed"), late: true},
		"answer lost once": {err: apierrors.NewTimeoutError("lost", 0), once: true, late: true},
	}
	for name, mode := range modes {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for k := 1; ; k++ {
				reached := false
				synctest.Test(t, func(t *testing.T) {
					w := newTwoWayWorld(t)
					w.moved(t)
					f := mode
					f.at = k
					f.install(w)
					first, _ := w.undo()
					if reached = f.calls >= k; !reached {
						return
					}
					if first.Status == step.Done && !f.once {
						t.Errorf("call %d failed and the cluster is back", k)
					}
					f.at = 0
					if second, _ := w.undo(); second.Status != step.Done && second.Status != step.Skipped {
						t.Fatalf("call %d failed, then: %+v", k, second)
					}
					w.checkBack()
				})
				if !reached {
					if t.Logf("%d calls", k-1); k < 15 {
						t.Error("too few calls for an undo")
					}
					return
				}
				if t.Failed() {
					return
				}
			}
		})
	}
}

// A move that an old hub reverts says so, and does not run into its timeout.
func TestMoveThatIsReverted(t *testing.T) {
	ours := func(w *world) []byte {
		w.adopt()
		return bootstrapOf("c1")
	}
	tests := []struct {
		name string
		// times is how often the old hub puts its bootstrap kubeconfig back.
		times  int
		fenced bool
		// with is what it puts there; nil for what was there before.
		with func(*world) []byte
		want string
		// summary is what the move notes when it is done.
		summary string
	}{
		{
			name: "by a hub that is not fenced", times: 1,
			want: "the old hub took the cluster back: its bootstrap kubeconfig leads to " + oldURL + " again; " +
				"fence the old hub with --old-hub-kubeconfig or --old-hub-context, or take it off the network, and run again",
		},
		{
			name: "once more by a hub that is fenced", times: 1, fenced: true,
			summary: "the old hub had put its bootstrap kubeconfig back; this hub's was put in place again (1×)",
		},
		{
			name: "again and again", times: 100, fenced: true,
			want: "something on the managed cluster, or a hub that is not fenced, goes on putting back the bootstrap kubeconfig " +
				"that leads to " + oldURL + ": it was replaced 3 times",
		},
		{name: "by this hub's own import controller", times: 1, with: ours},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newTwoWayWorld(t)
				w.appliesForNewHub(10 * time.Second)
				left := test.times
				w.managed.Intercept(func(action clienttesting.Action, next testutil.Call) (runtime.Object, error) {
					object, err := next()
					if action.GetVerb() == "update" && action.GetResource() == secretsResource && left > 0 {
						left--
						time.AfterFunc(time.Second, func() {
							data := map[string][]byte{ocm.KubeconfigKey: oldBootstrap, "extra": []byte("kept")}
							if test.with != nil {
								data[ocm.KubeconfigKey] = test.with(w)
							}
							w.store(ocm.BootstrapSecret, data)
						})
					}
					return object, err
				})
				if test.with != nil {
					w.agent.Ask(5*time.Second, "c1-by-acm")
				}
				mover := w.mover()
				if !test.fenced {
					mover.OldHub = nil
				}
				result, summary := w.make(append(mover.Steps(), mover.AcceptSteps()...))
				if test.want != "" {
					if result.Status != step.Failed || result.Err.Error() != test.want || result.Elapsed > 30*time.Second {
						t.Errorf("got %+v, want %q", result, test.want)
					}
					return
				}
				if result.Status != step.Done || !strings.Contains(summary, test.summary) {
					t.Errorf("got %+v, %q", result, summary)
				}
			})
		})
	}
}

func TestAbort(t *testing.T) {
	tests := []struct {
		name string
		set  func(w *world)
		step string
		want string
		// back tells that the cluster is where it was.
		back bool
	}{
		{
			name: "the agent does not knock", step: "knock", back: true,
			set: func(w *world) {
				w.managed.Intercept(func(_ clienttesting.Action, next testutil.Call) (runtime.Object, error) {
					object, err := next()
					w.tokens.expire() // so the new hub never sees the agent
					return object, err
				})
			},
			want: "timed out after 1m0s: the agent has not asked this hub for a certificate yet; put back: it is at its old hub again (" + oldURL + ")",
		},
		{
			name: "nothing was written yet", step: "guard",
			set: func(w *world) {
				if err := w.hub.Dynamic.Tracker().Delete(ocm.ManifestWorkResource, "c1", "w"); err != nil {
					w.t.Error(err)
				}
			},
			want: "--allow-workload-loss",
		},
		{
			name: "the write itself is refused", step: "switch",
			set: func(w *world) {
				w.managed.Intercept(func(action clienttesting.Action, next testutil.Call) (runtime.Object, error) {
					if action.GetVerb() == "create" && action.GetResource() == secretsResource {
						return nil, errors.New("quota")
					}
					return next()
				})
			},
			want: "not put back, previous failed: nothing to undo: the cluster keeps no previous bootstrap kubeconfig",
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newTwoWayWorld(t)
				test.set(w)
				mover := w.mover()
				move := &reregister.Move{Name: "c1"}
				failed := step.Run(t.Context(), mover.Accept.Clock, "c1", move, append(mover.Steps(), mover.AcceptSteps()...), nil)
				result := mover.Abort(t.Context(), move, failed, nil)
				if result.Status != step.Failed || result.Step != test.step || !strings.Contains(result.Err.Error(), test.want) {
					t.Errorf("got %+v, want %q", result, test.want)
				}
				putBack := slices.ContainsFunc(result.Steps, func(e step.Event) bool { return e.Step == "put-back" && e.Status == step.Done })
				if putBack != test.back {
					t.Errorf("put back: %t", putBack)
				}
				if test.back {
					w.checkBack()
				}
			})
		})
	}
}

// A move that succeeded is not undone.
func TestAbortLeavesSuccessAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newTwoWayWorld(t)
		mover, move := w.mover(), &reregister.Move{Name: "c1"}
		done := step.Run(t.Context(), mover.Accept.Clock, "c1", move, mover.Steps(), nil)
		if result := mover.Abort(t.Context(), move, done, nil); result.Status != step.Done || len(result.Steps) != len(done.Steps) {
			t.Errorf("got %+v", result)
		}
		w.checkMoved()
	})
}

// The bootstrap secret does not go when a work that applied it is evicted.
func TestSwitchDisownsTheBootstrapSecret(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newTwoWayWorld(t)
		owners := []metav1.OwnerReference{
			{APIVersion: "work.open-cluster-management.io/v1", Kind: "AppliedManifestWork", Name: "oldhash-c1-klusterlet", UID: "u"},
			{APIVersion: "v1", Kind: "ConfigMap", Name: "mine", UID: "v"},
		}
		secret := &corev1.Secret{
			ObjectMeta: metav1.ObjectMeta{Namespace: ocm.AgentNamespace, Name: ocm.BootstrapSecret, OwnerReferences: owners}, Data: w.original,
		}
		if err := w.managed.Kube.Tracker().Update(secretsResource, secret, ocm.AgentNamespace); err != nil {
			t.Fatal(err)
		}
		w.moved(t)
		object, err := w.managed.Kube.Tracker().Get(secretsResource, ocm.AgentNamespace, ocm.BootstrapSecret)
		if err != nil {
			t.Fatal(err)
		}
		if got := object.(*corev1.Secret).OwnerReferences; len(got) != 1 || got[0].Name != "mine" {
			t.Errorf("owners are %v", got)
		}
	})
}

// What a work with deleteOption Orphan applied is no loss, and is not waited for.
func TestOrphansAreNoLoss(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newTwoWayWorld(t)
		w.appliesForNewHub(10 * time.Second)
		orphan := testutil.AppliedManifestWork("oldhash", "c1-klusterlet", agentID,
			testutil.Applied("", "v1", "secrets", ocm.AgentNamespace, ocm.BootstrapSecret))
		live := &unstructured.Unstructured{Object: map[string]any{
			"apiVersion": "v1", "kind": "Secret", "metadata": map[string]any{"namespace": ocm.AgentNamespace, "name": ocm.BootstrapSecret},
		}}
		for resource, object := range map[schema.GroupVersionResource]runtime.Object{
			ocm.AppliedManifestWorkResource: testutil.Object(t, ocm.AppliedManifestWorkResource, orphan), secretsResource: live,
		} {
			if err := w.managed.Dynamic.Tracker().Create(resource, object, object.(metav1.Object).GetNamespace()); err != nil {
				t.Fatal(err)
			}
		}
		if result, _ := w.runToTheEnd(); result.Status != step.Done {
			t.Errorf("got %+v", result)
		}
	})
}
