package access

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/acmdr/kubectl-acmdr/pkg/kubeconfig"
)

// fromSecret makes the credential of a secret that holds a whole kubeconfig under a key.
func fromSecret(source string, secret *corev1.Secret, key string) (*Credential, error) {
	origin := "secret " + secret.Namespace + "/" + secret.Name
	data, ok := secret.Data[key]
	if !ok {
		return nil, fmt.Errorf("%s has no key %q", origin, key)
	}
	config, err := kubeconfig.Load(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", origin, err)
	}
	return &Credential{Source: source, Origin: origin, Config: config, NotAfter: expiry(config)}, nil
}

// secretOrNone reads a secret; one that is not there is ErrNone.
func secretOrNone(ctx context.Context, hub kubernetes.Interface, namespace, name string) (*corev1.Secret, error) {
	secret, err := hub.CoreV1().Secrets(namespace).Get(ctx, name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return nil, ErrNone
	}
	if err != nil {
		return nil, fmt.Errorf("reading secret %s/%s: %w", namespace, name, err)
	}
	return secret, nil
}
