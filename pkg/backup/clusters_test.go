package backup

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/acmdr/kubectl-acmdr/pkg/internal/testutil"
	"github.com/acmdr/kubectl-acmdr/pkg/ocm"
	"github.com/acmdr/kubectl-acmdr/pkg/velero"
)

// two is a hub with two clusters beside the hub itself.
func two(t *testing.T, more ...*velero.Backup) *testutil.Hub {
	t.Helper()
	hub := fleet(t, testutil.ManagedCluster("managed-two", testutil.Labelled("environment", "prod")),
		testutil.Object(t, velero.LocationResource, location()))
	for _, b := range more {
		if err := hub.Dynamic.Tracker().Add(object(t, b)); err != nil {
			t.Fatal(err)
		}
	}
	return hub
}

func TestPlanOfSomeClusters(t *testing.T) {
	for name, selection := range map[string]ocm.Selection{
		"named":    {Names: []string{"managed-two"}},
		"labelled": {Selector: "environment=prod"},
	} {
		t.Run(name, func(t *testing.T) {
			hub := two(t)
			plan, err := NewPlan(t.Context(), testutil.Instant{}, of(hub), Options{Name: "some", Clusters: &selection})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([]string{"managed-two"}, plan.Clusters); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff([]string{"*"}, plan.Backup.Spec.IncludedNamespaces); diff != "" {
				t.Errorf("a list of names costs one LIST per name and kind: %s", diff)
			}
			if !velero.Selected(plan.Backup.Labels) || !strings.Contains(plan.Policy.Data["policy.yaml"], "managed-two") ||
				strings.Contains(plan.Policy.Data["policy.yaml"], "managed-one") {
				t.Errorf("got %v and %s", plan.Backup.Labels, plan.Policy.Data)
			}
		})
	}
}

// An interrupted backup of some clusters is gone on with by its name, whether or not the clusters are named again; never one of
// another choice.
func TestPlanAttachesToTheSameChoice(t *testing.T) {
	hub := two(t)
	only := func(names ...string) *ocm.Selection { return &ocm.Selection{Names: names} }
	first, err := NewPlan(t.Context(), testutil.Instant{}, of(hub), Options{Name: "some", Clusters: only("managed-two")})
	if err != nil {
		t.Fatal(err)
	}
	if err := first.Start(t.Context(), testutil.Instant{}, of(hub)); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		options  Options
		attached bool
		err      string
	}{
		"same":                  {Options{Name: "some", Clusters: only("managed-two")}, true, ""},
		"same, without a name":  {Options{Clusters: only("managed-two")}, true, ""},
		"whole hub by its name": {Options{Name: "some"}, false, "of other clusters"},
		"others by its name":    {Options{Name: "some", Clusters: only("managed-one")}, false, "of other clusters"},
		"others":                {Options{Clusters: only("managed-one")}, false, ""},
		"whole hub":             {Options{}, false, ""},
		"unknown":               {Options{Clusters: only("managed-nine")}, false, "not found"},
	} {
		t.Run(name, func(t *testing.T) {
			plan, err := NewPlan(t.Context(), testutil.Instant{}, of(hub), test.options)
			if test.err != "" {
				if err == nil || !strings.Contains(err.Error(), test.err) {
					t.Errorf("got %v", err)
				}
				return
			}
			if err != nil || plan.Attached != test.attached {
				t.Fatalf("got %+v, %v", plan, err)
			}
			if diff := cmp.Diff([]string{"managed-two"}, plan.Clusters); plan.Attached && diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestPlanAsksForWhatTheServerCanDo(t *testing.T) {
	some := &ocm.Selection{Names: []string{"managed-two"}}
	for version, test := range map[string]struct {
		clusters *ocm.Selection
		policy   bool
		err      string
	}{
		"v1.18.3":          {policy: true},
		"v1.19.0-rc.1":     {policy: true, clusters: some},
		"main":             {policy: true},
		"v1.18.2":          {},
		"v1.16.2-OADP":     {},
		"v1.18.3-rc.1":     {},
		"v1.18.3-OADP":     {policy: true, clusters: some},
		"v1.18.2 and some": {clusters: some, err: "v1.18.2: some clusters only can be backed up by Velero v1.18.3"},
		"v1.18.1":          {err: "hours on a hub: update it"},
		"v1.10.3":          {err: "v1.11 was the first"},
	} {
		t.Run(version, func(t *testing.T) {
			hub := two(t)
			hub.Version = strings.TrimSuffix(version, " and some")
			plan, err := NewPlan(t.Context(), testutil.Instant{}, of(hub), Options{Clusters: test.clusters})
			if test.err != "" {
				if err == nil || !strings.Contains(err.Error(), test.err) {
					t.Errorf("got %v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if has := plan.Policy != nil; has != test.policy || has != (plan.Backup.Spec.ResourcePolicy != nil) {
				t.Errorf("policy %v, want %v", has, test.policy)
			}
			if err := plan.Start(t.Context(), testutil.Instant{}, of(hub)); err != nil {
				t.Error(err)
			}
		})
	}
}
