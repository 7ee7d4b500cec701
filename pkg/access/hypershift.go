package access

import (
	"context"
	"errors"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"

	"github.com/acmdr/kubectl-acmdr/pkg/ocm"
)

// HyperShift finds the admin kubeconfig of a hosted cluster: the secret that the HostedCluster's status names, or, since a
// restore drops the status, the name that HyperShift gives it (hypershift
// hypershift-operator/controllers/manifests/manifests.go).
type HyperShift struct {
	Kube    kubernetes.Interface
	Dynamic dynamic.Interface
}

// hostedNamespace is where ACM puts HostedClusters; their own namespace is the other usual place.
const hostedNamespace = "clusters"

// Name is the source's name in messages.
func (*HyperShift) Name() string { return "HyperShift admin kubeconfig" }

// Find returns the credential of a cluster, or ErrNone when there is no such HostedCluster.
func (h *HyperShift) Find(ctx context.Context, cluster string) (*Credential, error) {
	for _, namespace := range []string{cluster, hostedNamespace} {
		hosted, err := h.Dynamic.Resource(ocm.HostedClusterResource).Namespace(namespace).Get(ctx, cluster, metav1.GetOptions{})
		if apierrors.IsNotFound(err) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("reading hostedcluster %s/%s: %w", namespace, cluster, err)
		}
		name, _, _ := unstructured.NestedString(hosted.Object, "status", "kubeconfig", "name")
		if name == "" {
			name = cluster + "-admin-kubeconfig"
		}
		secret, err := secretOrNone(ctx, h.Kube, namespace, name)
		if errors.Is(err, ErrNone) {
			return nil, fmt.Errorf("hostedcluster %s/%s is there and its secret %s is not", namespace, cluster, name)
		}
		if err != nil {
			return nil, err
		}
		return fromSecret("HyperShift", secret, "kubeconfig")
	}
	return nil, ErrNone
}
