package accept_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	certificatesv1 "k8s.io/api/certificates/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	clienttesting "k8s.io/client-go/testing"
	"k8s.io/utils/clock"
	clusterv1 "open-cluster-management.io/api/cluster/v1"

	"github.com/acmdr/kubectl-acmdr/pkg/accept"
	"github.com/acmdr/kubectl-acmdr/pkg/internal/testutil"
	"github.com/acmdr/kubectl-acmdr/pkg/step"
)

const timeout = time.Minute

// world is a hub with its controllers and the agent of one cluster, in the time of a synctest bubble.
type world struct {
	*testutil.Agent
	t    *testing.T
	fake *testutil.Hub
	hub  *accept.Hub
}

// newWorld: the cluster was switched to the hub now.
func newWorld(t *testing.T, edits ...edit) *world {
	t.Helper()
	edits = append([]edit{testutil.Switched(time.Now()), func(c *clusterv1.ManagedCluster) { c.Spec.HubAcceptsClient = false }}, edits...)
	fake := testutil.NewHub(t, testutil.ManagedCluster("c1", edits...))
	return &world{
		Agent: testutil.NewAgent(t, fake, "c1"), t: t, fake: fake,
		hub: &accept.Hub{Kube: fake.Kube, Dynamic: fake.Dynamic, Clock: clock.RealClock{}},
	}
}

func (w *world) csr(name string) *certificatesv1.CertificateSigningRequest {
	csr, err := w.fake.Kube.CertificatesV1().CertificateSigningRequests().Get(w.t.Context(), name, metav1.GetOptions{})
	if err != nil {
		w.t.Fatal(err)
	}
	return csr
}

func (w *world) run() step.Result {
	return step.Run(w.t.Context(), clock.RealClock{}, "c1", "c1", w.hub.Steps(timeout), nil)
}

func TestAccept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.Ask(3*time.Second, "c1-abcde")
		changes := w.fake.Changes()
		result := w.run()
		if result.Status != step.Done {
			t.Fatalf("got %+v", result)
		}
		want := []string{"update certificatesigningrequests/approval c1-abcde", "patch managedclusters c1"}
		if got := changes(); !slices.Equal(got, want) {
			t.Errorf("wrote %q, want %q", got, want)
		}
		approval := w.csr("c1-abcde").Status.Conditions
		if len(approval) != 1 || approval[0].Type != certificatesv1.CertificateApproved || approval[0].Reason != "ApprovedByKubectlAcmdr" {
			t.Errorf("verdict %+v", approval)
		}
		if result.Elapsed > 3*time.Second+testutil.Signing+2*testutil.Joining {
			t.Errorf("took %s", result.Elapsed)
		}
		if again := w.run(); again.Status != step.Skipped {
			t.Errorf("the second time: %+v", again)
		}
		if got := changes(); len(got) > 0 {
			t.Errorf("the second time wrote %q", got)
		}
	})
}

// On ACM the import controller approves, and a ManagedCluster is restored with the acceptance that it had.
func TestAcceptWhatIsApprovedAndAccepted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, func(c *clusterv1.ManagedCluster) { c.Spec.HubAcceptsClient = true })
		w.Ask(time.Second, "c1-abcde", testutil.Decision(certificatesv1.CertificateApproved))
		time.AfterFunc(2*time.Second, func() { w.Sign("c1-abcde") })
		changes := w.fake.Changes()
		if result := w.run(); result.Status != step.Done {
			t.Fatalf("got %+v", result)
		}
		if got := changes(); len(got) > 0 {
			t.Errorf("wrote %q", got)
		}
	})
}

// A restarted agent forgets its key: only its newest request is of use.
func TestAcceptApprovesTheNewest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.Ask(time.Second, "c1-first")
		w.Ask(2*time.Second, "c1-second")
		time.Sleep(3 * time.Second)
		changes := w.fake.Changes()
		if result := w.run(); result.Status != step.Done {
			t.Fatalf("got %+v", result)
		}
		if got := changes(); !slices.Contains(got, "update certificatesigningrequests/approval c1-second") || len(got) != 2 {
			t.Errorf("wrote %q", got)
		}
	})
}

// A request that does not belong to the switch is never approved, however long it takes.
func TestAcceptRefuses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.Ask(time.Second, "c1-evil", subject(t, ocmPrefix+"c1:agent1", ocmPrefix+"c1", "system:masters"))
		changes := w.fake.Changes()
		result := w.run()
		if result.Status != step.Failed || result.Step != "approve" || result.Elapsed != timeout ||
			!strings.Contains(result.Err.Error(), "CSR c1-evil refused: organizations ") {
			t.Errorf("got %+v", result)
		}
		if got := changes(); len(got) > 0 {
			t.Errorf("wrote %q", got)
		}
	})
}

func TestAcceptPassesOverARefusedRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.Ask(time.Second, "c1-good")
		w.Ask(2*time.Second, "c1-renewal", requester(ocmPrefix+"c1:agent1"))
		time.Sleep(3 * time.Second)
		if result := w.run(); result.Status != step.Done {
			t.Fatalf("got %+v", result)
		}
		if verdict := w.csr("c1-renewal").Status.Conditions; len(verdict) > 0 {
			t.Errorf("verdict %+v", verdict)
		}
	})
}

func TestAcceptWaits(t *testing.T) {
	verdict := func(kind certificatesv1.RequestConditionType, status string) csrEdit {
		return func(csr *certificatesv1.CertificateSigningRequest) {
			testutil.Decision(kind)(csr)
			csr.Status.Conditions[0].Status = "True"
			if status != "" {
				csr.Status.Conditions[0].Status = "False"
			}
		}
	}
	tests := []struct {
		name string
		edit csrEdit
		step string
		want string
		// waits tells that the whole timeout is waited.
		waits bool
	}{
		{name: "denied", edit: verdict(certificatesv1.CertificateDenied, ""), step: "approve",
			want: "CSR c1-abcde was denied: delete it to let the agent ask again"},
		{name: "failed", edit: verdict(certificatesv1.CertificateFailed, ""), step: "approve", want: "CSR c1-abcde was denied: "},
		{name: "nobody signs", edit: verdict(certificatesv1.CertificateApproved, ""), step: "approve", waits: true,
			want: "timed out after 1m0s: CSR c1-abcde is approved and not signed yet: does the hub's controller manager sign?"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				w.Ask(time.Second, "c1-abcde", test.edit)
				result := w.run()
				if result.Status != step.Failed || result.Step != test.step || !strings.HasPrefix(result.Err.Error(), test.want) {
					t.Errorf("got %+v", result)
				}
				if waited := result.Elapsed == timeout; waited != test.waits {
					t.Errorf("took %s", result.Elapsed)
				}
			})
		})
	}
	t.Run("a verdict that was taken back", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t)
			w.Ask(time.Second, "c1-abcde", verdict(certificatesv1.CertificateDenied, "False"))
			if result := w.run(); result.Status != step.Done {
				t.Errorf("got %+v", result)
			}
		})
	})
	t.Run("no agent", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t)
			result := w.run()
			if want := "timed out after 1m0s: the agent has not asked this hub for a certificate yet"; result.Err == nil || result.Err.Error() != want {
				t.Errorf("got %+v", result)
			}
		})
	})
	t.Run("an agent that never joins", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t)
			w.Add(testutil.CSR(t, "c1", "c1-abcde", time.Now(), testutil.Decision(certificatesv1.CertificateApproved), testutil.Issued))
			result := w.run()
			if result.Status != step.Failed || result.Step != "join" || result.Err.Error() != "timed out after 1m0s: the hub has not accepted it yet" {
				t.Errorf("got %+v", result)
			}
		})
	})
	t.Run("a hub that denies the cluster", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, testutil.Condition(clusterv1.ManagedClusterConditionHubDenied, metav1.ConditionTrue))
			w.Ask(time.Second, "c1-abcde")
			if result := w.run(); result.Status != step.Failed || result.Err.Error() != "the hub denied managedcluster c1" {
				t.Errorf("got %+v", result)
			}
		})
	})
}

// The hub is restarted, overloaded, and somebody else writes the same CSR, while accept waits: it goes on.
func TestAcceptThroughTrouble(t *testing.T) {
	resource := schema.GroupResource{Resource: "certificatesigningrequests"}
	troubles := []error{
		apierrors.NewTooManyRequests("slow down", 1), apierrors.NewInternalError(errors.New("etcd")),
		apierrors.NewConflict(resource, "c1-abcde", errors.New("modified")), apierrors.NewServiceUnavailable("starting"),
	}
	for _, verb := range []string{"list certificatesigningrequests", "update certificatesigningrequests", "get leases"} {
		t.Run(verb, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				w.Ask(time.Second, "c1-abcde")
				// The first look of the first step decides whether there is anything to wait for.
				calls := -1
				if strings.HasPrefix(verb, "update") {
					calls = 0
				}
				w.fake.Intercept(func(action clienttesting.Action, next testutil.Call) (runtime.Object, error) {
					if action.GetVerb()+" "+action.GetResource().Resource == verb {
						if calls++; calls > 0 && calls <= len(troubles) {
							return nil, troubles[calls-1]
						}
					}
					return next()
				})
				if result := w.run(); result.Status != step.Done {
					t.Errorf("got %+v", result)
				}
				if calls <= len(troubles) {
					t.Errorf("only %d calls", calls)
				}
			})
		})
	}
}

func TestAcceptForbidden(t *testing.T) {
	denied := apierrors.NewForbidden(schema.GroupResource{}, "", errors.New("rbac"))
	for verb, want := range map[string]string{
		"update certificatesigningrequests": "approving CSR c1-abcde: ", "patch managedclusters": "accepting managedcluster c1: ",
		"list certificatesigningrequests": "listing CSRs of c1: ",
	} {
		t.Run(verb, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				w.Ask(time.Second, "c1-abcde")
				w.fake.Intercept(func(action clienttesting.Action, next testutil.Call) (runtime.Object, error) {
					if action.GetVerb()+" "+action.GetResource().Resource == verb {
						return nil, denied
					}
					return next()
				})
				result := w.run()
				if result.Status != step.Failed || !apierrors.IsForbidden(result.Err) || !strings.HasPrefix(result.Err.Error(), want) || result.Elapsed == timeout {
					t.Errorf("got %+v", result)
				}
			})
		})
	}
}

func TestAcceptDryRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.Add(testutil.CSR(t, "c1", "c1-abcde", time.Now()))
		changes := w.fake.Changes()
		result := step.Run(t.Context(), clock.RealClock{}, "c1", "c1", step.DryRun(w.hub.Steps(timeout)), nil)
		if result.Status != step.Planned || result.Elapsed != 0 {
			t.Errorf("got %+v", result)
		}
		if got := changes(); len(got) > 0 {
			t.Errorf("wrote %q", got)
		}
	})
}
