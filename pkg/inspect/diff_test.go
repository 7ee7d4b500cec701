package inspect_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/runtime"
	clusterv1 "open-cluster-management.io/api/cluster/v1"

	"github.com/acmdr/kubectl-acmdr/pkg/inspect"
	"github.com/acmdr/kubectl-acmdr/pkg/internal/testutil"
)

func TestCompare(t *testing.T) {
	fleet := func(edit testutil.Edit[clusterv1.ManagedCluster], works ...string) []runtime.Object {
		objects := []runtime.Object{testutil.ManagedCluster("c1", edit), namespace("c1")}
		for _, work := range works {
			objects = append(objects, testutil.ManifestWork(t, "c1", work, testutil.Manifest("v1", "ConfigMap", "default", work)))
		}
		return objects
	}
	tier := func(value string) testutil.Edit[clusterv1.ManagedCluster] { return testutil.Labelled("tier", value) }
	admin := func(until time.Time) runtime.Object {
		return testutil.AdminKubeconfig("c1", "admin", now.Add(-time.Hour), kubeconfig(until))
	}
	before := read(t, slices.Concat(fleet(tier("gold"), "kept", "lost"), cluster("gone"), []runtime.Object{admin(now.Add(time.Hour))})...)
	after := read(t, slices.Concat(fleet(func(c *clusterv1.ManagedCluster) {
		c.Labels["tier"], c.Labels["region"] = "silver", "eu"
		c.Spec.HubAcceptsClient = !c.Spec.HubAcceptsClient
	}, "kept", "made"), cluster("new"), []runtime.Object{admin(now.Add(2 * time.Hour))})...)
	accepted := testutil.ManagedCluster("c1").Spec.HubAcceptsClient
	hub := map[bool]string{true: "hubAcceptsClient: false, was true", false: "hubAcceptsClient: true, was false"}[accepted]
	want := []inspect.Change{
		{Cluster: "c1", Kind: inspect.Changed, Details: []string{
			`label region: "eu" is new`, `label tier: "silver", was "gold"`, hub,
			"credential: secret c1/admin (Hive, until 2026-11-25T06:00:00Z), was secret c1/admin (Hive, until 2026-11-25T05:00:00Z)",
			"work lost: gone", "work made: new",
		}},
		{Cluster: "gone", Kind: inspect.Gone},
		{Cluster: "new", Kind: inspect.Added},
	}
	if diff := cmp.Diff(want, inspect.Compare(before, after)); diff != "" {
		t.Error(diff)
	}
	if got := inspect.Compare(before, before); len(got) > 0 {
		t.Errorf("a backup differs from itself: %v", got)
	}
}
