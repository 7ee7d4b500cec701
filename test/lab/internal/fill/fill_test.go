package fill

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	certificatesv1 "k8s.io/api/certificates/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/kubernetes/fake"

	"github.com/acmdr/kubectl-acmdr/test/lab/internal/kube"
)

func testValues(local bool) *values {
	v := &values{
		Name: "managed-one", Server: "https://127.0.0.1:1", Local: local, CA: []byte("ca"), AdminKubeconfig: []byte("admin"),
		Bootstrap: []byte("boot"), ImportYAML: []byte("import"), CRDsYAML: []byte("crds"),
		Provision: "managed-one-0-abcde", InfraID: "managed-one-abcde", ClusterID: "1-2", Password: "p",
		Now: "2026-01-01T00:00:00Z", Expiration: "2027-01-01T00:00:00Z",
	}
	if local {
		v.Name = "local-cluster"
	}
	return v
}

// named finds an object by its kind and name.
func named(t *testing.T, list []*unstructured.Unstructured, kind, name string) *unstructured.Unstructured {
	t.Helper()
	i := slices.IndexFunc(list, func(u *unstructured.Unstructured) bool { return u.GetKind() == kind && u.GetName() == name })
	if i < 0 {
		t.Fatalf("no %s %s", kind, name)
	}
	return list[i]
}

func TestManagedCluster(t *testing.T) {
	list, err := objects(testValues(false), "managedcluster.yaml", "identity.yaml", "import.yaml", "hive.yaml", "works.yaml")
	if err != nil {
		t.Fatal(err)
	}
	mc := named(t, list, "ManagedCluster", "managed-one")
	for key, want := range map[string]string{
		"cloud": "Amazon", "environment": "prod", "region": "eu-west-1", "vendor": "OpenShift", "name": "managed-one",
		"clusterID": testValues(false).ClusterID, "cluster.open-cluster-management.io/clusterset": "fleet",
	} {
		if got := mc.GetLabels()[key]; got != want {
			t.Errorf("label %s is %q, want %q", key, got, want)
		}
	}
	if taints, _, _ := unstructured.NestedSlice(mc.Object, "spec", "taints"); len(taints) != 1 {
		t.Errorf("taints %v", taints)
	}
	namespace := named(t, list, "Namespace", "managed-one")
	if namespace.GetLabels()["cluster.open-cluster-management.io/managedCluster"] != "managed-one" {
		t.Errorf("labels of the namespace: %v", namespace.GetLabels())
	}
	cd := named(t, list, "ClusterDeployment", "managed-one")
	ref, _, _ := unstructured.NestedString(cd.Object, "spec", "clusterMetadata", "adminKubeconfigSecretRef", "name")
	secret := named(t, list, "Secret", ref)
	if secret.GetLabels()["hive.openshift.io/secret-type"] != "kubeconfig" {
		t.Errorf("labels of %s: %v", ref, secret.GetLabels())
	}
	data, _, _ := unstructured.NestedStringMap(named(t, list, "Secret", "managed-one-import").Object, "data")
	for _, key := range []string{"import.yaml", "crds.yaml", "creation", "expiration"} {
		if data[key] == "" {
			t.Errorf("managed-one-import has no %s", key)
		}
	}
	for _, kind := range []string{"ServiceAccount managed-one-bootstrap-sa", "ManagedClusterAddOn work-manager",
		"ClusterRoleBinding system:open-cluster-management:managedcluster:bootstrap:managed-one",
		"ManifestWork managed-one-workload", "ManifestWork managed-one-settings"} {
		kind, name, _ := strings.Cut(kind, " ")
		named(t, list, kind, name)
	}
}

func TestLocalCluster(t *testing.T) {
	list, err := objects(testValues(true), "managedcluster.yaml")
	if err != nil {
		t.Fatal(err)
	}
	mc := named(t, list, "ManagedCluster", "local-cluster")
	if mc.GetLabels()["local-cluster"] != "true" || mc.GetLabels()["environment"] != "" {
		t.Errorf("labels %v", mc.GetLabels())
	}
}

func TestEveryManifestRenders(t *testing.T) {
	entries, err := manifests.ReadDir("manifests")
	if err != nil {
		t.Fatal(err)
	}
	prepare := map[string]string{"Name": "hub-dr1", "ManagedCluster": "local-cluster", "EvictionGrace": "1m0s", "ClusterInfo": "a: b\nc: d\n"}
	for _, entry := range entries {
		var data any = testValues(false)
		if slices.Contains([]string{"spoke.yaml", "hub.yaml", "clusterset.yaml"}, entry.Name()) {
			data = prepare
		}
		list, err := objects(data, entry.Name())
		if err != nil || len(list) == 0 {
			t.Errorf("%s: %d objects, %v", entry.Name(), len(list), err)
		}
		for _, object := range list {
			if object.GetName() == "" || object.GetKind() == "" {
				t.Errorf("%s has an object without a name or kind", entry.Name())
			}
		}
	}
}

func TestApprove(t *testing.T) {
	request := func(name, user, signer string, done bool) *certificatesv1.CertificateSigningRequest {
		csr := &certificatesv1.CertificateSigningRequest{
			ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{"open-cluster-management.io/cluster-name": "managed-one"}},
			Spec:       certificatesv1.CertificateSigningRequestSpec{Username: user, SignerName: signer},
		}
		if done {
			csr.Status.Conditions = []certificatesv1.CertificateSigningRequestCondition{{Type: certificatesv1.CertificateDenied}}
		}
		return csr
	}
	const bootstrap, signer = "system:serviceaccount:managed-one:managed-one-bootstrap-sa", certificatesv1.KubeAPIServerClientSignerName
	client := fake.NewClientset(
		request("good", bootstrap, signer, false),
		request("stranger", "somebody", signer, false),
		request("other-signer", bootstrap, "example.com/x", false),
		request("denied", bootstrap, signer, true),
	)
	if err := Approve(t.Context(), &kube.Clients{Kube: client}, "managed-one", "AutoApprovedByLab"); err != nil {
		t.Fatal(err)
	}
	list, err := client.CertificatesV1().CertificateSigningRequests().List(context.Background(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, csr := range list.Items {
		approved := len(csr.Status.Conditions) == 1 && csr.Status.Conditions[0].Type == certificatesv1.CertificateApproved
		if approved != (csr.Name == "good") {
			t.Errorf("%s: approved %v", csr.Name, approved)
		}
	}
}

func TestMatches(t *testing.T) {
	for file, want := range map[string]bool{
		"/x/0000_01_work.open-cluster-management.io_appliedmanifestworks.crd.yaml": true,
		"/x/0000_00_work.open-cluster-management.io_manifestworks.crd.yaml":        false,
	} {
		if got := matches(file, managedCRDs()); got != want {
			t.Errorf("%s: %v", file, got)
		}
	}
}

func TestRenderNamesWhatIsMissing(t *testing.T) {
	_, err := render("hub.yaml", map[string]string{})
	if err == nil || errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}
