//go:build e2e

package e2e

import (
	"encoding/json"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	admissionv1 "k8s.io/api/admission/v1"
	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	authenticationv1 "k8s.io/api/authentication/v1"
	certificatesv1 "k8s.io/api/certificates/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/sets"

	"github.com/acmdr/kubectl-acmdr/pkg/kubeconfig"
	"github.com/acmdr/kubectl-acmdr/pkg/ocm"
	"github.com/acmdr/kubectl-acmdr/test/journey"
)

// The ways to be stuck that the lab can show, in the order of a move. Each is made, explained, and mended; explaining writes
// nothing.
func TestExplain(t *testing.T) {
	s := &stuck{World: world(t, 1), explained: sets.New[string]()}
	for _, way := range []struct {
		name string
		do   func(t *testing.T)
	}{
		{"NotRestored", s.notRestored},
		{"NotMoved", s.notMoved},
		{"AgentDown", s.agentDown},
		{"BadBootstrap", s.badBootstrap},
		{"CSR", s.requests},
		{"WorkloadAtRisk", s.workloadAtRisk},
		{"MovedAway", s.movedAway},
		{"NotAccepted", s.notAccepted},
		{"WrongClusterName", s.wrongName},
		{"ClockSkew", s.clockSkew},
		{"Unreachable", s.unreachable},
		{"NamespaceTerminating", s.terminating},
	} {
		if !t.Run(way.name, way.do) {
			t.FailNow()
		}
	}
	t.Logf("%d ways to be stuck made and explained: %s", len(s.explained), strings.Join(sets.List(s.explained), ", "))
}

// stuck is a cluster that gets stuck in one way after another.
type stuck struct {
	*journey.World
	// work is not restored at first.
	work string
	// explained are the reasons that were found.
	explained sets.Set[string]
}

func (s *stuck) is(t *testing.T, reason string, flags ...string) journey.Explanation {
	t.Helper()
	before := s.Snapshot(t, journey.NewHub)
	e := s.IsExplained(t, journey.NewHub, cluster, reason, flags...)
	before.Same(t, s.Snapshot(t, journey.NewHub))
	s.explained.Insert(reason)
	return e
}

func (s *stuck) becomes(t *testing.T, reason string) journey.Explanation {
	t.Helper()
	return s.comesToBe(t, journey.NewHub, reason)
}

func (s *stuck) comesToBe(t *testing.T, hub, reason string) journey.Explanation {
	t.Helper()
	if reason != "" {
		s.explained.Insert(reason)
	}
	return s.ComesToBe(t, hub, cluster, reason)
}

const agentComponent = "registration-agent"

func (s *stuck) notRestored(t *testing.T) {
	s.is(t, "NotRestored")
}

func (s *stuck) notMoved(t *testing.T) {
	s.work = "managed-one-settings"
	s.Restored(t, cluster, s.work)
	s.is(t, "NotMoved")
}

func (s *stuck) agentDown(t *testing.T) {
	s.Lab.Kill(t, cluster, agentComponent)
	s.Acmdr(t, "reregister", cluster, "--context", journey.NewHub, "--allow-workload-loss", "--timeout", "2s").
		Exits(1).Failed(cluster, "has not asked this hub for a certificate")
	s.is(t, "AgentDown")
}

// badBootstrap spoils the bootstrap kubeconfig while the agent, which has no certificate of the new hub, does not run.
func (s *stuck) badBootstrap(t *testing.T) {
	secrets := s.Cluster(t, cluster).Kube.CoreV1().Secrets(ocm.AgentNamespace)
	good, err := secrets.Get(t.Context(), ocm.BootstrapSecret, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	endpoint, token, err := kubeconfig.EndpointOf(good.Data[ocm.KubeconfigKey])
	if err != nil {
		t.Fatal(err)
	}
	put := func(data []byte) {
		t.Helper()
		patch, err := json.Marshal(map[string]any{"data": map[string][]byte{ocm.KubeconfigKey: data}})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := secrets.Patch(t.Context(), ocm.BootstrapSecret, types.MergePatchType, patch, metav1.PatchOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	made := func(change func(*kubeconfig.Endpoint), token string) []byte {
		t.Helper()
		changed := endpoint
		change(&changed)
		data, err := kubeconfig.Bootstrap(changed, token)
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	defer put(good.Data[ocm.KubeconfigKey])

	put(made(func(e *kubeconfig.Endpoint) {
		e.CAData = journey.ReadKubeconfig(t, s.Lab.Kubeconfig(journey.OldHub)).CA
	}, token))
	s.is(t, "WrongCA")
	put(made(func(*kubeconfig.Endpoint) {}, s.revokedToken(t)))
	s.is(t, "TokenExpired")
	previous, err := secrets.Get(t.Context(), "bootstrap-hub-kubeconfig-previous", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	put(previous.Data[ocm.KubeconfigKey])
	s.is(t, "TakenBack")
	put([]byte("{{"))
	s.is(t, "BootstrapInvalid")
}

// revokedToken is one of an account of the hub that is gone: no token can be had that expires sooner than in 10 minutes.
func (s *stuck) revokedToken(t *testing.T) string {
	t.Helper()
	accounts := s.Cluster(t, journey.NewHub).Kube.CoreV1().ServiceAccounts(cluster)
	account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: "revoked"}}
	if _, err := accounts.Create(t.Context(), account, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	granted, err := accounts.CreateToken(t.Context(), account.Name, &authenticationv1.TokenRequest{}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if err := accounts.Delete(t.Context(), account.Name, metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	return granted.Status.Token
}

// requests: what can become of a CSR. In the end accept cures the limit, and the cluster joins.
func (s *stuck) requests(t *testing.T) {
	requests := s.Cluster(t, journey.NewHub).Kube.CertificatesV1().CertificateSigningRequests()
	deny := func(csr *certificatesv1.CertificateSigningRequest) {
		t.Helper()
		csr.Status.Conditions = append(csr.Status.Conditions, certificatesv1.CertificateSigningRequestCondition{
			Type: certificatesv1.CertificateDenied, Status: corev1.ConditionTrue, Reason: "Test", Message: "No.",
		})
		if _, err := requests.UpdateApproval(t.Context(), csr.Name, csr, metav1.UpdateOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	s.Lab.Start(t, cluster, agentComponent)
	name := s.CSR(t, journey.NewHub, cluster)
	s.is(t, "CSRPending")
	csr, err := requests.Get(t.Context(), name, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	deny(csr)
	s.is(t, "CSRDenied")

	// An agent that restarts asks again each time, until there are ten.
	s.Lab.Kill(t, cluster, agentComponent)
	if err := requests.Delete(t.Context(), name, metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	for range 10 {
		again := &certificatesv1.CertificateSigningRequest{
			ObjectMeta: metav1.ObjectMeta{GenerateName: cluster + "-", Labels: csr.Labels},
			Spec:       certificatesv1.CertificateSigningRequestSpec{Request: csr.Spec.Request, SignerName: csr.Spec.SignerName, Usages: csr.Spec.Usages},
		}
		made, err := requests.Create(t.Context(), again, metav1.CreateOptions{})
		if err != nil {
			t.Fatal(err)
		}
		deny(made)
	}
	s.Lab.Start(t, cluster, agentComponent)
	s.is(t, "CSRLimit")
	s.Acmdr(t, "accept", cluster, "--context", journey.NewHub).Exits(0).Says("deleted 10 old ones").Row(cluster, "Done")
}

// workloadAtRisk: the work that was not restored is found before its workload is gone; with it, all is well.
func (s *stuck) workloadAtRisk(t *testing.T) {
	e := s.is(t, "WorkloadAtRisk")
	if !strings.Contains(strings.Join(e.Evidence, "\n"), s.work) {
		t.Errorf("does not name %s: %q", s.work, e.Evidence)
	}
	s.Copied(t, cluster, ocm.ManifestWorkResource, s.work)
	s.becomes(t, "")
	s.Acmdr(t, "explain", cluster, "--context", journey.NewHub).Exits(0).Says("managed-one is well: joined and available, lease renewed")
}

func (s *stuck) movedAway(t *testing.T) {
	s.comesToBe(t, journey.OldHub, "MovedAway")
}

// notAccepted: with and without a webhook that refuses to change that.
func (s *stuck) notAccepted(t *testing.T) {
	hub := s.Cluster(t, journey.NewHub)
	accept := func(accepts bool) error {
		return ocm.ManagedClusters(hub.Dynamic).MergePatch(t.Context(), cluster, map[string]any{"spec": map[string]any{"hubAcceptsClient": accepts}})
	}
	if err := accept(false); err != nil {
		t.Fatal(err)
	}
	s.is(t, "NotAccepted")
	configurations := hub.Kube.AdmissionregistrationV1().ValidatingWebhookConfigurations()
	if _, err := configurations.Create(t.Context(), refusing(t), metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	e := s.becomes(t, "AcceptanceRefused")
	if all := strings.Join(e.Evidence, "\n"); !strings.Contains(all, "not on my watch") || !strings.Contains(e.Summary, "acceptance.acmdr.test") {
		t.Errorf("does not quote the webhook: %+v", e)
	}
	if err := configurations.Delete(t.Context(), "acceptance", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	s.becomes(t, "NotAccepted")
	s.Acmdr(t, "accept", cluster, "--context", journey.NewHub).Exits(0)
	s.becomes(t, "")
}

// refusing starts a webhook that lets nobody change a ManagedCluster.
func refusing(t *testing.T) *admissionregistrationv1.ValidatingWebhookConfiguration {
	t.Helper()
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var review admissionv1.AdmissionReview
		if err := json.NewDecoder(r.Body).Decode(&review); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		review.Response = &admissionv1.AdmissionResponse{UID: review.Request.UID, Result: &metav1.Status{Message: "not on my watch", Code: http.StatusForbidden}}
		_ = json.NewEncoder(w).Encode(review)
	}))
	t.Cleanup(server.Close)
	return &admissionregistrationv1.ValidatingWebhookConfiguration{
		ObjectMeta: metav1.ObjectMeta{Name: "acceptance"},
		Webhooks: []admissionregistrationv1.ValidatingWebhook{{
			Name: "acceptance.acmdr.test",
			ClientConfig: admissionregistrationv1.WebhookClientConfig{
				URL: new(server.URL), CABundle: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}),
			},
			Rules: []admissionregistrationv1.RuleWithOperations{{
				Operations: []admissionregistrationv1.OperationType{admissionregistrationv1.Update},
				Rule: admissionregistrationv1.Rule{
					APIGroups: []string{ocm.ManagedClusterResource.Group}, APIVersions: []string{"*"}, Resources: []string{ocm.ManagedClusterResource.Resource},
				},
			}},
			SideEffects:             new(admissionregistrationv1.SideEffectClassNone),
			AdmissionReviewVersions: []string{"v1"},
		}},
	}
}

func (s *stuck) wrongName(t *testing.T) {
	e := s.is(t, "WrongClusterName", "--managed-kubeconfig", s.Lab.Kubeconfig(journey.OldHub))
	if !strings.Contains(e.Summary, "local-cluster") {
		t.Error(e.Summary)
	}
}

// clockSkew renews the lease as an agent would whose clock is two hours behind.
func (s *stuck) clockSkew(t *testing.T) {
	s.Lab.Kill(t, cluster, agentComponent)
	patch, err := json.Marshal(map[string]any{"spec": map[string]any{"renewTime": metav1.NewMicroTime(time.Now().Add(-2 * time.Hour))}})
	if err != nil {
		t.Fatal(err)
	}
	leases := s.Cluster(t, journey.NewHub).Kube.CoordinationV1().Leases(cluster)
	if _, err := leases.Patch(t.Context(), ocm.ManagedClusterLease, types.MergePatchType, patch, metav1.PatchOptions{}); err != nil {
		t.Fatal(err)
	}
	e := s.becomes(t, "ClockSkew")
	if all := strings.Join(e.Evidence, "\n"); !strings.Contains(all, "by its clock") {
		t.Errorf("does not compare the clocks: %q", e.Evidence)
	}
	s.Lab.Start(t, cluster, agentComponent)
	s.becomes(t, "")
}

func (s *stuck) unreachable(t *testing.T) {
	s.Lab.Kill(t, cluster)
	s.becomes(t, "Unreachable")
}

// terminating comes last: with the namespace goes what the hub knows of the cluster.
func (s *stuck) terminating(t *testing.T) {
	hub := s.Cluster(t, journey.NewHub).Kube
	holder := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "holder", Finalizers: []string{"acmdr.test/hold"}}}
	if _, err := hub.CoreV1().ConfigMaps(cluster).Create(t.Context(), holder, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	if err := hub.CoreV1().Namespaces().Delete(t.Context(), cluster, metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	e := s.becomes(t, "NamespaceTerminating")
	if !strings.HasPrefix(e.Command, "kubectl get ") {
		t.Error(e.Command)
	}
}
