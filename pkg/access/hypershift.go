package access

import (
	"cmp"
	"context"
	"errors"
	"fmt"
)

// HyperShift finds the admin kubeconfig of a hosted cluster: the secret that the HostedCluster's status names, or, since a
// restore drops the status, the name that HyperShift gives it (hypershift
// hypershift-operator/controllers/manifests/manifests.go).
type HyperShift struct{ Place }

// HostedNamespace is where ACM puts HostedClusters; their own namespace is the other usual place.
const HostedNamespace = "clusters"

// Name is the source's name in messages.
func (HyperShift) Name() string { return "HyperShift admin kubeconfig" }

// Find returns the credential of a cluster, or ErrNone when there is no such HostedCluster.
func (h HyperShift) Find(ctx context.Context, cluster string) (*Credential, error) {
	for _, namespace := range []string{cluster, HostedNamespace} {
		name, err := h.HostedCluster(ctx, namespace, cluster)
		if errors.Is(err, ErrNone) {
			continue
		}
		if err != nil {
			return nil, err
		}
		name = cmp.Or(name, cluster+"-admin-kubeconfig")
		secret, err := h.Secret(ctx, namespace, name)
		if errors.Is(err, ErrNone) {
			return nil, fmt.Errorf("hostedcluster %s/%s is there and its secret %s is not", namespace, cluster, name)
		}
		if err != nil {
			return nil, err
		}
		return secret.credential("HyperShift", kubeconfigKey)
	}
	return nil, ErrNone
}
