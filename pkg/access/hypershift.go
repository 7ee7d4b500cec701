package access

import (
	"cmp"
	"context"
	"errors"
	"fmt"
)

// HyperShift finds the admin kubeconfig of a hosted cluster: the secret that the HostedCluster's status names, or, since a
// restore drops the status and leaves the HostedCluster itself out, the name that HyperShift gives it (hypershift
// hypershift-operator/controllers/manifests/manifests.go).
type HyperShift struct{ Place }

// HostedNamespace is where ACM puts HostedClusters; their own namespace is the other usual place.
const HostedNamespace = "clusters"

// hostedSecret is the name that HyperShift gives it.
func hostedSecret(cluster string) string { return cluster + "-admin-kubeconfig" }

// Name is the source's name in messages.
func (HyperShift) Name() string { return "HyperShift admin kubeconfig" }

// Find returns the credential of a cluster, or ErrNone when there is neither such a HostedCluster nor its secret.
func (h HyperShift) Find(ctx context.Context, cluster string) (*Credential, error) {
	for _, namespace := range []string{cluster, HostedNamespace} {
		name, err := h.HostedCluster(ctx, namespace, cluster)
		absent := errors.Is(err, ErrNone)
		if err != nil && !absent {
			return nil, err
		}
		name = cmp.Or(name, hostedSecret(cluster))
		secret, err := h.Secret(ctx, namespace, name)
		switch {
		case errors.Is(err, ErrNone) && absent:
			continue
		case errors.Is(err, ErrNone):
			return nil, fmt.Errorf("hostedcluster %s/%s is there and its secret %s is not", namespace, cluster, name)
		case err != nil:
			return nil, err
		}
		return secret.credential("HyperShift", kubeconfigKey)
	}
	return nil, ErrNone
}
