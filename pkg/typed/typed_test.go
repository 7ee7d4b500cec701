package typed_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	clienttesting "k8s.io/client-go/testing"
	clusterv1 "open-cluster-management.io/api/cluster/v1"
	workv1 "open-cluster-management.io/api/work/v1"

	"github.com/acmdr/kubectl-acmdr/pkg/internal/testutil"
	"github.com/acmdr/kubectl-acmdr/pkg/ocm"
	"github.com/acmdr/kubectl-acmdr/pkg/typed"
)

func TestGet(t *testing.T) {
	hub := testutil.NewHub(t, testutil.ManagedCluster("c1", testutil.Labelled("env", "prod"), testutil.Back))
	clusters := ocm.ManagedClusters(hub.Dynamic)
	cluster, err := clusters.Get(t.Context(), "c1")
	if err != nil || cluster.Labels["env"] != "prod" || !ocm.IsTrue(cluster, clusterv1.ManagedClusterConditionJoined) {
		t.Errorf("got %+v, error %v", cluster, err)
	}
	if cluster, err = clusters.Get(t.Context(), "c2"); !apierrors.IsNotFound(err) || cluster != nil {
		t.Errorf("got %v, error %v: the error is not the API's", cluster, err)
	}
}

func TestGetOfAnotherShape(t *testing.T) {
	hub := testutil.NewHub(t, testutil.ManagedCluster("c1"))
	hub.Dynamic.PrependReactor("get", "*", func(clienttesting.Action) (bool, runtime.Object, error) {
		return true, &unstructured.Unstructured{Object: map[string]any{
			"apiVersion": "cluster.open-cluster-management.io/v1", "kind": "ManagedCluster",
			"metadata": map[string]any{"name": "c1"}, "spec": "a string",
		}}, nil
	})
	_, err := ocm.ManagedClusters(hub.Dynamic).Get(t.Context(), "c1")
	if err == nil || !strings.HasPrefix(err.Error(), "decoding ManagedCluster c1: ") {
		t.Errorf("error %v", err)
	}
}

func TestListSelects(t *testing.T) {
	hub := testutil.NewHub(t,
		testutil.ManagedCluster("c1", testutil.Labelled("env", "prod")), testutil.ManagedCluster("c2", testutil.Labelled("env", "test")))
	for selector, want := range map[string]string{"": "c1 c2", "env=prod": "c1", "env=none": ""} {
		items, err := ocm.ManagedClusters(hub.Dynamic).List(t.Context(), selector)
		if got := strings.Join(names(items), " "); got != want || err != nil {
			t.Errorf("%q: got %q, want %q, error %v", selector, got, want, err)
		}
	}
}

func names(clusters []clusterv1.ManagedCluster) []string {
	var list []string
	for _, cluster := range clusters {
		list = append(list, cluster.Name)
	}
	slices.Sort(list)
	return list
}

func TestInIsBoundToItsNamespace(t *testing.T) {
	hub := testutil.NewHub(t, testutil.ManifestWork(t, "c1", "a"), testutil.ManifestWork(t, "c2", "b"))
	all := typed.New[workv1.ManifestWork](hub.Dynamic, ocm.ManifestWorkResource, "ManifestWork")
	one, err := all.In("c2").List(t.Context(), "")
	if err != nil || len(one) != 1 || one[0].Name != "b" {
		t.Errorf("got %v, error %v", one, err)
	}
	if both, err := all.List(t.Context(), ""); err != nil || len(both) != 2 {
		t.Errorf("In changed the client that it was called on: got %v, error %v", both, err)
	}
}

// pages serves n works in pages of size, as an API server does. They are in a namespace, since client-go's fake drops the
// options of a list of all.
func pages(hub *testutil.Hub, n, size int) (limits *[]int64) {
	limits = &[]int64{}
	hub.Dynamic.PrependReactor("list", "manifestworks", func(action clienttesting.Action) (bool, runtime.Object, error) {
		options := action.(clienttesting.ListActionImpl).ListOptions
		*limits = append(*limits, options.Limit)
		from := 0
		if options.Continue != "" {
			if _, err := fmt.Sscan(options.Continue, &from); err != nil {
				return true, nil, err
			}
		}
		list := &unstructured.UnstructuredList{Object: map[string]any{"apiVersion": "v1", "kind": "ManifestWorkList"}}
		for i := from; i < min(from+size, n); i++ {
			list.Items = append(list.Items, unstructured.Unstructured{Object: map[string]any{
				"apiVersion": "work.open-cluster-management.io/v1", "kind": "ManifestWork",
				"metadata": map[string]any{"name": fmt.Sprintf("w%d", i)},
			}})
		}
		if from+size < n {
			list.SetContinue(fmt.Sprint(from + size))
		}
		return true, list, nil
	})
	return limits
}

func TestListReadsPages(t *testing.T) {
	hub := testutil.NewHub(t)
	limits := pages(hub, 7, 3)
	items, err := ocm.ManifestWorks(hub.Dynamic, "c1").List(t.Context(), "")
	if err != nil || len(items) != 7 || items[6].Name != "w6" {
		t.Errorf("got %d items, error %v", len(items), err)
	}
	if want := []int64{typed.PageSize, typed.PageSize, typed.PageSize}; !slices.Equal(*limits, want) {
		t.Errorf("limits %v, want %v", *limits, want)
	}
}

func TestEachStops(t *testing.T) {
	hub := testutil.NewHub(t)
	limits := pages(hub, 7, 3)
	enough := errors.New("enough")
	seen := 0
	err := ocm.ManifestWorks(hub.Dynamic, "c1").Each(t.Context(), "", func(*workv1.ManifestWork) error {
		if seen++; seen == 2 {
			return enough
		}
		return nil
	})
	if !errors.Is(err, enough) || seen != 2 || len(*limits) != 1 {
		t.Errorf("%d seen in %d pages, error %v", seen, len(*limits), err)
	}
}

func TestWrite(t *testing.T) {
	hub := testutil.NewHub(t)
	clusters := ocm.ManagedClusters(hub.Dynamic)
	created, err := clusters.Create(t.Context(), testutil.ManagedCluster("c1", testutil.Labelled("env", "prod")))
	if err != nil || created.Name != "c1" {
		t.Fatalf("got %+v, error %v", created, err)
	}
	object := hub.Dynamic.Actions()[0].(clienttesting.CreateAction).GetObject().(*unstructured.Unstructured)
	if object.GetKind() != "ManagedCluster" || object.GetAPIVersion() != "cluster.open-cluster-management.io/v1" {
		t.Errorf("sent as %s of %s", object.GetKind(), object.GetAPIVersion())
	}
	if value, found, _ := unstructured.NestedFieldNoCopy(object.Object, "metadata", "creationTimestamp"); found {
		t.Errorf("sent with creationTimestamp %v", value)
	}
	created.Labels["env"] = "test"
	if updated, err := clusters.Update(t.Context(), created); err != nil || updated.Labels["env"] != "test" {
		t.Errorf("got %+v, error %v", updated, err)
	}
	if _, err := clusters.Create(t.Context(), testutil.ManagedCluster("c1")); !apierrors.IsAlreadyExists(err) {
		t.Errorf("error %v: it is not the API's", err)
	}
	if _, err := clusters.Update(t.Context(), testutil.ManagedCluster("c2")); !apierrors.IsNotFound(err) {
		t.Errorf("error %v: it is not the API's", err)
	}
	if err := clusters.Delete(t.Context(), "c1"); err != nil {
		t.Error(err)
	}
	if err := clusters.Delete(t.Context(), "c1"); !apierrors.IsNotFound(err) {
		t.Errorf("error %v: it is not the API's", err)
	}
}

func TestMergePatch(t *testing.T) {
	hub := testutil.NewHub(t, testutil.ManagedCluster("c1", testutil.Labelled("env", "prod")))
	clusters := ocm.ManagedClusters(hub.Dynamic)
	patch := map[string]any{"metadata": map[string]any{"annotations": map[string]any{"a": "b"}}}
	if err := clusters.MergePatch(t.Context(), "c1", patch); err != nil {
		t.Fatal(err)
	}
	cluster, err := clusters.Get(t.Context(), "c1")
	if err != nil || cluster.Annotations["a"] != "b" || cluster.Labels["env"] != "prod" || !cluster.Spec.HubAcceptsClient {
		t.Errorf("got %+v, error %v", cluster, err)
	}
	if err := clusters.MergePatch(t.Context(), "c2", patch); !apierrors.IsNotFound(err) {
		t.Errorf("error %v: it is not the API's", err)
	}
	err = clusters.MergePatch(t.Context(), "c1", func() {})
	if err == nil || !strings.HasPrefix(err.Error(), "encoding a patch of ManagedCluster c1: ") {
		t.Errorf("error %v", err)
	}
}

func TestCancelledCallsDoNotHang(t *testing.T) {
	hub := testutil.NewHub(t)
	hub.Dynamic.PrependReactor("*", "*", func(clienttesting.Action) (bool, runtime.Object, error) {
		return true, nil, context.Canceled
	})
	clusters := ocm.ManagedClusters(hub.Dynamic)
	if _, err := clusters.List(t.Context(), ""); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	if err := clusters.Delete(t.Context(), "c1"); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	if _, err := clusters.Create(t.Context(), &clusterv1.ManagedCluster{ObjectMeta: metav1.ObjectMeta{Name: "c1"}}); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}
