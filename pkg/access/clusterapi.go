package access

import "context"

// ClusterAPI finds the kubeconfig that Cluster API keeps of a workload cluster.
type ClusterAPI struct{ Place }

// clusterAPISecret is the secret that holds it (cluster-api util/secret/consts.go).
func clusterAPISecret(cluster string) string { return cluster + "-kubeconfig" }

// Name is the source's name in messages.
func (ClusterAPI) Name() string { return "Cluster API kubeconfig" }

// Find returns the credential of a cluster, or ErrNone.
func (c ClusterAPI) Find(ctx context.Context, cluster string) (*Credential, error) {
	secret, err := c.Secret(ctx, cluster, clusterAPISecret(cluster))
	if err != nil {
		return nil, err
	}
	return secret.credential("ClusterAPI", valueKey)
}
