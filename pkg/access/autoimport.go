package access

import (
	"context"
	"fmt"

	"github.com/acmdr/kubectl-acmdr/pkg/kubeconfig"
)

// AutoImport finds the credential by which ACM was told to import a cluster: secret auto-import-secret in its namespace,
// with a kubeconfig, or a token and a server (managedcluster-import-controller pkg/constants/constants.go).
type AutoImport struct{ Place }

const autoImportSecret = "auto-import-secret"

// Name is the source's name in messages.
func (AutoImport) Name() string { return autoImportSecret }

// Find returns the credential of a cluster, or ErrNone.
func (a AutoImport) Find(ctx context.Context, cluster string) (*Credential, error) {
	const source = "AutoImport"
	secret, err := a.Secret(ctx, cluster, autoImportSecret)
	if err != nil {
		return nil, err
	}
	if _, ok := secret.whole[kubeconfigKey]; ok {
		return secret.credential(source, kubeconfigKey)
	}
	if !secret.held || secret.server == "" {
		return nil, fmt.Errorf("%s (type %s) holds neither a kubeconfig nor a token and a server", secret.origin(), secret.kind)
	}
	// ACM does not verify the server here; this does: by the CA that the cluster told its hub, else by the system's.
	endpoint, err := a.Endpoint(ctx, cluster)
	if err != nil {
		return nil, err
	}
	if endpoint.Server != secret.server {
		endpoint = kubeconfig.Endpoint{Server: secret.server}
	}
	return secret.withEndpoint(source, endpoint)
}
