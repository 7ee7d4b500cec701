package access_test

import (
	"errors"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	clusterv1 "open-cluster-management.io/api/cluster/v1"

	"github.com/acmdr/kubectl-acmdr/pkg/access"
	"github.com/acmdr/kubectl-acmdr/pkg/internal/testutil"
	"github.com/acmdr/kubectl-acmdr/pkg/ocm"
)

// hasID gives a managed cluster an ID: kube-system's UID where the resource is none.
func hasID(resource schema.GroupVersionResource, kind, name, field, id string) func(*testutil.Hub) {
	return func(cluster *testutil.Hub) {
		system := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: metav1.NamespaceSystem, UID: "uid"}}
		if resource.Empty() {
			system.UID = types.UID(id)
		}
		if err := cluster.Kube.Tracker().Add(system); err != nil {
			panic(err)
		}
		if resource.Empty() {
			return
		}
		object := &unstructured.Unstructured{Object: map[string]any{
			"metadata": map[string]any{"name": name}, "spec": map[string]any{field: id},
		}}
		object.SetGroupVersionKind(resource.GroupVersion().WithKind(kind))
		if err := cluster.Dynamic.Tracker().Create(resource, object, ""); err != nil {
			panic(err)
		}
	}
}

func TestProveByID(t *testing.T) {
	label := testutil.Labelled(ocm.ClusterIDLabel, "id-1")
	claimed := func(c *clusterv1.ManagedCluster) {
		c.Status.ClusterClaims = []clusterv1.ManagedClusterClaim{{Name: "region.open-cluster-management.io", Value: "eu"}, {Name: ocm.KubernetesIDClaim, Value: "id-1"}}
	}
	uid := hasID(schema.GroupVersionResource{}, "", "", "", "id-1")
	const other = "s: https://c1 is another cluster of the same name: its ID is uid, and this hub knows c1 as id-1; " +
		"if it was built anew, remove the label clusterID from the ManagedCluster"
	tests := []struct {
		name string
		hub  testutil.Edit[clusterv1.ManagedCluster]
		edit []func(*testutil.Hub)
		want string
	}{
		{name: "the hub knows no ID"},
		{name: "kube-system", hub: label, edit: []func(*testutil.Hub){uid}},
		{name: "as the agent reported", hub: claimed, edit: []func(*testutil.Hub){uid}},
		{name: "a claim", hub: label, edit: []func(*testutil.Hub){hasID(ocm.ClusterClaimResource, "ClusterClaim", ocm.KubernetesIDClaim, "value", "id-1")}},
		{name: "OpenShift", hub: label, edit: []func(*testutil.Hub){hasID(ocm.ClusterVersionResource, "ClusterVersion", "version", "clusterID", "id-1")}},
		{name: "another cluster of the same name", hub: label, want: other,
			edit: []func(*testutil.Hub){hasID(schema.GroupVersionResource{}, "", "", "", "uid")}},
		{name: "IDs that may not be read", hub: label, edit: []func(*testutil.Hub){
			hasID(schema.GroupVersionResource{}, "", "", "", "uid"), fail("get", "clusterclaims", denied)}},
		{name: "IDs that cannot be read", hub: label, want: "s: looking for the cluster's ID, to be sure that it is the right cluster: ",
			edit: []func(*testutil.Hub){
				hasID(schema.GroupVersionResource{}, "", "", "", "uid"),
				fail("get", "clusterversions", apierrors.NewInternalError(errors.New("etcd"))),
			}},
		{name: "no agent is registered, and it is the right cluster", hub: label, edit: []func(*testutil.Hub){uid, fail("get", "secrets", unknown)}},
		{name: "no agent is registered, and the ID is not known", edit: []func(*testutil.Hub){uid, fail("get", "secrets", unknown)},
			want: "s: no agent is registered at https://c1"},
		{name: "no agent is registered, and it is another cluster", hub: label, want: "s: no agent is registered at https://c1",
			edit: []func(*testutil.Hub){hasID(schema.GroupVersionResource{}, "", "", "", "uid"), fail("get", "secrets", unknown)}},
		{name: "a bootstrap token that says nothing", hub: label, edit: []func(*testutil.Hub){uid, hideHubSecret("opaque")}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			edits := []testutil.Edit[clusterv1.ManagedCluster]{}
			if test.hub != nil {
				edits = append(edits, test.hub)
			}
			hub, cluster := testutil.NewHub(t, testutil.ManagedCluster("c1", edits...)), managedCluster(t, "c1")
			for _, edit := range test.edit {
				edit(cluster)
			}
			finder := &access.Finder{
				Sources: []access.Source{&source{name: "s", host: "https://c1"}}, Hub: hub.Dynamic,
				Connect: connect(map[string]*testutil.Hub{"https://c1": cluster}),
			}
			_, err := finder.Open(t.Context(), "c1")
			if test.want == "" && err != nil {
				t.Error(err)
			}
			if test.want != "" && (err == nil || !strings.HasPrefix(err.Error(), test.want)) {
				t.Errorf("error %v, want %q", err, test.want)
			}
		})
	}
}
