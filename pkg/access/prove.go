package access

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	operatorv1 "open-cluster-management.io/api/operator/v1"

	"github.com/acmdr/kubectl-acmdr/pkg/ocm"
	"github.com/acmdr/kubectl-acmdr/pkg/wait"
)

// Managed is a managed cluster whose API is open and proven to be the right one.
type Managed struct {
	Credential *Credential
	Kube       kubernetes.Interface
	Dynamic    dynamic.Interface
	// User is who the cluster says that the credential is.
	User string
	// Namespace is where the agent runs.
	Namespace string
	// AgentID is the UID of the Klusterlet, which AppliedManifestWorks carry; empty when it cannot be read.
	AgentID string
	// Passed are the credentials that were tried before and why they did not do.
	Passed []error
}

// prove opens the API with a credential and checks, reading only, that it is the agent of this very cluster and that the
// credential may replace its bootstrap kubeconfig. With an error, it returns what it opened, if anything.
func (f *Finder) prove(ctx context.Context, cluster string, known sets.Set[string], credential *Credential) (*Managed, error) {
	if !credential.NotAfter.IsZero() && time.Now().After(credential.NotAfter) {
		return nil, fmt.Errorf("%s expired on %s", credential.Origin, credential.NotAfter.UTC().Format(time.RFC3339))
	}
	kube, dyn, err := f.Connect(credential.Config)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", credential.Origin, err)
	}
	managed := &Managed{Credential: credential, Kube: kube, Dynamic: dyn, Namespace: ocm.AgentNamespace}
	ctx, cancel := context.WithTimeout(ctx, wait.Probe)
	defer cancel()
	review, err := kube.AuthenticationV1().SelfSubjectReviews().Create(ctx, &authenticationv1.SelfSubjectReview{}, metav1.CreateOptions{})
	if err != nil && !apierrors.IsNotFound(err) { // Kubernetes before 1.28 has no SelfSubjectReview v1
		return nil, explain(credential, err)
	}
	if err == nil {
		managed.User = review.Status.UserInfo.Username
	}
	if err := managed.readKlusterlet(ctx); err != nil {
		return managed, err
	}
	if err := managed.checkIdentity(ctx, cluster, known); err != nil {
		return managed, err
	}
	return managed, managed.checkRights(ctx)
}

// ErrUnreachable tells that the API of a managed cluster did not answer.
var ErrUnreachable = errors.New("unreachable")

// explain says in one line why an API did not answer.
func explain(credential *Credential, err error) error {
	var unreachable *url.Error
	host := credential.Config.Host
	switch {
	case apierrors.IsUnauthorized(err):
		return fmt.Errorf("%s is not accepted by %s: expired, revoked, or of another cluster", credential.Origin, host)
	case errors.Is(err, context.DeadlineExceeded):
		return &unreachableError{host: host, why: fmt.Errorf("no answer within %s", wait.Probe)}
	case errors.As(err, &unreachable):
		return &unreachableError{host: host, why: unreachable.Err}
	}
	return fmt.Errorf("%s: %w", host, err)
}

type unreachableError struct {
	host string
	why  error
}

func (e *unreachableError) Error() string {
	return fmt.Sprintf("cannot reach the managed cluster at %s: %v", e.host, e.why)
}

// Unwrap returns why.
func (e *unreachableError) Unwrap() error { return e.why }

// Is makes it an ErrUnreachable.
func (*unreachableError) Is(target error) bool { return target == ErrUnreachable }

// readKlusterlet takes the agent's namespace from the Klusterlet, and refuses registrations that a bootstrap kubeconfig
// does not steer.
func (m *Managed) readKlusterlet(ctx context.Context) error {
	klusterlets, err := ocm.Klusterlets(m.Dynamic).List(ctx, "")
	if apierrors.IsNotFound(err) || apierrors.IsForbidden(err) {
		return nil // agents can run without the operator, and a narrow credential may not look
	}
	if err != nil {
		return fmt.Errorf("listing Klusterlets: %w", err)
	}
	if len(klusterlets) != 1 {
		return nil
	}
	klusterlet := klusterlets[0]
	m.AgentID = string(klusterlet.UID)
	if klusterlet.Spec.Namespace != "" {
		m.Namespace = klusterlet.Spec.Namespace
	}
	return supported(&klusterlet)
}

func supported(klusterlet *operatorv1.Klusterlet) error {
	mode := klusterlet.Spec.DeployOption.Mode
	if mode == operatorv1.InstallModeHosted || mode == operatorv1.InstallModeSingletonHosted {
		return fmt.Errorf("the klusterlet runs in %s mode: its bootstrap kubeconfig is on the hosting cluster, replace it there", mode)
	}
	registration := klusterlet.Spec.RegistrationConfiguration
	if registration == nil {
		return nil
	}
	if driver := registration.RegistrationDriver.AuthType; driver != "" && driver != "csr" {
		return fmt.Errorf("the klusterlet registers by %s, not by CSR: change spec.registrationConfiguration of the Klusterlet by hand", driver)
	}
	for _, gate := range registration.FeatureGates {
		if gate.Feature == "MultipleHubs" && gate.Mode == operatorv1.FeatureGateModeTypeEnable {
			return errors.New("the klusterlet switches hubs by itself (feature gate MultipleHubs): " +
				"add this hub's kubeconfig to spec.registrationConfiguration.bootstrapKubeConfigs of the Klusterlet")
		}
	}
	return nil
}

// checkRights asks the cluster whether the credential may do what the switch needs.
func (m *Managed) checkRights(ctx context.Context) error {
	for _, verb := range []string{"get", "update"} {
		review, err := m.Kube.AuthorizationV1().SelfSubjectAccessReviews().Create(ctx, &authorizationv1.SelfSubjectAccessReview{
			Spec: authorizationv1.SelfSubjectAccessReviewSpec{ResourceAttributes: &authorizationv1.ResourceAttributes{
				Namespace: m.Namespace, Verb: verb, Resource: "secrets", Name: ocm.BootstrapSecret,
			}},
		}, metav1.CreateOptions{})
		if err != nil {
			return fmt.Errorf("asking for the rights of %s: %w", m.User, err)
		}
		if !review.Status.Allowed {
			return fmt.Errorf("%s may not %s secret %s/%s on the managed cluster; 'kubectl acmdr rbac managed' prints the role that may",
				m.User, verb, m.Namespace, ocm.BootstrapSecret)
		}
	}
	return nil
}
