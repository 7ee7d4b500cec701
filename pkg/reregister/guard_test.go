package reregister_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	clienttesting "k8s.io/client-go/testing"
	"k8s.io/utils/clock"
	workv1 "open-cluster-management.io/api/work/v1"

	"github.com/acmdr/kubectl-acmdr/pkg/internal/testutil"
	"github.com/acmdr/kubectl-acmdr/pkg/ocm"
	"github.com/acmdr/kubectl-acmdr/pkg/reregister"
	"github.com/acmdr/kubectl-acmdr/pkg/step"
	"github.com/acmdr/kubectl-acmdr/pkg/workloads"
)

func hubHash(server string) string {
	sum := sha256.Sum256([]byte(server))
	return hex.EncodeToString(sum[:])
}

func TestGuard(t *testing.T) {
	applied := testutil.AppliedManifestWork
	deployment := testutil.Applied("apps", "v1", "deployments", "shop", "web")
	many := []workv1.AppliedManifestResourceMeta{}
	for _, name := range []string{"a", "b", "c", "d", "e", "f", "g"} {
		many = append(many, testutil.Applied("", "v1", "secrets", "shop", name))
	}
	tests := []struct {
		name string
		// applied is on the managed cluster beside the work w, which this hub holds; works are on this hub.
		applied []runtime.Object
		works   []runtime.Object
		options reregister.Options
		// lost is what the refusal names; empty for none. note is what the summary says.
		lost, note string
	}{
		{name: "every work is held"},
		{name: "a work is missing", applied: []runtime.Object{applied("oldhash", "web", agentID, deployment)},
			lost: "deployments.apps/shop/web (work web)"},
		{name: "a work of the same name that holds something else", applied: []runtime.Object{applied("oldhash", "web", agentID, deployment)},
			works: []runtime.Object{testutil.ManifestWork(t, "c1", "web", testutil.Manifest("apps/v1", "Deployment", "shop", "api"))},
			lost:  "deployments.apps/shop/web (work web)"},
		{name: "held by a work of another name", applied: []runtime.Object{applied("oldhash", "web", agentID, deployment)},
			works: []runtime.Object{testutil.ManifestWork(t, "c1", "shop", testutil.Manifest("apps/v1", "Deployment", "shop", "web"))}},
		{name: "held in another version of its group", applied: []runtime.Object{applied("oldhash", "web", agentID, deployment)},
			works: []runtime.Object{testutil.ManifestWork(t, "c1", "web", testutil.Manifest("apps/v1beta2", "Deployment", "shop", "web"))}},
		{name: "another namespace", applied: []runtime.Object{applied("oldhash", "web", agentID, deployment)},
			works: []runtime.Object{testutil.ManifestWork(t, "c1", "web", testutil.Manifest("apps/v1", "Deployment", "other", "web"))},
			lost:  "deployments.apps/shop/web (work web)"},
		{name: "another group", applied: []runtime.Object{applied("oldhash", "web", agentID, deployment)},
			works: []runtime.Object{testutil.ManifestWork(t, "c1", "web", testutil.Manifest("extensions/v1beta1", "Deployment", "shop", "web"))},
			lost:  "deployments.apps/shop/web (work web)"},
		{name: "a work of another cluster", applied: []runtime.Object{applied("oldhash", "web", agentID, deployment)},
			works: []runtime.Object{testutil.ManifestWork(t, "c2", "web", testutil.Manifest("apps/v1", "Deployment", "shop", "web"))},
			lost:  "deployments.apps/shop/web (work web)"},
		{name: "kinds of which the plural is not only an s", applied: []runtime.Object{applied("oldhash", "net", agentID,
			testutil.Applied("networking.k8s.io", "v1", "ingresses", "shop", "i"), testutil.Applied("networking.k8s.io", "v1", "networkpolicies", "shop", "p"),
			testutil.Applied("", "v1", "endpoints", "shop", "e"), testutil.Applied("gateway.networking.k8s.io", "v1", "gateways", "shop", "g"),
			testutil.Applied("", "v1", "namespaces", "", "shop"), testutil.Applied("storage.k8s.io", "v1", "storageclasses", "", "s"),
		)}, works: []runtime.Object{testutil.ManifestWork(t, "c1", "net",
			testutil.Manifest("networking.k8s.io/v1", "Ingress", "shop", "i"), testutil.Manifest("networking.k8s.io/v1", "NetworkPolicy", "shop", "p"),
			testutil.Manifest("v1", "Endpoints", "shop", "e"), testutil.Manifest("gateway.networking.k8s.io/v1", "Gateway", "shop", "g"),
			testutil.Manifest("v1", "Namespace", "", "shop"), testutil.Manifest("storage.k8s.io/v1", "StorageClass", "", "s"),
		)}},
		{name: "a work whose manifest cannot be read", applied: []runtime.Object{applied("oldhash", "web", agentID, deployment)},
			works: []runtime.Object{testutil.ManifestWork(t, "c1", "web", "a string")}, lost: "deployments.apps/shop/web (work web)"},
		{name: "a work that applied nothing", applied: []runtime.Object{applied("oldhash", "web", agentID)}},
		{name: "of another agent", applied: []runtime.Object{applied("oldhash", "web", "another-agent", deployment)}},
		{name: "cluster-scoped", applied: []runtime.Object{applied("oldhash", "ns", agentID, testutil.Applied("", "v1", "namespaces", "", "shop"))},
			lost: "namespaces/shop (work ns)"},
		{name: "many", applied: []runtime.Object{applied("oldhash", "s", agentID, many...)},
			lost: "secrets/shop/a (work s), secrets/shop/b (work s), secrets/shop/c (work s), secrets/shop/d (work s), secrets/shop/e (work s), and 2 more"},
		{name: "the loss is allowed", applied: []runtime.Object{applied("oldhash", "web", agentID, deployment)},
			options: reregister.Options{AllowWorkloadLoss: true},
			note:    "opened with Hive; will be deleted after the eviction grace period: deployments.apps/shop/web (work web)"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, test.applied...)
				w.options.AllowWorkloadLoss = test.options.AllowWorkloadLoss
				for _, work := range test.works {
					object := testutil.Object(t, ocm.ManifestWorkResource, work)
					if err := w.hub.Dynamic.Tracker().Add(object); err != nil {
						t.Fatal(err)
					}
				}
				changes := w.changes()
				result, summary := w.run()
				if test.lost == "" {
					if result.Status != step.Done || (test.note != "" && summary != test.note) {
						t.Errorf("got %+v, %q", result, summary)
					}
					return
				}
				if result.Status != step.Failed || result.Step != "guard" || !strings.Contains(result.Err.Error(), ": "+test.lost+"; ") ||
					!strings.Contains(result.Err.Error(), "--allow-workload-loss") {
					t.Errorf("got %+v", result)
				}
				if got := changes(); len(got) > 0 {
					t.Errorf("wrote %q", got)
				}
			})
		})
	}
}

// When no AppliedManifestWork carries this agent's ID, none is taken for another's.
func TestGuardWhenTheAgentIsNotKnown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		if err := w.managed.Dynamic.Tracker().Delete(ocm.AppliedManifestWorkResource, "", "oldhash-w"); err != nil {
			t.Fatal(err)
		}
		other := testutil.AppliedManifestWork("oldhash", "web", "hub-hash-as-agent", testutil.Applied("apps", "v1", "deployments", "shop", "web"))
		if err := w.managed.Dynamic.Tracker().Add(testutil.Object(t, ocm.AppliedManifestWorkResource, other)); err != nil {
			t.Fatal(err)
		}
		if result, _ := w.run(); result.Status != step.Failed || result.Step != "guard" {
			t.Errorf("got %+v", result)
		}
	})
}

func TestGuardThatCannotLook(t *testing.T) {
	resource := schema.GroupResource{Resource: "appliedmanifestworks"}
	tests := []struct {
		name string
		err  error
		step string
		note string
	}{
		{"no work agent", apierrors.NewNotFound(resource, ""), "", "opened with Hive"},
		{"may not list", apierrors.NewForbidden(resource, "", errors.New("rbac")), "",
			"opened with Hive; workloads were not checked: the credential may not list AppliedManifestWorks"},
		{"does not answer", apierrors.NewInternalError(errors.New("etcd")), "guard", "opened with Hive"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				w.managed.Dynamic.PrependReactor("list", "appliedmanifestworks", func(clienttesting.Action) (bool, runtime.Object, error) {
					return true, nil, test.err
				})
				result, summary := w.run()
				if result.Step != test.step || summary != test.note {
					t.Errorf("got %+v, %q", result, summary)
				}
			})
		})
	}
}

// What runs is newer than the backup: the operator is told that it will be rolled back.
func TestGuardTellsWhatWillChange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.managed.Dynamic.PrependReactor("get", "configmaps", func(clienttesting.Action) (bool, runtime.Object, error) {
			live := testutil.Manifest("v1", "ConfigMap", "default", "cm")
			live["data"] = map[string]any{"version": "2"}
			return true, custom(live), nil
		})
		object, err := w.hub.Dynamic.Tracker().Get(ocm.ManifestWorkResource, "c1", "w")
		if err != nil || object == nil {
			t.Fatal(err)
		}
		backedUp := testutil.Manifest("v1", "ConfigMap", "default", "cm")
		backedUp["data"] = map[string]any{"version": "1"}
		older := testutil.Object(t, ocm.ManifestWorkResource, testutil.ManifestWork(t, "c1", "w", backedUp))
		if err := w.hub.Dynamic.Tracker().Update(ocm.ManifestWorkResource, older, "c1"); err != nil {
			t.Fatal(err)
		}
		result, summary := w.run()
		if want := "opened with Hive; will be changed to what this hub's works hold: configmaps/default/cm"; result.Status != step.Done || summary != want {
			t.Errorf("got %+v, %q", result, summary)
		}
	})
}

// An agent that evicts nothing costs nothing, and the last line says so.
func TestGuardOfAHeldCluster(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		deployment := testutil.Applied("apps", "v1", "deployments", "shop", "web")
		w := newWorld(t, testutil.AppliedManifestWork("oldhash", "web", agentID, deployment))
		w.graceIs("876000h0m0s")
		mover, move := w.mover(), &reregister.Move{Name: "c1"}
		result := step.Run(t.Context(), clock.RealClock{}, "c1", move, mover.Steps(), nil)
		if result.Status != step.Done || !strings.Contains(move.Summary(), workloads.HowToLift) || move.Deadline() != "evictions are held" {
			t.Errorf("got %+v, %q, %q", result, move.Summary(), move.Deadline())
		}
	})
}

// graceIs sets the grace period in the Klusterlet.
func (w *world) graceIs(grace string) {
	w.t.Helper()
	patch := map[string]any{"spec": map[string]any{"workConfiguration": map[string]any{"appliedManifestWorkEvictionGracePeriod": grace}}}
	if err := ocm.Klusterlets(w.managed.Dynamic).MergePatch(w.t.Context(), "klusterlet", patch); err != nil {
		w.t.Fatal(err)
	}
}

// The clock is watched until the agent has begun what was let go, and then told.
func TestDeadlines(t *testing.T) {
	tests := []struct {
		name string
		// begins is when the agent begins the eviction after the start; zero for never.
		begins time.Duration
		want   string
		took   time.Duration
	}{
		{"begun", 20 * time.Second, "deployments.apps/shop/web (work web) deleted at 2000-01-01T00:05:20Z", 20 * time.Second},
		{"an agent without evictions", 0, "deployments.apps/shop/web (work web) deleted 5m after its work agent connects to this hub", 30 * time.Second},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				deployment := testutil.Applied("apps", "v1", "deployments", "shop", "web")
				w := newWorld(t, testutil.AppliedManifestWork("oldhash", "web", agentID, deployment))
				w.options.AllowWorkloadLoss = true
				w.graceIs("5m")
				w.appliesForNewHub(10 * time.Second)
				if test.begins > 0 {
					time.AfterFunc(test.begins, func() {
						status := map[string]any{"status": map[string]any{"evictionStartTime": time.Now().UTC().Format(time.RFC3339)}}
						if err := ocm.AppliedManifestWorks(w.managed.Dynamic).MergePatch(context.Background(), "oldhash-web", status); err != nil {
							t.Error(err)
						}
					})
				}
				mover, move := w.mover(), &reregister.Move{Name: "c1"}
				result := step.Run(t.Context(), clock.RealClock{}, "c1", move, append(mover.Steps(), mover.AcceptSteps()...), nil)
				if result.Status != step.Done || move.Deadline() != test.want || result.Elapsed.Round(10*time.Second) < test.took {
					t.Errorf("got %+v, %q", result, move.Deadline())
				}
			})
		})
	}
}
