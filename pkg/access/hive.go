package access

import (
	"context"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"

	"github.com/acmdr/kubectl-acmdr/pkg/kubeconfig"
	"github.com/acmdr/kubectl-acmdr/pkg/ocm"
)

// hiveKey is the key of the admin kubeconfig; Hive adds its own CA to this one, not to raw-kubeconfig.
const hiveKey = "kubeconfig"

// Hive finds the admin kubeconfig of a cluster that Hive made: by the ClusterDeployment's reference, which is in its spec
// and so survives a restore, else by the label that Hive puts on such secrets.
type Hive struct {
	Kube    kubernetes.Interface
	Dynamic dynamic.Interface
}

// HiveSource is the source's name in tables.
const HiveSource = "Hive"

// Name is the source's name in messages.
func (*Hive) Name() string { return "Hive admin kubeconfig" }

// Find returns the credential of a cluster, or ErrNone when Hive knows none.
func (h *Hive) Find(ctx context.Context, cluster string) (*Credential, error) {
	secret, err := h.secret(ctx, cluster)
	if err != nil {
		return nil, err
	}
	origin := "secret " + secret.Namespace + "/" + secret.Name
	data, ok := secret.Data[hiveKey]
	if !ok {
		return nil, fmt.Errorf("%s has no key %q", origin, hiveKey)
	}
	config, err := kubeconfig.Load(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", origin, err)
	}
	return &Credential{Source: HiveSource, Origin: origin, Config: config, NotAfter: expiry(config)}, nil
}

func (h *Hive) secret(ctx context.Context, cluster string) (*corev1.Secret, error) {
	secrets := h.Kube.CoreV1().Secrets(cluster)
	deployments, err := h.Dynamic.Resource(ocm.ClusterDeploymentResource).Namespace(cluster).List(ctx, metav1.ListOptions{})
	if err != nil && !apierrors.IsNotFound(err) {
		return nil, fmt.Errorf("listing ClusterDeployments: %w", err)
	}
	if deployments != nil {
		if name := adminKubeconfigSecret(deployments.Items, cluster); name != "" {
			secret, err := secrets.Get(ctx, name, metav1.GetOptions{})
			if err != nil {
				return nil, fmt.Errorf("the ClusterDeployment's admin kubeconfig: %w", err)
			}
			return secret, nil
		}
	}
	labelled, err := secrets.List(ctx, metav1.ListOptions{LabelSelector: ocm.HiveSecretTypeLabel + "=" + ocm.HiveKubeconfig})
	if err != nil {
		return nil, fmt.Errorf("listing secrets: %w", err)
	}
	switch len(labelled.Items) {
	case 0:
		return nil, ErrNone
	case 1:
		return &labelled.Items[0], nil
	}
	// One secret per provision attempt; the newest is the cluster's.
	newest := slices.MaxFunc(labelled.Items, func(a, b corev1.Secret) int {
		if c := a.CreationTimestamp.Compare(b.CreationTimestamp.Time); c != 0 {
			return c
		}
		return strings.Compare(a.Name, b.Name)
	})
	return &newest, nil
}

// adminKubeconfigSecret is the name in .spec.clusterMetadata.adminKubeconfigSecretRef of the cluster's ClusterDeployment,
// preferring the one that is named like the cluster, as ACM does.
func adminKubeconfigSecret(deployments []unstructured.Unstructured, cluster string) string {
	found := ""
	for _, deployment := range deployments {
		name, _, _ := unstructured.NestedString(deployment.Object, "spec", "clusterMetadata", "adminKubeconfigSecretRef", "name")
		if name == "" {
			continue
		}
		if deployment.GetName() == cluster {
			return name
		}
		if found == "" {
			found = name
		}
	}
	return found
}

// Known lists the clusters for which Hive has a credential, from two reads of the whole hub.
func (h *Hive) Known(ctx context.Context) (map[string]bool, error) {
	known := map[string]bool{}
	deployments, err := h.Dynamic.Resource(ocm.ClusterDeploymentResource).List(ctx, metav1.ListOptions{})
	if err != nil && !apierrors.IsNotFound(err) {
		return nil, fmt.Errorf("listing ClusterDeployments: %w", err)
	}
	if deployments != nil {
		for _, d := range deployments.Items {
			if adminKubeconfigSecret([]unstructured.Unstructured{d}, d.GetNamespace()) != "" {
				known[d.GetNamespace()] = true
			}
		}
	}
	labelled, err := h.Kube.CoreV1().Secrets("").List(ctx,
		metav1.ListOptions{LabelSelector: ocm.HiveSecretTypeLabel + "=" + ocm.HiveKubeconfig})
	if err != nil {
		return nil, fmt.Errorf("listing secrets: %w", err)
	}
	for _, secret := range labelled.Items {
		known[secret.Namespace] = true
	}
	return known, nil
}
