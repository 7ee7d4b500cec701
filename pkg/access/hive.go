package access

import (
	"context"
	"errors"
	"fmt"
)

// Hive finds the admin kubeconfig of a cluster that Hive made: by the ClusterDeployment's reference, which is in its spec
// and so survives a restore, else by the label that Hive puts on such secrets.
type Hive struct{ Place }

// HiveSource is the source's name in tables.
const HiveSource = "Hive"

// Name is the source's name in messages.
func (Hive) Name() string { return "Hive admin kubeconfig" }

// Find returns the credential of a cluster, or ErrNone when Hive knows none.
func (h Hive) Find(ctx context.Context, cluster string) (*Credential, error) {
	name, err := h.AdminKubeconfig(ctx, cluster)
	if err != nil {
		return nil, err
	}
	secret, err := h.Secret(ctx, cluster, name)
	if errors.Is(err, ErrNone) {
		return nil, fmt.Errorf("the admin kubeconfig that Hive made: secret %s/%s is not there", cluster, name)
	}
	if err != nil {
		return nil, fmt.Errorf("the admin kubeconfig that Hive made: %w", err)
	}
	return secret.credential(HiveSource, kubeconfigKey)
}
