package access

import (
	"context"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"

	"github.com/acmdr/kubectl-acmdr/pkg/kubeconfig"
	"github.com/acmdr/kubectl-acmdr/pkg/ocm"
)

// Place is where sources look for what a hub keeps about its clusters: a hub itself, or a backup of one. What is not there
// is ErrNone.
type Place interface {
	// AdminKubeconfig is the secret with the admin kubeconfig that Hive made of a cluster; the secret may be missing.
	AdminKubeconfig(ctx context.Context, cluster string) (string, error)
	// HostedCluster is the secret that the status of a HostedCluster names, or empty when it names none.
	HostedCluster(ctx context.Context, namespace, name string) (string, error)
	// Secret is one secret; Accounts are those in a namespace with the tokens of ManagedServiceAccounts.
	Secret(ctx context.Context, namespace, name string) (*Kept, error)
	Accounts(ctx context.Context, namespace string) ([]*Kept, error)
	// Endpoint is how the hub knows the cluster's API: the first of spec.managedClusterClientConfigs, which survives a
	// restore; empty when there is none.
	Endpoint(ctx context.Context, cluster string) (kubeconfig.Endpoint, error)
}

// onHub is a hub as a Place.
type onHub struct {
	kube    kubernetes.Interface
	dynamic dynamic.Interface
}

// OnHub is the Place that is a hub.
func OnHub(kube kubernetes.Interface, hub dynamic.Interface) Place {
	return &onHub{kube: kube, dynamic: hub}
}

// AdminKubeconfig is what Hive made of a cluster.
func (h *onHub) AdminKubeconfig(ctx context.Context, cluster string) (string, error) {
	found, err := ocm.AdminKubeconfigs(ctx, h.kube, h.dynamic, cluster)
	if err != nil {
		return "", err
	}
	admin, ok := found[cluster]
	if !ok {
		return "", ErrNone
	}
	return admin.Secret, nil
}

// HostedCluster is the secret that its status names.
func (h *onHub) HostedCluster(ctx context.Context, namespace, name string) (string, error) {
	hosted, err := h.dynamic.Resource(ocm.HostedClusterResource).Namespace(namespace).Get(ctx, name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return "", ErrNone
	}
	if err != nil {
		return "", fmt.Errorf("reading hostedcluster %s/%s: %w", namespace, name, err)
	}
	secret, _, _ := unstructured.NestedString(hosted.Object, "status", "kubeconfig", "name")
	return secret, nil
}

// Secret is one secret.
func (h *onHub) Secret(ctx context.Context, namespace, name string) (*Kept, error) {
	secret, err := h.kube.CoreV1().Secrets(namespace).Get(ctx, name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return nil, ErrNone
	}
	if err != nil {
		return nil, fmt.Errorf("reading secret %s/%s: %w", namespace, name, err)
	}
	return Keep(secret), nil
}

// Accounts are the secrets with tokens of ManagedServiceAccounts.
func (h *onHub) Accounts(ctx context.Context, namespace string) ([]*Kept, error) {
	secrets, err := h.kube.CoreV1().Secrets(namespace).List(ctx, metav1.ListOptions{LabelSelector: managedServiceAccountLabel + "=true"})
	if err != nil {
		return nil, fmt.Errorf("listing ManagedServiceAccount secrets: %w", err)
	}
	accounts := make([]*Kept, 0, len(secrets.Items))
	for i := range secrets.Items {
		accounts = append(accounts, Keep(&secrets.Items[i]))
	}
	return accounts, nil
}

// Endpoint is what the ManagedCluster tells.
func (h *onHub) Endpoint(ctx context.Context, cluster string) (kubeconfig.Endpoint, error) {
	managed, err := ocm.ManagedClusters(h.dynamic).Get(ctx, cluster)
	if err != nil {
		return kubeconfig.Endpoint{}, fmt.Errorf("reading managedcluster %s: %w", cluster, err)
	}
	return EndpointOf(managed), nil
}

// isAccount tells whether a secret holds the token of a ManagedServiceAccount.
func isAccount(secret metav1.Object) bool {
	return secret.GetLabels()[managedServiceAccountLabel] == "true"
}
