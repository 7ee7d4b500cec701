package reregister_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	clienttesting "k8s.io/client-go/testing"
	"k8s.io/utils/clock"

	"github.com/acmdr/kubectl-acmdr/pkg/internal/testutil"
	"github.com/acmdr/kubectl-acmdr/pkg/ocm"
	"github.com/acmdr/kubectl-acmdr/pkg/reregister"
	"github.com/acmdr/kubectl-acmdr/pkg/step"
)

// variants are the managed clusters that a switch may find.
var variants = []struct {
	name string
	set  func(*world)
}{
	{"admin", func(*world) {}},
	{"narrow credential", (*world).narrow},
	{"no bootstrap secret", (*world).withoutBootstrapSecret},
}

func TestMove(t *testing.T) {
	for _, variant := range variants {
		t.Run(variant.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				variant.set(w)
				result, summary := w.run()
				if result.Status != step.Done || summary != "opened with Hive" {
					t.Fatalf("got %+v, %q", result, summary)
				}
				w.checkMoved()
				if at := ocm.SwitchedAt(w.agent.Cluster()); time.Since(at) > 10*time.Second {
					t.Errorf("switched at %s", at)
				}
				if result.Elapsed > 2*testutil.Knocking {
					t.Errorf("took %s", result.Elapsed)
				}

				changes := w.changes()
				if again, _ := w.run(); again.Status != step.Skipped {
					t.Errorf("the second time: %+v", again)
				}
				if got := changes(); len(got) > 0 {
					t.Errorf("the second time wrote %q", got)
				}
			})
		})
	}
}

// TestMoveWrites pins the writes of a move, and so where each of them goes.
func TestMoveWrites(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		changes := w.changes()
		if result, _ := w.run(); result.Status != step.Done {
			t.Fatalf("got %+v", result)
		}
		const role = "system:open-cluster-management:managedcluster:bootstrap:c1"
		want := []string{
			"hub: create clusterrolebindings " + role,
			"hub: create clusterroles " + role,
			"hub: create namespaces c1",
			"hub: create serviceaccounts c1/c1-bootstrap-sa",
			"hub: create serviceaccounts/token c1/",
			"hub: patch managedclusters c1",
			"managed: create secrets open-cluster-management-agent/bootstrap-hub-kubeconfig-previous",
			"managed: update secrets open-cluster-management-agent/bootstrap-hub-kubeconfig",
			"old: patch managedclusters c1",
		}
		if got := changes(); !slices.Equal(got, want) {
			t.Errorf("wrote\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	})
}

func TestMoveToTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.appliesForNewHub(10 * time.Second)
		result, _ := w.runToTheEnd()
		if result.Status != step.Done {
			t.Fatalf("got %+v", result)
		}
		changes := w.changes()
		if again, _ := w.runToTheEnd(); again.Status != step.Skipped {
			t.Errorf("the second time: %+v", again)
		}
		if got := changes(); len(got) > 0 {
			t.Errorf("the second time wrote %q", got)
		}
	})
}

// appliesForNewHub has the work agent own the workload for the new hub after a while.
func (w *world) appliesForNewHub(after time.Duration) {
	time.AfterFunc(after, func() {
		applied := testutil.AppliedManifestWork(hubHash(newURL), "w", agentID, testutil.Applied("", "v1", "configmaps", "default", "cm"))
		if err := w.managed.Dynamic.Tracker().Add(testutil.Object(w.t, ocm.AppliedManifestWorkResource, applied)); err != nil {
			w.t.Error(err)
		}
	})
}

func TestDryRunWritesNothing(t *testing.T) {
	for _, variant := range variants {
		t.Run(variant.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				variant.set(w)
				mover := w.mover()
				steps := step.DryRun(append(mover.Steps(), mover.AcceptSteps()...))
				changes := w.changes()
				result := step.Run(t.Context(), clock.RealClock{}, "c1", &reregister.Move{Name: "c1"}, steps, nil)
				if result.Status != step.Planned || result.Elapsed > 0 {
					t.Errorf("got %+v", result)
				}
				if got := changes(); len(got) > 0 {
					t.Errorf("wrote %q", got)
				}
				w.checkSafe()
			})
		})
	}
}

// fault makes calls fail from the k-th on, counted over all clusters. Of the same call, which waiting repeats, the first two
// count.
type fault struct {
	at    int
	calls int
	seen  map[string]int
	// late tells that the k-th call is made and its answer lost; once, that later calls are answered again.
	late, once bool
	err        error
}

func (f *fault) install(w *world) {
	f.seen = map[string]int{}
	for place, hub := range map[string]*testutil.Hub{"hub": w.hub, "managed": w.managed, "old": w.old} {
		hub.Intercept(func(action clienttesting.Action, next testutil.Call) (runtime.Object, error) {
			call := place + testutil.Describe(action)
			if f.seen[call]++; f.seen[call] <= 2 {
				f.calls++
			}
			now := f.calls == f.at && f.seen[call] <= 2
			switch {
			case f.at == 0 || f.calls < f.at, f.once && !now:
				return next()
			case f.late && now:
				_, _ = next()
			}
			return nil, f.err
		})
	}
	// Whatever happens, the managed cluster is safe after each of its writes.
	w.managed.Intercept(func(action clienttesting.Action, next testutil.Call) (runtime.Object, error) {
		object, err := next()
		if !testutil.Reads(action) {
			w.checkSafe()
		}
		return object, err
	})
}

// TestMoveSurvivesDyingAnywhere: the process dies at the k-th call, before or after the API has done what it says, or that one
// call fails, for every k. The managed cluster is safe at every moment, and the same command finishes the move.
func TestMoveSurvivesDyingAnywhere(t *testing.T) {
	modes := []struct {
		name string
		fault
	}{
		{"dies before", fault{err: errors.New("killed")}},
		{"dies after", fault{err: errors.New("killed"), late: true}},
		{"fails once", fault{err: apierrors.NewInternalError(errors.New("etcd")), once: true}},
		{"answer lost once", fault{err: apierrors.NewTimeoutError("lost", 0), once: true, late: true}},
	}
	for _, variant := range variants {
		for _, mode := range modes {
			t.Run(variant.name+"/"+mode.name, func(t *testing.T) {
				t.Parallel()
				for k := 1; ; k++ {
					reached := false
					synctest.Test(t, func(t *testing.T) {
						w := newWorld(t)
						variant.set(w)
						w.appliesForNewHub(10 * time.Second)
						f := mode.fault
						f.at = k
						f.install(w)
						first, _ := w.runToTheEnd()
						w.checkSafe()
						if reached = f.calls >= k; !reached {
							return
						}
						if first.Status == step.Done && !mode.once {
							t.Errorf("call %d failed and the move is done", k)
						}
						f.at = 0
						second, _ := w.runToTheEnd()
						if second.Status != step.Done && second.Status != step.Skipped {
							t.Fatalf("call %d failed, then: %+v", k, second)
						}
						w.checkMoved()
						changes := w.changes()
						if third, _ := w.runToTheEnd(); third.Status != step.Skipped || len(changes()) > 0 {
							t.Errorf("call %d failed, then it was done, then: %+v", k, third)
						}
					})
					if !reached {
						if t.Logf("%d calls", k-1); k < 30 {
							t.Error("too few calls for a move")
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
}

// Somebody else writes the bootstrap secret between the GET and the UPDATE.
func TestSwitchConflict(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		conflicts := 2
		w.managed.Intercept(func(action clienttesting.Action, next testutil.Call) (runtime.Object, error) {
			update, ok := action.(clienttesting.UpdateAction)
			if ok && action.GetVerb() == "update" && update.GetObject().(*corev1.Secret).Name == ocm.BootstrapSecret && conflicts > 0 {
				conflicts--
				theirs := &corev1.Secret{Data: map[string][]byte{
					ocm.KubeconfigKey: oldBootstrap, "extra": []byte("kept"), "theirs": fmt.Append(nil, conflicts),
				}}
				theirs.Namespace, theirs.Name = ocm.AgentNamespace, ocm.BootstrapSecret
				if err := w.managed.Kube.Tracker().Update(secretsResource, theirs, ocm.AgentNamespace); err != nil {
					t.Error(err)
				}
				w.original = theirs.Data
				return nil, apierrors.NewConflict(schema.GroupResource{Resource: "secrets"}, ocm.BootstrapSecret, errors.New("modified"))
			}
			return next()
		})
		if result, _ := w.run(); result.Status != step.Done {
			t.Fatalf("got %+v", result)
		}
		w.checkMoved()
		if got := string(w.secret(ocm.BootstrapSecret)["theirs"]); got != "0" {
			t.Errorf("what somebody else wrote is %q", got)
		}
	})
}

func TestSwitchConflictForEver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.managed.Kube.PrependReactor("update", "secrets", func(clienttesting.Action) (bool, runtime.Object, error) {
			return true, nil, apierrors.NewConflict(schema.GroupResource{Resource: "secrets"}, ocm.BootstrapSecret, errors.New("modified"))
		})
		result, _ := w.run()
		if result.Status != step.Failed || result.Step != "switch" || !strings.HasPrefix(result.Err.Error(), "updating secret bootstrap-hub-kubeconfig: ") {
			t.Errorf("got %+v", result)
		}
		w.checkSafe()
	})
}

// Two runs, or an importer, create what the other is about to create: the loser looks again.
func TestSwitchLosesARace(t *testing.T) {
	for _, name := range []string{ocm.BootstrapSecret, reregister.PreviousSecret} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				if name == ocm.BootstrapSecret {
					w.withoutBootstrapSecret()
				}
				lost := false
				w.managed.Intercept(func(action clienttesting.Action, next testutil.Call) (runtime.Object, error) {
					if create, ok := action.(clienttesting.CreateAction); ok && action.GetVerb() == "create" && !lost {
						if secret, ok := create.GetObject().(*corev1.Secret); ok && secret.Name == name {
							lost = true
							theirs := testutil.Secret(ocm.AgentNamespace, name, map[string]string{ocm.KubeconfigKey: string(oldBootstrap), "extra": "kept"})
							if err := w.managed.Kube.Tracker().Add(theirs); err != nil {
								t.Error(err)
							}
							w.original = theirs.Data
						}
					}
					return next()
				})
				if result, _ := w.run(); result.Status != step.Done || !lost {
					t.Fatalf("got %+v", result)
				}
				w.checkMoved()
			})
		})
	}
}

func TestSwitchThatMayNotBeMade(t *testing.T) {
	denied := apierrors.NewForbidden(schema.GroupResource{Resource: "secrets"}, "x", errors.New("rbac"))
	tests := []struct {
		place, verb, resource, step, want string
	}{
		{"managed", "update", "secrets", "switch", "updating secret bootstrap-hub-kubeconfig: "},
		{"hub", "patch", "managedclusters", "switch", "noting the switch on managedcluster c1: "},
		{"hub", "create", "serviceaccounts/token", "mint", "requesting a token of serviceaccount c1/c1-bootstrap-sa: "},
		{"hub", "create", "clusterroles", "prepare", "creating clusterrole "},
		{"hub", "list", "manifestworks", "guard", "listing ManifestWorks of this hub: "},
		{"managed", "list", "klusterlets", "", ""},
	}
	for _, test := range tests {
		t.Run(test.verb+" "+test.resource, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				at := map[string]*testutil.Hub{"hub": w.hub, "managed": w.managed}[test.place]
				at.Intercept(func(action clienttesting.Action, next testutil.Call) (runtime.Object, error) {
					resource := strings.TrimSuffix(action.GetResource().Resource+"/"+action.GetSubresource(), "/")
					if action.GetVerb() == test.verb && resource == test.resource {
						return nil, denied
					}
					return next()
				})
				result, _ := w.run()
				if test.step == "" {
					if result.Status != step.Done {
						t.Errorf("got %+v", result)
					}
					return
				}
				if result.Status != step.Failed || result.Step != test.step || !apierrors.IsForbidden(result.Err) || !strings.HasPrefix(result.Err.Error(), test.want) {
					t.Errorf("got %+v", result)
				}
				if data := w.secret(ocm.BootstrapSecret)[ocm.KubeconfigKey]; string(data) != string(oldBootstrap) {
					t.Errorf("the bootstrap kubeconfig is %q", data)
				}
			})
		})
	}
}

// The way back is to the hub that the cluster left. What leads to this hub is none: neither with a token that has expired, nor
// by a URL of it that did not do.
func TestPreviousIsNeverOfThisHub(t *testing.T) {
	tests := []struct {
		name string
		edit func(*world)
	}{
		{"the token has expired", func(w *world) { w.tokens.expire() }},
		{"another URL", func(w *world) { w.endpoint.Server = "https://outside.example.com" }},
		{"another CA", func(w *world) { w.endpoint.CAData = []byte("ANOTHER CA") }},
		{"a proxy", func(w *world) { w.endpoint.ProxyURL = "http://proxy:3128" }},
	}
	for _, variant := range variants[:2] {
		for _, test := range tests {
			t.Run(variant.name+"/"+test.name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					w := newWorld(t)
					variant.set(w)
					if result, _ := w.run(); result.Status != step.Done {
						t.Fatalf("got %+v", result)
					}
					before := w.secret(ocm.BootstrapSecret)[ocm.KubeconfigKey]
					test.edit(w)
					if result, _ := w.run(); result.Status != step.Done {
						t.Fatalf("got %+v", result)
					}
					if after := w.secret(ocm.BootstrapSecret)[ocm.KubeconfigKey]; string(after) == string(before) {
						t.Error("the bootstrap kubeconfig did not change")
					}
					w.checkMoved()
				})
			})
		}
	}
}

// A cluster that goes on to a third hub keeps the way back to the second.
func TestPreviousFollowsTheMoves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		if result, _ := w.run(); result.Status != step.Done {
			t.Fatalf("got %+v", result)
		}
		w.original = w.secret(ocm.BootstrapSecret)
		w.endpoint.Server, w.endpoint.ClusterName = "https://hub-dr3.example.com:6443", "third-hub-uid"
		if result, _ := w.run(); result.Status != step.Done {
			t.Fatalf("got %+v", result)
		}
		w.checkMoved()
	})
}

func TestKnockTimesOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.managed.Kube.PrependReactor("update", "secrets", func(clienttesting.Action) (bool, runtime.Object, error) {
			w.tokens.expire() // the agent finds it refused
			return false, nil, nil
		})
		result, _ := w.run()
		want := "timed out after 1m0s: the agent has not asked this hub for a certificate yet"
		if result.Status != step.Failed || result.Step != "knock" || result.Err.Error() != want {
			t.Errorf("got %+v", result)
		}
	})
}
