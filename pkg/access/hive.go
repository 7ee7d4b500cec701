package access

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"

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
	return fromSecret(HiveSource, secret, hiveKey)
}

func (h *Hive) secret(ctx context.Context, cluster string) (*corev1.Secret, error) {
	found, err := ocm.AdminKubeconfigs(ctx, h.Kube, h.Dynamic, cluster)
	if err != nil {
		return nil, err
	}
	admin, ok := found[cluster]
	if !ok {
		return nil, ErrNone
	}
	secret, err := h.Kube.CoreV1().Secrets(cluster).Get(ctx, admin.Secret, metav1.GetOptions{})
	if err != nil {
		return nil, fmt.Errorf("the admin kubeconfig that Hive made: %w", err)
	}
	return secret, nil
}
