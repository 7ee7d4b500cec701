package accept_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	certificatesv1 "k8s.io/api/certificates/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	clienttesting "k8s.io/client-go/testing"
	clocktesting "k8s.io/utils/clock/testing"
	clusterv1 "open-cluster-management.io/api/cluster/v1"

	"github.com/acmdr/kubectl-acmdr/pkg/accept"
	"github.com/acmdr/kubectl-acmdr/pkg/internal/testutil"
)

type edit = testutil.Edit[clusterv1.ManagedCluster]

func newHub(t *testing.T, now time.Time, objects ...runtime.Object) (*accept.Hub, *testutil.Hub) {
	t.Helper()
	fake := testutil.NewHub(t, objects...)
	return &accept.Hub{Kube: fake.Kube, Dynamic: fake.Dynamic, Clock: clocktesting.NewFakeClock(now)}, fake
}

func TestMissing(t *testing.T) {
	switched := testutil.Switched(since)
	condition := func(kind string, status metav1.ConditionStatus) edit { return testutil.Condition(kind, status) }
	everySeconds := func(n int32) edit { return func(c *clusterv1.ManagedCluster) { c.Spec.LeaseDurationSeconds = n } }
	const (
		accepted, joined, available = "HubAcceptedManagedCluster", "ManagedClusterJoined", "ManagedClusterConditionAvailable"
		stale                       = "the agent has not renewed its lease since the switch at 2026-01-02T03:04:05Z"
	)
	tests := []struct {
		name    string
		edits   []edit
		renewed time.Time
		now     time.Time
		want    string
	}{
		{name: "back", edits: []edit{switched, testutil.Back}, renewed: since.Add(time.Second), now: since.Add(2 * time.Second)},
		{name: "nothing known", edits: []edit{switched}, now: since, want: "the hub has not accepted it yet"},
		{name: "refused", edits: []edit{switched, condition(accepted, metav1.ConditionFalse)}, now: since, want: "the hub has not accepted it yet"},
		{name: "accepted", edits: []edit{switched, condition(accepted, metav1.ConditionTrue)}, now: since, want: "the agent has not joined yet"},
		{name: "joined", edits: []edit{switched, condition(accepted, metav1.ConditionTrue), condition(joined, metav1.ConditionTrue)}, now: since,
			want: "it is not available yet"},
		{name: "unknown", edits: []edit{
			switched, condition(accepted, metav1.ConditionTrue), condition(joined, metav1.ConditionTrue), condition(available, metav1.ConditionUnknown),
		}, renewed: since.Add(time.Hour), now: since.Add(time.Hour), want: "it is not available yet"},

		{name: "restored conditions and no lease", edits: []edit{switched, testutil.Back}, now: since.Add(time.Hour), want: "the agent has no lease"},
		{name: "restored conditions and a restored lease", edits: []edit{switched, testutil.Back}, renewed: since.Add(-time.Minute),
			now: since.Add(time.Second), want: stale},
		{name: "a lease renewed at the very moment of the switch", edits: []edit{switched, testutil.Back}, renewed: since, now: since, want: stale},
		{name: "stopped", edits: []edit{switched, testutil.Back}, renewed: since.Add(time.Minute), now: since.Add(6*time.Minute + time.Second),
			want: "the agent stopped renewing its lease at 2026-01-02T03:05:05Z"},
		{name: "about to stop", edits: []edit{switched, testutil.Back}, renewed: since.Add(time.Minute), now: since.Add(6 * time.Minute)},
		{name: "stopped, with leases of 5 seconds", edits: []edit{switched, testutil.Back, everySeconds(5)}, renewed: since.Add(time.Minute),
			now: since.Add(time.Minute + 26*time.Second), want: "the agent stopped renewing its lease at "},
		{name: "leases of the default", edits: []edit{switched, testutil.Back, everySeconds(0)}, renewed: since.Add(time.Minute),
			now: since.Add(6 * time.Minute)},
		{name: "stopped, with leases of the default", edits: []edit{switched, testutil.Back, everySeconds(0)}, renewed: since.Add(time.Minute),
			now: since.Add(7 * time.Minute), want: "the agent stopped renewing its lease at "},

		{name: "a skewed clock", edits: []edit{switched, testutil.Back, condition("ManagedClusterConditionClockSynced", metav1.ConditionFalse)},
			renewed: since.Add(time.Hour), now: since.Add(time.Hour),
			want: "its clock differs from the hub's: the agent writes no status until that is mended"},
		{name: "a clock that is right", edits: []edit{switched, testutil.Back, condition("ManagedClusterConditionClockSynced", metav1.ConditionTrue)},
			renewed: since.Add(time.Second), now: since.Add(time.Second)},
		{name: "this machine's clock is behind", edits: []edit{switched, testutil.Back}, renewed: since.Add(time.Minute), now: since.Add(-time.Hour)},

		{name: "never switched, at work", edits: []edit{testutil.Back}, renewed: since, now: since},
		{name: "never switched, no lease", edits: []edit{testutil.Back}, now: since,
			want: "the agent has no lease"},
		{name: "never switched, stopped", edits: []edit{testutil.Back}, renewed: since, now: since.Add(time.Hour),
			want: "the agent stopped renewing its lease at "},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			objects := []runtime.Object{testutil.ManagedCluster("c1", test.edits...)}
			if !test.renewed.IsZero() {
				objects = append(objects, testutil.Lease("c1", test.renewed))
			}
			hub, fake := newHub(t, test.now, objects...)
			signals, err := hub.Observe(t.Context(), "c1")
			if err != nil {
				t.Fatal(err)
			}
			got := signals.Missing(test.now)
			if (test.want == "") != (got == "") || !strings.HasPrefix(got, test.want) {
				t.Errorf("missing %q, want %q", got, test.want)
			}
			if back, err := hub.IsBack(t.Context(), "c1"); err != nil || back != (test.want == "") {
				t.Errorf("back: %t, error %v", back, err)
			}
			if wrote := fake.Writes(); len(wrote) > 0 {
				t.Errorf("observing wrote %q", wrote)
			}
		})
	}
}

func TestObserve(t *testing.T) {
	hub, _ := newHub(t, since, testutil.ManagedCluster("c1", testutil.Switched(since)),
		&coordinationv1.Lease{ObjectMeta: metav1.ObjectMeta{Namespace: "c1", Name: "managed-cluster-lease"}})
	signals, err := hub.Observe(t.Context(), "c1")
	if err != nil || !signals.Since.Equal(since) || !signals.Renewed.IsZero() {
		t.Errorf("got %+v, error %v", signals, err)
	}
	_, err = hub.Observe(t.Context(), "c2")
	if want := "managedcluster c2 does not exist on this hub: restore it first"; err == nil || err.Error() != want {
		t.Errorf("error %v, want %q", err, want)
	}
}

func TestObserveThatMayNotBeRead(t *testing.T) {
	denied := apierrors.NewForbidden(schema.GroupResource{}, "", errors.New("rbac"))
	for resource, want := range map[string]string{
		"managedclusters": "reading managedcluster c1: ", "leases": "reading lease c1/managed-cluster-lease: ",
		"certificatesigningrequests": "listing CSRs of c1: ",
	} {
		hub, fake := newHub(t, since, testutil.ManagedCluster("c1"))
		refuse := func(clienttesting.Action) (bool, runtime.Object, error) { return true, nil, denied }
		fake.Kube.PrependReactor("*", resource, refuse)
		fake.Dynamic.PrependReactor("*", resource, refuse)
		if _, _, err := hub.Knocked(t.Context(), "c1"); !apierrors.IsForbidden(err) || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: error %v", resource, err)
		}
	}
}

func TestRequests(t *testing.T) {
	addOn := func(csr *certificatesv1.CertificateSigningRequest) {
		csr.Labels["open-cluster-management.io/addon-name"] = "a"
	}
	hub, _ := newHub(t, since,
		testutil.CSR(t, "c1", "before", since.Add(-time.Second)),
		testutil.CSR(t, "c1", "first", since),
		testutil.CSR(t, "c1", "third", since.Add(2*time.Second)),
		testutil.CSR(t, "c1", "second", since.Add(time.Second)),
		testutil.CSR(t, "c1", "of-an-add-on", since.Add(time.Second), addOn),
		testutil.CSR(t, "c2", "of-another", since.Add(time.Second)),
	)
	requests, err := hub.Requests(t.Context(), "c1", since)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, request := range requests {
		got = append(got, request.Name)
	}
	if want := []string{"third", "second", "first"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestKnocked(t *testing.T) {
	tests := []struct {
		name    string
		objects []runtime.Object
		want    bool
	}{
		{"no sign", []runtime.Object{testutil.ManagedCluster("c1", testutil.Switched(since))}, false},
		{"a CSR from before the switch", []runtime.Object{
			testutil.ManagedCluster("c1", testutil.Switched(since)), testutil.CSR(t, "c1", "a", since.Add(-time.Minute)),
		}, false},
		{"a CSR", []runtime.Object{testutil.ManagedCluster("c1", testutil.Switched(since)), testutil.CSR(t, "c1", "a", since)}, true},
		{"back, its CSR cleaned up", []runtime.Object{
			testutil.ManagedCluster("c1", testutil.Switched(since), testutil.Back), testutil.Lease("c1", since.Add(time.Second)),
		}, true},
		{"restored conditions", []runtime.Object{
			testutil.ManagedCluster("c1", testutil.Switched(since), testutil.Back), testutil.Lease("c1", since.Add(-time.Second)),
		}, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			hub, _ := newHub(t, since.Add(time.Minute), test.objects...)
			knocked, why, err := hub.Knocked(t.Context(), "c1")
			if err != nil || knocked != test.want || (!knocked && why != "the agent has not asked this hub for a certificate yet") {
				t.Errorf("got %t, %q, error %v", knocked, why, err)
			}
		})
	}
}
