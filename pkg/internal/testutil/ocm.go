package testutil

import (
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"testing"
	"time"

	certificatesv1 "k8s.io/api/certificates/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	clusterv1 "open-cluster-management.io/api/cluster/v1"
	operatorv1 "open-cluster-management.io/api/operator/v1"
	workv1 "open-cluster-management.io/api/work/v1"

	"github.com/acmdr/kubectl-acmdr/pkg/ocm"
)

// Edit changes an object that a builder made.
type Edit[T any] = func(*T)

func edited[T any](object *T, edits []Edit[T]) *T {
	for _, edit := range edits {
		edit(object)
	}
	return object
}

// ManagedCluster is a ManagedCluster that the hub accepts and of which it knows nothing yet.
func ManagedCluster(name string, edits ...Edit[clusterv1.ManagedCluster]) *clusterv1.ManagedCluster {
	return edited(&clusterv1.ManagedCluster{
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{}, Annotations: map[string]string{}},
		Spec:       clusterv1.ManagedClusterSpec{HubAcceptsClient: true, LeaseDurationSeconds: 60},
	}, edits)
}

// Labelled sets a label of a ManagedCluster.
func Labelled(key, value string) Edit[clusterv1.ManagedCluster] {
	return func(c *clusterv1.ManagedCluster) { c.Labels[key] = value }
}

// Condition sets a condition of a ManagedCluster.
func Condition(kind string, status metav1.ConditionStatus) Edit[clusterv1.ManagedCluster] {
	return func(c *clusterv1.ManagedCluster) {
		c.Status.Conditions = append(c.Status.Conditions, metav1.Condition{Type: kind, Status: status, Reason: "Test"})
	}
}

// Back sets the conditions of a cluster that is at work, which a restore can bring back too.
func Back(c *clusterv1.ManagedCluster) {
	for _, kind := range []string{
		clusterv1.ManagedClusterConditionHubAccepted, clusterv1.ManagedClusterConditionJoined, clusterv1.ManagedClusterConditionAvailable,
	} {
		Condition(kind, metav1.ConditionTrue)(c)
	}
}

// Switched notes when a ManagedCluster was switched to its hub.
func Switched(at time.Time) Edit[clusterv1.ManagedCluster] {
	return func(c *clusterv1.ManagedCluster) {
		c.Annotations[ocm.SwitchedAtAnnotation] = at.UTC().Format(time.RFC3339)
	}
}

// Lease is the lease of a cluster's agent on the hub.
func Lease(cluster string, renewed time.Time) *coordinationv1.Lease {
	return &coordinationv1.Lease{
		ObjectMeta: metav1.ObjectMeta{Namespace: cluster, Name: ocm.ManagedClusterLease},
		Spec:       coordinationv1.LeaseSpec{RenewTime: &metav1.MicroTime{Time: renewed}},
	}
}

// Secret is a secret with string data.
func Secret(namespace, name string, data map[string]string) *corev1.Secret {
	secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}, Data: map[string][]byte{}}
	for key, value := range data {
		secret.Data[key] = []byte(value)
	}
	return secret
}

// AgentSubject is what the agent of a cluster wants to be called.
func AgentSubject(cluster, agent string) pkix.Name {
	const prefix = "system:open-cluster-management:"
	return pkix.Name{CommonName: prefix + cluster + ":" + agent, Organization: []string{prefix + cluster, prefix + "managed-clusters"}}
}

// RequestPEM is a certificate request, signed with a key of its own.
func RequestPEM(t *testing.T, subject pkix.Name) []byte {
	t.Helper()
	raw, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{Subject: subject}, newKey(t))
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: raw})
}

// CSR is the request that a switched agent makes at its new hub, as the cluster's bootstrap identity.
func CSR(
	t *testing.T, cluster, name string, created time.Time, edits ...Edit[certificatesv1.CertificateSigningRequest],
) *certificatesv1.CertificateSigningRequest {
	t.Helper()
	return edited(&certificatesv1.CertificateSigningRequest{
		ObjectMeta: metav1.ObjectMeta{
			Name: name, CreationTimestamp: metav1.Time{Time: created.Truncate(time.Second)},
			Labels: map[string]string{ocm.ClusterNameLabel: cluster},
		},
		Spec: certificatesv1.CertificateSigningRequestSpec{
			Request:    RequestPEM(t, AgentSubject(cluster, "agent1")),
			SignerName: certificatesv1.KubeAPIServerClientSignerName,
			Usages: []certificatesv1.KeyUsage{
				certificatesv1.UsageDigitalSignature, certificatesv1.UsageKeyEncipherment, certificatesv1.UsageClientAuth,
			},
			Username: ocm.BootstrapUser(cluster),
			Groups:   []string{"system:serviceaccounts", "system:serviceaccounts:" + cluster, "system:authenticated"},
		},
	}, edits)
}

// Decision adds a verdict to a CSR.
func Decision(verdict certificatesv1.RequestConditionType) Edit[certificatesv1.CertificateSigningRequest] {
	return func(csr *certificatesv1.CertificateSigningRequest) {
		csr.Status.Conditions = append(csr.Status.Conditions,
			certificatesv1.CertificateSigningRequestCondition{Type: verdict, Status: corev1.ConditionTrue})
	}
}

// Issued adds a certificate to a CSR.
func Issued(csr *certificatesv1.CertificateSigningRequest) { csr.Status.Certificate = []byte("PEM") }

// ManifestWork is a ManifestWork of a cluster on the hub, with these objects in it.
func ManifestWork(t *testing.T, cluster, name string, objects ...any) *workv1.ManifestWork {
	t.Helper()
	work := &workv1.ManifestWork{ObjectMeta: metav1.ObjectMeta{Namespace: cluster, Name: name}}
	for _, object := range objects {
		raw, err := json.Marshal(object)
		if err != nil {
			t.Fatal(err)
		}
		manifest := workv1.Manifest{RawExtension: runtime.RawExtension{Raw: raw}}
		work.Spec.Workload.Manifests = append(work.Spec.Workload.Manifests, manifest)
	}
	return work
}

// Manifest is an object for a ManifestWork.
func Manifest(apiVersion, kind, namespace, name string) map[string]any {
	metadata := map[string]any{"name": name}
	if namespace != "" {
		metadata["namespace"] = namespace
	}
	return map[string]any{"apiVersion": apiVersion, "kind": kind, "metadata": metadata}
}

// AppliedManifestWork is what the work agent of a cluster has applied for a ManifestWork of a hub.
func AppliedManifestWork(
	hubHash, work, agentID string, applied ...workv1.AppliedManifestResourceMeta,
) *workv1.AppliedManifestWork {
	return &workv1.AppliedManifestWork{
		ObjectMeta: metav1.ObjectMeta{Name: hubHash + "-" + work},
		Spec:       workv1.AppliedManifestWorkSpec{HubHash: hubHash, ManifestWorkName: work, AgentID: agentID},
		Status:     workv1.AppliedManifestWorkStatus{AppliedResources: applied},
	}
}

// Applied names one object that was applied.
func Applied(group, version, resource, namespace, name string) workv1.AppliedManifestResourceMeta {
	return workv1.AppliedManifestResourceMeta{
		Version:            version,
		ResourceIdentifier: workv1.ResourceIdentifier{Group: group, Resource: resource, Namespace: namespace, Name: name},
	}
}

// Klusterlet is the Klusterlet of a managed cluster.
func Klusterlet(uid string, edits ...Edit[operatorv1.Klusterlet]) *operatorv1.Klusterlet {
	return edited(&operatorv1.Klusterlet{ObjectMeta: metav1.ObjectMeta{Name: "klusterlet", UID: types.UID(uid)}}, edits)
}

// ClusterDeployment is Hive's record of a cluster that it made, naming the secret of its admin kubeconfig.
func ClusterDeployment(namespace, name, secret string) *unstructured.Unstructured {
	object := &unstructured.Unstructured{Object: map[string]any{}}
	object.SetGroupVersionKind(ocm.ClusterDeploymentResource.GroupVersion().WithKind("ClusterDeployment"))
	object.SetNamespace(namespace)
	object.SetName(name)
	if secret != "" {
		_ = unstructured.SetNestedField(object.Object, secret, "spec", "clusterMetadata", "adminKubeconfigSecretRef", "name")
	}
	return object
}

// AdminKubeconfig is a secret that Hive made for one attempt to provision a cluster.
func AdminKubeconfig(namespace, name string, created time.Time, data []byte) *corev1.Secret {
	secret := Secret(namespace, name, map[string]string{"kubeconfig": string(data)})
	secret.Labels = map[string]string{ocm.HiveSecretTypeLabel: ocm.HiveKubeconfig}
	secret.CreationTimestamp = metav1.Time{Time: created}
	return secret
}
