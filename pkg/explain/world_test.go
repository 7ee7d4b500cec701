package explain_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"

	authorizationv1 "k8s.io/api/authorization/v1"
	certificatesv1 "k8s.io/api/certificates/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	clienttesting "k8s.io/client-go/testing"
	clocktesting "k8s.io/utils/clock/testing"
	addonv1alpha1 "open-cluster-management.io/api/addon/v1alpha1"
	clusterv1 "open-cluster-management.io/api/cluster/v1"
	operatorv1 "open-cluster-management.io/api/operator/v1"
	workv1 "open-cluster-management.io/api/work/v1"

	"github.com/acmdr/kubectl-acmdr/pkg/accept"
	"github.com/acmdr/kubectl-acmdr/pkg/access"
	"github.com/acmdr/kubectl-acmdr/pkg/explain"
	"github.com/acmdr/kubectl-acmdr/pkg/internal/testutil"
	"github.com/acmdr/kubectl-acmdr/pkg/kubeconfig"
	"github.com/acmdr/kubectl-acmdr/pkg/ocm"
	"github.com/acmdr/kubectl-acmdr/pkg/reregister"
)

const (
	managedURL = "https://c1.example.com:6443"
	oldURL     = "https://hub-dr1.example.com:6443"
	hubURL     = "https://hub-dr2.example.com:6443"
	agentID    = "klusterlet-uid"
)

var (
	now      = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	switched = now.Add(-time.Hour)
)

// world is a hub and a managed cluster as the API servers have them. newWorld makes one that is well; a test breaks it.
type world struct {
	cluster   *clusterv1.ManagedCluster
	namespace *corev1.Namespace
	lease     *coordinationv1.Lease
	csrs      []*certificatesv1.CertificateSigningRequest
	addOn     *addonv1alpha1.ManagedClusterAddOn
	work      *workv1.ManifestWork

	klusterlet *operatorv1.Klusterlet
	// agent and bootstrap are the secrets on the managed cluster, previous the one that a move keeps.
	agent, bootstrap, previous *corev1.Secret
	pods                       []*corev1.Pod
	applied                    []*workv1.AppliedManifestWork

	// ca signs the certificates of the hub.
	ca *testutil.Authority
	// credential is why the cluster cannot be opened; nil when it can.
	credential error
	// managedFlags are what the user gave to open it.
	managedFlags string
	// whoAmI is why the hub does not take the bootstrap token.
	whoAmI error
	// endpoint is why it is not known how agents reach the hub.
	endpoint error
	// mayNotAsk tells that the bootstrap identity has no right to make a CSR.
	mayNotAsk bool
	// refusal is the answer to a dry run of the acceptance.
	refusal error
	// hidden are kinds that may not be read on the managed cluster.
	hidden []string
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{
		cluster:    testutil.ManagedCluster("c1", testutil.Back, testutil.Switched(switched)),
		namespace:  &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "c1"}, Status: corev1.NamespaceStatus{Phase: corev1.NamespaceActive}},
		lease:      testutil.Lease("c1", now.Add(-3*time.Second)),
		work:       testutil.ManifestWork(t, "c1", "w", testutil.Manifest("v1", "ConfigMap", "default", "cm")),
		klusterlet: testutil.Klusterlet(agentID),
		ca:         testutil.NewAuthority(t),
	}
	w.work.CreationTimestamp = metav1.NewTime(switched)
	w.work.Status.Conditions = []metav1.Condition{{Type: workv1.WorkApplied, Status: metav1.ConditionTrue}}
	w.bootstrapAt(t, w.here(), jwt(ocm.BootstrapUser("c1"), now.Add(time.Hour)))
	w.agent = testutil.Secret(ocm.AgentNamespace, ocm.HubSecret, map[string]string{ocm.ClusterNameKey: "c1", ocm.AgentNameKey: "agent1"})
	w.registeredAt(t, w.here(), now.Add(24*time.Hour))
	w.applied = []*workv1.AppliedManifestWork{
		testutil.AppliedManifestWork("newhash", "w", agentID, testutil.Applied("", "v1", "configmaps", "default", "cm")),
	}
	return w
}

func (w *world) here() kubeconfig.Endpoint {
	return kubeconfig.Endpoint{Server: hubURL, CAData: w.ca.PEM, ClusterName: "hub-dr2-uid"}
}

func (w *world) old() kubeconfig.Endpoint {
	return kubeconfig.Endpoint{Server: oldURL, CAData: w.ca.PEM, ClusterName: "default-cluster"}
}

// bootstrapAt has the bootstrap kubeconfig lead to a hub.
func (w *world) bootstrapAt(t *testing.T, hub kubeconfig.Endpoint, token string) {
	t.Helper()
	data, err := kubeconfig.Bootstrap(hub, token)
	if err != nil {
		t.Fatal(err)
	}
	w.bootstrap = testutil.Secret(ocm.AgentNamespace, ocm.BootstrapSecret, map[string]string{ocm.KubeconfigKey: string(data)})
}

// registeredAt has the agent hold a certificate for a hub, as it keeps it: with the names of files.
func (w *world) registeredAt(t *testing.T, hub kubeconfig.Endpoint, notAfter time.Time) {
	t.Helper()
	w.agent.Data[corev1.TLSCertKey], w.agent.Data[corev1.TLSPrivateKeyKey] = w.ca.Client(t, notAfter)
	w.agent.Data[ocm.KubeconfigKey] = fmt.Appendf(nil, `apiVersion: v1
kind: Config
clusters: [{name: %s, cluster: {server: %q, certificate-authority-data: %s}}]
contexts: [{name: default-context, context: {cluster: %s, user: default-auth}}]
current-context: default-context
users: [{name: default-auth, user: {client-certificate: tls.crt, client-key: tls.key}}]
`, hub.ClusterName, hub.Server, base64.StdEncoding.EncodeToString(hub.CAData), hub.ClusterName)
}

// waiting has the agent switched and not yet registered here.
func (w *world) waiting(t *testing.T) {
	t.Helper()
	w.registeredAt(t, w.old(), now.Add(24*time.Hour))
	w.cluster.Status.Conditions = nil
	testutil.Condition(clusterv1.ManagedClusterConditionHubAccepted, metav1.ConditionTrue)(w.cluster)
	w.lease = nil
}

// asked adds a CSR of the agent, that old.
func (w *world) asked(t *testing.T, name string, age time.Duration, edits ...testutil.Edit[certificatesv1.CertificateSigningRequest]) {
	t.Helper()
	w.csrs = append(w.csrs, testutil.CSR(t, "c1", name, now.Add(-age), edits...))
}

// wrote notes who wrote an object last.
func wrote(object metav1.Object, manager string, at time.Time) {
	object.SetManagedFields([]metav1.ManagedFieldsEntry{{Manager: manager, Time: &metav1.Time{Time: at}}})
}

// jwt is a token that says for whom it is, and until when.
func jwt(subject string, notAfter time.Time) string {
	payload, err := json.Marshal(kubeconfig.Claims{Subject: subject, Expires: notAfter.Unix()})
	if err != nil {
		panic(err)
	}
	return "e30." + base64.RawURLEncoding.EncodeToString(payload) + ".c2VjcmV0"
}

var (
	unauthorized = apierrors.NewUnauthorized("Unauthorized")
	untrusted    = &tls.CertificateVerificationError{Err: x509.UnknownAuthorityError{}}
	forbidden    = apierrors.NewForbidden(corev1.Resource("pods"), "", errors.New("rbac"))
)

// source is where the test's credential is kept.
type source struct{ err error }

func (source) Name() string { return "Hive admin kubeconfig" }

func (s source) Find(context.Context, string) (*access.Credential, error) {
	return &access.Credential{Source: "Hive", Origin: "secret c1/c1-admin-kubeconfig", Config: &rest.Config{Host: managedURL}}, s.err
}

// build makes the fakes, and the explainer that works on them.
func (w *world) build(t *testing.T) (explainer *explain.Explainer, hub, managed *testutil.Hub) {
	t.Helper()
	var onHub, onManaged []runtime.Object
	add(&onHub, w.cluster)
	add(&onHub, w.namespace)
	add(&onHub, w.lease)
	add(&onHub, w.work)
	add(&onHub, w.csrs...)
	if w.addOn != nil {
		onHub = append(onHub, testutil.Object(t, ocm.AddOnResource, w.addOn))
	}
	add(&onManaged, w.klusterlet)
	add(&onManaged, w.agent, w.bootstrap, w.previous)
	add(&onManaged, w.pods...)
	add(&onManaged, w.applied...)
	hub, managed = testutil.NewHub(t, onHub...), testutil.NewHub(t, onManaged...)
	managed.Authenticate("system:admin", testutil.Everything)
	for _, kind := range w.hidden {
		managed.Kube.PrependReactor("*", kind, refuse(forbidden))
		managed.Dynamic.PrependReactor("*", kind, refuse(forbidden))
	}
	hub.Kube.PrependReactor("create", "subjectaccessreviews", func(clienttesting.Action) (bool, runtime.Object, error) {
		return true, &authorizationv1.SubjectAccessReview{Status: authorizationv1.SubjectAccessReviewStatus{Allowed: !w.mayNotAsk}}, nil
	})
	if w.refusal != nil {
		hub.Dynamic.PrependReactor("patch", "managedclusters", refuse(w.refusal))
	}
	return &explain.Explainer{
		Hub: &accept.Hub{Kube: hub.Kube, Dynamic: hub.Dynamic, Clock: clocktesting.NewFakeClock(now)},
		Finder: &access.Finder{
			Sources: []access.Source{source{err: w.credential}},
			Connect: func(*rest.Config) (kubernetes.Interface, dynamic.Interface, error) {
				return managed.Kube, managed.Dynamic, nil
			},
		},
		Endpoint: func(context.Context, *clusterv1.ManagedCluster) (kubeconfig.Endpoint, error) {
			return w.here(), w.endpoint
		},
		WhoAmI: func(context.Context, kubeconfig.Endpoint, string) (string, error) {
			return ocm.BootstrapUser("c1"), w.whoAmI
		},
		Server: "https://localhost:6443",
		Shell:  explain.Shell{Plugin: "kubectl acmdr", HubFlags: "--context=hub-dr2", ManagedFlags: w.managedFlags},
	}, hub, managed
}

// add leaves out what the world does not have.
func add[T interface {
	comparable
	runtime.Object
}](to *[]runtime.Object, objects ...T) {
	var none T
	for _, object := range objects {
		if object != none {
			*to = append(*to, object)
		}
	}
}

func refuse(err error) clienttesting.ReactionFunc {
	return func(clienttesting.Action) (bool, runtime.Object, error) { return true, nil, err }
}

// keeps adds the secret in which a move keeps the previous bootstrap kubeconfig.
func (w *world) keeps(at time.Time) {
	w.previous = testutil.Secret(ocm.AgentNamespace, reregister.PreviousSecret, nil)
	wrote(w.previous, "kubectl-acmdr", at)
}

// pod is a pod of the agent that has begun.
func pod(name, app string, edits ...testutil.Edit[corev1.Pod]) *corev1.Pod {
	p := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: ocm.AgentNamespace, Name: name, Labels: map[string]string{"app": app}},
		Status:     corev1.PodStatus{Phase: corev1.PodRunning},
	}
	for _, edit := range edits {
		edit(p)
	}
	return p
}

func ready(p *corev1.Pod) {
	p.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue}}
}

func approved(at time.Time) testutil.Edit[certificatesv1.CertificateSigningRequest] {
	return func(csr *certificatesv1.CertificateSigningRequest) {
		testutil.Decision(certificatesv1.CertificateApproved)(csr)
		csr.Status.Conditions[0].LastUpdateTime = metav1.NewTime(at)
	}
}

// reporting is an add-on with these conditions.
func reporting(conditions ...metav1.Condition) *addonv1alpha1.ManagedClusterAddOn {
	return &addonv1alpha1.ManagedClusterAddOn{
		ObjectMeta: metav1.ObjectMeta{Namespace: "c1", Name: "search"},
		Status:     addonv1alpha1.ManagedClusterAddOnStatus{Conditions: conditions},
	}
}

func workConfiguration(grace metav1.Duration) *operatorv1.WorkAgentConfiguration {
	return &operatorv1.WorkAgentConfiguration{AppliedManifestWorkEvictionGracePeriod: &grace}
}

// status is an answer of an API server.
func status(reason metav1.StatusReason, message string) error {
	return &apierrors.StatusError{ErrStatus: metav1.Status{Status: metav1.StatusFailure, Reason: reason, Message: message}}
}
