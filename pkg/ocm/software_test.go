package ocm_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime"
	clienttesting "k8s.io/client-go/testing"

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
	if got, err := ocm.FindSoftware(t.Context(), testutil.NewHub(t).Dynamic); err != nil || got == nil || len(got) != 0 {
		t.Errorf("a hub without operators has %v, %v", got, err)
	}
	hub.Dynamic.PrependReactor("list", "*", func(action clienttesting.Action) (bool, runtime.Object, error) {
		return true, nil, apierrors.NewForbidden(action.GetResource().GroupResource(), "", errors.New("rbac"))
	})
	if got, err := ocm.FindSoftware(t.Context(), hub.Dynamic); err != nil || got != nil {
		t.Errorf("what may not be seen is not known to be absent: got %v, %v", got, err)
	}
}
