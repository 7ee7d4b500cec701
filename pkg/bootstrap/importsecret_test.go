package bootstrap

import (
	"encoding/base64"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"

	"github.com/acmdr/kubectl-acmdr/pkg/internal/testutil"
)

// bootstrapManifest is the secret among the manifests of an import.yaml.
func bootstrapManifest(data string) string {
	return "apiVersion: v1\nkind: Secret\nmetadata:\n  name: bootstrap-hub-kubeconfig\n  namespace: open-cluster-management-agent\ndata:\n" +
		"  kubeconfig: " + base64.StdEncoding.EncodeToString([]byte(data)) + "\n"
}

const (
	namespaceManifest = "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: open-cluster-management-agent\n"
	otherSecret       = "apiVersion: v1\nkind: Secret\nmetadata:\n  name: open-cluster-management-image-pull-credentials\ndata: {}\n"
	klusterlet        = "apiVersion: operator.open-cluster-management.io/v1\nkind: Klusterlet\nmetadata: {name: klusterlet}\nspec: {clusterName: c1}\n"
)

func TestImportKubeconfig(t *testing.T) {
	tests := []struct{ name, manifests, want string }{
		{"among others", "\n---\n" + namespaceManifest + "---\n" + otherSecret + "---\n" + bootstrapManifest("K") + "---\n" + klusterlet, "K"},
		{"alone", bootstrapManifest("K"), "K"},
		{"as JSON", `{"apiVersion":"v1","kind":"Secret","metadata":{"name":"bootstrap-hub-kubeconfig"},"data":{"kubeconfig":"Sw=="}}`, "K"},
		{"after a document of another shape", "data: [1]\n---\n" + bootstrapManifest("K"), "K"},
		{"not there", namespaceManifest + "---\n" + otherSecret, ""},
		{"empty", "", ""},
		{"broken YAML", "a: b: c\n---\n\t- x", ""},
		{"broken JSON", `{"kind": "Secret", `, ""},
		{"JSON, then garbage", `{"kind":"Namespace"} } {`, ""},
		{"JSON objects, then garbage", `{"kind":"Namespace"}{"kind":"Namespace"} }`, ""},
		{"a string", "nothing", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			kube := fake.NewClientset(testutil.Secret("c1", "c1-import", map[string]string{"import.yaml": test.manifests}))
			got, err := ImportKubeconfig(t.Context(), kube, "c1")
			if err != nil || string(got) != test.want {
				t.Errorf("got %q, want %q, error %v", got, test.want, err)
			}
		})
	}
}

func TestImportKubeconfigOnAHubWithoutACM(t *testing.T) {
	kube := fake.NewClientset()
	if got, err := ImportKubeconfig(t.Context(), kube, "c1"); got != nil || err != nil {
		t.Errorf("got %q, error %v", got, err)
	}
	if err := DeleteImportSecret(t.Context(), kube, "c1"); err != nil {
		t.Error(err)
	}
	kube.PrependReactor("*", "secrets", func(clienttesting.Action) (bool, runtime.Object, error) {
		return true, nil, apierrors.NewForbidden(schema.GroupResource{Resource: "secrets"}, "c1-import", nil)
	})
	if _, err := ImportKubeconfig(t.Context(), kube, "c1"); !apierrors.IsForbidden(err) {
		t.Errorf("error %v", err)
	}
	if err := DeleteImportSecret(t.Context(), kube, "c1"); !apierrors.IsForbidden(err) {
		t.Errorf("error %v", err)
	}
}

func TestDeleteImportSecret(t *testing.T) {
	kube := fake.NewClientset(testutil.Secret("c1", "c1-import", nil), testutil.Secret("c2", "c2-import", nil))
	if err := DeleteImportSecret(t.Context(), kube, "c1"); err != nil {
		t.Fatal(err)
	}
	if got, err := kube.Tracker().List(schema.GroupVersionResource{Version: "v1", Resource: "secrets"},
		schema.GroupVersionKind{Version: "v1", Kind: "Secret"}, ""); err != nil || len(items(t, got)) != 1 {
		t.Errorf("got %v, error %v", got, err)
	}
}

func items(t *testing.T, list runtime.Object) []runtime.Object {
	t.Helper()
	objects, err := meta.ExtractList(list)
	if err != nil {
		t.Fatal(err)
	}
	return objects
}

// FuzzFromImportYAML: the secret was restored from somewhere; reading it ends, whatever is in it.
func FuzzFromImportYAML(f *testing.F) {
	f.Add([]byte(bootstrapManifest("K")))
	f.Add([]byte(`{"kind": `))
	f.Add([]byte("{}\n---\n{"))
	f.Add([]byte(namespaceManifest + "---\n" + otherSecret))
	f.Fuzz(func(_ *testing.T, data []byte) { fromImportYAML(data) })
}
