package ocm_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/acmdr/kubectl-acmdr/pkg/internal/testutil"
	"github.com/acmdr/kubectl-acmdr/pkg/ocm"
)

func TestFindSoftware(t *testing.T) {
	type object map[string]any
	named := func(name string) object { return object{"name": name, "namespace": "x"} }
	hub := testutil.NewHub(t,
		testutil.Object(t, ocm.MultiClusterHubResource, &map[string]any{"metadata": map[string]any(named("hub")), "status": map[string]any{"currentVersion": "2.14.1"}}),
		testutil.Object(t, ocm.SubscriptionResource, &map[string]any{
			"metadata": map[string]any(named("acm")), "spec": map[string]any{"name": "advanced-cluster-management"},
			"status": map[string]any{"installedCSV": "advanced-cluster-management.v2.14.1"},
		}))
	got, err := ocm.FindSoftware(t.Context(), hub.Dynamic)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(ocm.Software{ocm.ACM: "2.14.1", "advanced-cluster-management": "2.14.1"}, got); diff != "" {
		t.Error(diff)
	}
	if got, err := ocm.FindSoftware(t.Context(), testutil.NewHub(t).Dynamic); err != nil || len(got) != 0 {
		t.Errorf("a hub without operators has %v, %v", got, err)
	}
}
