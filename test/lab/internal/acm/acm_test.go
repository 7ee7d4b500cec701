package acm

import (
	"bytes"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	dynamicfake "k8s.io/client-go/dynamic/fake"
	"k8s.io/client-go/kubernetes/fake"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/acmdr/kubectl-acmdr/test/lab/internal/cluster"
	"github.com/acmdr/kubectl-acmdr/test/lab/internal/fill"
	"github.com/acmdr/kubectl-acmdr/test/lab/internal/kube"
	"github.com/acmdr/kubectl-acmdr/test/lab/internal/kubeconfig"
	"github.com/acmdr/kubectl-acmdr/test/lab/internal/layout"
)

// controller acts on a hub of fakes with these objects.
func controller(t *testing.T, typed, untyped []runtime.Object) *Controller {
	t.Helper()
	lists := map[schema.GroupVersionResource]string{
		managedClusters: "ManagedClusterList", clusterDeployments: "ClusterDeploymentList",
		addons: "ManagedClusterAddOnList", manifestWorks: "ManifestWorkList",
	}
	port := func(string) int { return 1 }
	hub, err := cluster.New(cluster.Config{Name: layout.HubTwo, Hub: true, Dir: layout.Dir(t.TempDir()), Port: port})
	if err != nil {
		t.Fatal(err)
	}
	hub.Clients = &kube.Clients{
		Kube: fake.NewClientset(typed...), Dynamic: dynamicfake.NewSimpleDynamicClientWithCustomListKinds(runtime.NewScheme(), lists, untyped...),
	}
	return &Controller{Hub: hub, Logf: t.Logf}
}

func namespace(name string) *corev1.Namespace {
	return &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{managedClusterLabel: name}}}
}

// An orphaned namespace is deleted, one with something of a cluster in it is not.
func TestNamespaceWithoutManagedCluster(t *testing.T) {
	addon := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": addons.GroupVersion().String(), "kind": "ManagedClusterAddOn",
		"metadata": map[string]any{"name": "work-manager", "namespace": "in-use"},
	}}
	c := controller(t, []runtime.Object{namespace("orphan"), namespace("in-use")}, []runtime.Object{addon})
	if err := c.reconcile(t.Context()); err != nil {
		t.Fatal(err)
	}
	list, err := c.Hub.Clients.Kube.CoreV1().Namespaces().List(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if len(list.Items) != 1 || list.Items[0].Name != "in-use" {
		t.Errorf("left are %v", list.Items)
	}
}

// An import secret of another hub that is not expired leads to this hub, with the token of the other.
func TestRestoredImportSecretKeepsItsToken(t *testing.T) {
	other := kubeconfig.Cluster{Name: "default-cluster", Server: "https://old:6443"}
	bootstrap, err := clientcmd.Write(*kubeconfig.ForToken("default-context", other, "default-auth", "token-of-the-old-hub"))
	if err != nil {
		t.Fatal(err)
	}
	content, err := fill.ImportContent("managed-one", bootstrap)
	if err != nil {
		t.Fatal(err)
	}
	secret := &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: "managed-one", Name: "managed-one-import"},
		Data: map[string][]byte{
			importKey: content, expirationKey: []byte(time.Now().Add(time.Hour).Format(time.RFC3339)),
		},
	}
	c := controller(t, []runtime.Object{secret}, nil)
	data, err := c.importSecret(t.Context(), "managed-one")
	if err != nil {
		t.Fatal(err)
	}
	adopted, err := bootstrapIn(data[importKey])
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(adopted, []byte(c.Hub.Server)) || !bytes.Contains(adopted, []byte("token-of-the-old-hub")) {
		t.Errorf("got %s", adopted)
	}
	again, err := c.importSecret(t.Context(), "managed-one")
	if err != nil || !bytes.Equal(again[importKey], data[importKey]) {
		t.Errorf("it is changed again: %v", err)
	}
}

// The klusterlet's work comes back as it was, and only reads where the import is disabled.
func TestWorks(t *testing.T) {
	c := controller(t, nil, nil)
	content, err := fill.ImportContent("managed-one", []byte("bootstrap"))
	if err != nil {
		t.Fatal(err)
	}
	data := map[string][]byte{importKey: content}
	works := c.Hub.Clients.Dynamic.Resource(manifestWorks).Namespace("managed-one")
	for _, readOnly := range []bool{false, true, false} {
		if err := c.works(t.Context(), "managed-one", data, readOnly); err != nil {
			t.Fatal(err)
		}
		work, err := works.Get(t.Context(), "managed-one-klusterlet", metav1.GetOptions{})
		if err != nil {
			t.Fatal(err)
		}
		text, err := work.MarshalJSON()
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Contains(string(text), "ReadOnly"); got != readOnly || !strings.Contains(string(text), bootstrapSecret) {
			t.Errorf("read-only %v: %s", readOnly, text)
		}
	}
}
