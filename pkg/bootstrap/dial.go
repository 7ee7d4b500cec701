package bootstrap

import (
	"context"
	"errors"
	"fmt"
	"net/url"

	authenticationv1 "k8s.io/api/authentication/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/acmdr/kubectl-acmdr/pkg/kubeconfig"
	"github.com/acmdr/kubectl-acmdr/pkg/wait"
)

// Dial reaches the endpoint with exactly its CA, as nobody: any answer of the API server proves the way and the TLS.
func Dial(ctx context.Context, endpoint kubeconfig.Endpoint) error {
	_, err := WhoAmI(ctx, endpoint, "")
	if err == nil || apierrors.IsUnauthorized(err) || apierrors.IsForbidden(err) {
		return nil
	}
	return err
}

// RefusedError tells that a hub answered and does not accept a bootstrap token.
type RefusedError struct{ Server string }

func (e *RefusedError) Error() string {
	return fmt.Sprintf("the hub at %s does not accept the bootstrap token: is it another hub?", e.Server)
}

// Verify tries a token at the endpoint with exactly its CA, the way an agent will, and makes sure that the hub takes it
// for the identity that it was made for.
func Verify(ctx context.Context, endpoint kubeconfig.Endpoint, token, user string) error {
	name, err := WhoAmI(ctx, endpoint, token)
	switch {
	case apierrors.IsUnauthorized(err):
		return &RefusedError{Server: endpoint.Server}
	case err != nil:
		return fmt.Errorf("trying the bootstrap kubeconfig at %s: %w", endpoint.Server, err)
	case name != "" && name != user:
		return fmt.Errorf("the hub at %s takes the bootstrap token for %s, not %s", endpoint.Server, name, user)
	}
	return nil
}

// WhoAmI asks the endpoint, with exactly its CA, for whom it takes a token. The name is empty where the hub is too old to say.
func WhoAmI(ctx context.Context, endpoint kubeconfig.Endpoint, token string) (string, error) {
	config, err := kubeconfig.ClientConfig(endpoint, token)
	if err != nil {
		return "", err
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeout(ctx, wait.Probe)
	defer cancel()
	review, err := client.AuthenticationV1().SelfSubjectReviews().Create(ctx, &authenticationv1.SelfSubjectReview{}, metav1.CreateOptions{})
	var unreachable *url.Error
	switch {
	case apierrors.IsNotFound(err): // Kubernetes before 1.28: the token was accepted, the API is not there
		return "", nil
	case errors.As(err, &unreachable):
		return "", unreachable.Err
	case err != nil:
		return "", err
	}
	return review.Status.UserInfo.Username, nil
}
