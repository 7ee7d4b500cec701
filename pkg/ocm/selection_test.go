package ocm_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/runtime"
	clienttesting "k8s.io/client-go/testing"

	"github.com/acmdr/kubectl-acmdr/pkg/internal/testutil"
	"github.com/acmdr/kubectl-acmdr/pkg/ocm"
)

func TestSelection(t *testing.T) {
	hub := testutil.NewHub(t,
		testutil.ManagedCluster("c2", testutil.Labelled("env", "prod")),
		testutil.ManagedCluster("c1", testutil.Labelled("env", "prod")),
		testutil.ManagedCluster("c3", testutil.Labelled("env", "test")),
		testutil.ManagedCluster("local-cluster", testutil.Labelled("env", "prod")),
		testutil.ManagedCluster("this-hub", testutil.Labelled("local-cluster", "true")),
	)
	tests := []struct {
		name      string
		selection ocm.Selection
		want      string
		err       string
	}{
		{name: "all, but the hub itself", want: "c1 c2 c3"},
		{name: "by label", selection: ocm.Selection{Selector: "env=prod"}, want: "c1 c2"},
		{name: "by name, sorted", selection: ocm.Selection{Names: []string{"c3", "c1"}}, want: "c1 c3"},
		{name: "named twice", selection: ocm.Selection{Names: []string{"c3", "c1", "c3"}}, want: "c1 c3"},
		{name: "no such label", selection: ocm.Selection{Selector: "env=none"}, err: "no managed cluster of this hub is selected"},
		{name: "only the hub has the label", selection: ocm.Selection{Selector: "local-cluster=true"},
			err: "no managed cluster of this hub is selected"},
		{name: "no such clusters", selection: ocm.Selection{Names: []string{"c9", "c1", "c8"}},
			err: "managed cluster not found on this hub: c8, c9; restore it first, or see 'kubectl acmdr get clusters'"},
		{name: "the hub by its usual name", selection: ocm.Selection{Names: []string{"c1", "local-cluster"}},
			err: "local-cluster is the hub itself and is never backed up or moved"},
		{name: "the hub by its label", selection: ocm.Selection{Names: []string{"this-hub"}}, err: "this-hub is the hub itself and is never backed up or moved"},
		{name: "bad selector", selection: ocm.Selection{Selector: "env in prod"}, err: `label selector "env in prod": `},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := test.selection.Find(t.Context(), hub.Dynamic)
			if test.err != "" {
				if err == nil || !strings.HasPrefix(err.Error(), test.err) || got != nil {
					t.Errorf("got %v, error %v, want %q", got, err, test.err)
				}
				return
			}
			if err != nil || !slices.Equal(got, strings.Fields(test.want)) {
				t.Errorf("got %v, want %s, error %v", got, test.want, err)
			}
		})
	}
}

func TestSelectionOnAnEmptyHub(t *testing.T) {
	if got, err := (ocm.Selection{}).Find(t.Context(), testutil.NewHub(t).Dynamic); err == nil {
		t.Errorf("got %v", got)
	}
	_, err := ocm.Selection{Names: []string{"local-cluster"}}.Find(t.Context(), testutil.NewHub(t).Dynamic)
	if want := "local-cluster is the hub itself and is never backed up or moved"; err == nil || err.Error() != want {
		t.Errorf("error %v, want %q", err, want)
	}
}

func TestSelectionWhenTheHubDoesNotAnswer(t *testing.T) {
	hub := testutil.NewHub(t)
	down := errors.New("connection refused")
	hub.Dynamic.PrependReactor("list", "managedclusters", func(clienttesting.Action) (bool, runtime.Object, error) { return true, nil, down })
	if _, err := (ocm.Selection{}).Find(t.Context(), hub.Dynamic); !errors.Is(err, down) {
		t.Errorf("error %v", err)
	}
}
