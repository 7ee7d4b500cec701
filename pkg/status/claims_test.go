package status

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/runtime"
	clusterv1 "open-cluster-management.io/api/cluster/v1"

	"github.com/acmdr/kubectl-acmdr/pkg/accept"
	"github.com/acmdr/kubectl-acmdr/pkg/internal/testutil"
)

func TestClaim(t *testing.T) {
	now := time.Now()
	ago := func(d time.Duration) time.Time { return now.Add(-d) }
	tests := []struct {
		name                        string
		hereRenewed, thereRenewed   time.Time
		hereSwitched, thereSwitched time.Time
		want                        string
		wantSince                   time.Time
	}{
		{name: "moved long ago", hereRenewed: ago(10 * time.Second), hereSwitched: ago(time.Hour), thereRenewed: ago(time.Hour),
			want: atThis, wantSince: ago(10 * time.Second)},
		{name: "moved just now: the lease there has not run out", hereRenewed: ago(time.Second), hereSwitched: ago(20 * time.Second),
			thereRenewed: ago(25 * time.Second), want: atThis, wantSince: ago(time.Second)},
		{name: "the same, looked at from the other hub", thereRenewed: ago(time.Second), thereSwitched: ago(20 * time.Second),
			hereRenewed: ago(25 * time.Second), want: atOther, wantSince: ago(time.Second)},
		{name: "undone: no switch is noted", thereRenewed: ago(time.Second), hereRenewed: ago(3 * time.Minute),
			want: atOther, wantSince: ago(time.Second)},
		{name: "taken back after the switch", hereRenewed: ago(2 * time.Minute), hereSwitched: ago(4 * time.Minute),
			thereRenewed: ago(30 * time.Second), want: atBoth, wantSince: ago(2 * time.Minute)},
		{name: "taken back long after", hereRenewed: ago(4 * time.Minute), hereSwitched: ago(time.Hour),
			thereRenewed: ago(30 * time.Second), want: atOther, wantSince: ago(30 * time.Second)},
		{name: "two clusters of one name", hereRenewed: ago(5 * time.Second), thereRenewed: ago(50 * time.Second),
			want: atBoth, wantSince: ago(5 * time.Second)},
		{name: "down", hereRenewed: ago(time.Hour), thereRenewed: ago(2 * time.Hour), want: atNone, wantSince: ago(time.Hour)},
		{name: "never anywhere", want: atNone},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			cluster := testutil.ManagedCluster("c1")
			here := &accept.Signals{Cluster: cluster, Since: test.hereSwitched, Renewed: test.hereRenewed}
			there := &accept.Signals{Cluster: cluster, Since: test.thereSwitched, Renewed: test.thereRenewed}
			item := claim(here, there, "https://other", now)
			if item.Status != test.want || !item.Since.Equal(test.wantSince) || item.Name != "c1" {
				t.Errorf("got %+v, want %s since %s", item, test.want, test.wantSince)
			}
		})
	}
}

func TestClaimedNamesWhatBothHubsAccept(t *testing.T) {
	now := time.Now()
	denied := func(c *clusterv1.ManagedCluster) { c.Spec.HubAcceptsClient = false }
	here := testutil.NewHub(t,
		testutil.ManagedCluster("moved", testutil.Back, testutil.Switched(now.Add(-time.Hour))), testutil.Lease("moved", now),
		testutil.ManagedCluster("lost", testutil.Back), testutil.Lease("lost", now.Add(-time.Hour)),
		testutil.ManagedCluster("mine", testutil.Back), testutil.Lease("mine", now),
		testutil.ManagedCluster("fenced", testutil.Back), testutil.Lease("fenced", now),
		testutil.ManagedCluster("local-cluster", testutil.Back), testutil.Lease("local-cluster", now),
	)
	there := testutil.NewHub(t,
		testutil.ManagedCluster("moved", testutil.Back), testutil.Lease("moved", now.Add(-2*time.Hour)),
		testutil.ManagedCluster("lost", testutil.Back), testutil.Lease("lost", now.Add(-time.Hour)),
		testutil.ManagedCluster("fenced", testutil.Back, denied), testutil.Lease("fenced", now),
		testutil.ManagedCluster("local-cluster", testutil.Back), testutil.Lease("local-cluster", now),
	)
	items, err := claimed(t.Context(), Hub{
		Kube: here.Kube, Dynamic: here.Dynamic, Other: &Other{Server: "https://other", Kube: there.Kube, Dynamic: there.Dynamic},
	})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, item := range items {
		got = append(got, item.Component+" "+item.Name+" "+item.Status)
	}
	want := []string{"other hub https://other Reachable", "claimed lost AtNone", "claimed moved AtThis"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestClaimedCountsWhatItDoesNotName(t *testing.T) {
	var clusters []runtime.Object
	for i := range maxClaimed + 7 {
		clusters = append(clusters, testutil.ManagedCluster(fmt.Sprintf("c%03d", i), testutil.Back))
	}
	here, there := testutil.NewHub(t, clusters...), testutil.NewHub(t, clusters...)
	items, err := claimed(t.Context(), Hub{
		Kube: here.Kube, Dynamic: here.Dynamic, Other: &Other{Kube: there.Kube, Dynamic: there.Dynamic},
	})
	if err != nil || len(items) != maxClaimed+2 || items[maxClaimed+1].Name != "7 more" {
		t.Errorf("%d items, the last one %+v, %v", len(items), items[len(items)-1], err)
	}
}

func TestClaimedOnAHubThatDoesNotAnswer(t *testing.T) {
	items, err := claimed(t.Context(), Hub{Other: &Other{Server: "https://other", Err: errors.New("cannot reach https://other: refused")}})
	if err != nil || len(items) != 1 || items[0].Status != "Unreachable" || !strings.Contains(items[0].Detail, "refused") {
		t.Errorf("got %+v, %v", items, err)
	}
}
