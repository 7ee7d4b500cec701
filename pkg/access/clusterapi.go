package access

import (
	"context"

	"k8s.io/client-go/kubernetes"
)

// ClusterAPI finds the kubeconfig that Cluster API keeps of a workload cluster: secret <cluster>-kubeconfig, key value
// (cluster-api util/secret/consts.go).
type ClusterAPI struct {
	Kube kubernetes.Interface
}

// Name is the source's name in messages.
func (*ClusterAPI) Name() string { return "Cluster API kubeconfig" }

// Find returns the credential of a cluster, or ErrNone.
func (c *ClusterAPI) Find(ctx context.Context, cluster string) (*Credential, error) {
	secret, err := secretOrNone(ctx, c.Kube, cluster, cluster+"-kubeconfig")
	if err != nil {
		return nil, err
	}
	return fromSecret("ClusterAPI", secret, "value")
}
