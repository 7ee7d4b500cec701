package access

import (
	"context"
	"fmt"

	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"

	"github.com/acmdr/kubectl-acmdr/pkg/kubeconfig"
	"github.com/acmdr/kubectl-acmdr/pkg/ocm"
)

// AutoImport finds the credential by which ACM was told to import a cluster: secret auto-import-secret in its namespace,
// with a kubeconfig, or a token and a server (managedcluster-import-controller pkg/constants/constants.go).
type AutoImport struct {
	Kube    kubernetes.Interface
	Dynamic dynamic.Interface
}

// Name is the source's name in messages.
func (*AutoImport) Name() string { return "auto-import-secret" }

// Find returns the credential of a cluster, or ErrNone.
func (a *AutoImport) Find(ctx context.Context, cluster string) (*Credential, error) {
	const source = "AutoImport"
	secret, err := secretOrNone(ctx, a.Kube, cluster, "auto-import-secret")
	if err != nil {
		return nil, err
	}
	if _, ok := secret.Data["kubeconfig"]; ok {
		return fromSecret(source, secret, "kubeconfig")
	}
	origin := "secret " + secret.Namespace + "/" + secret.Name
	token, server := string(secret.Data["token"]), string(secret.Data["server"])
	if token == "" || server == "" {
		return nil, fmt.Errorf("%s (type %s) holds neither a kubeconfig nor a token and a server", origin, secret.Type)
	}
	// ACM does not verify the server here; this does: by the CA that the cluster told its hub, else by the system's.
	endpoint, err := clientConfig(ctx, a.Dynamic, cluster)
	if err != nil {
		return nil, err
	}
	if endpoint.Server != server {
		endpoint = kubeconfig.Endpoint{Server: server}
	}
	return fromToken(source, origin, endpoint, token)
}

// clientConfig is how the hub knows the cluster's API: the first of spec.managedClusterClientConfigs, which survives a
// restore; empty when there is none.
func clientConfig(ctx context.Context, hub dynamic.Interface, cluster string) (kubeconfig.Endpoint, error) {
	managed, err := ocm.ManagedClusters(hub).Get(ctx, cluster)
	if err != nil {
		return kubeconfig.Endpoint{}, fmt.Errorf("reading managedcluster %s: %w", cluster, err)
	}
	configs := managed.Spec.ManagedClusterClientConfigs
	if len(configs) == 0 {
		return kubeconfig.Endpoint{}, nil
	}
	return kubeconfig.Endpoint{Server: configs[0].URL, CAData: configs[0].CABundle}, nil
}

// fromToken makes the credential of a bare token and the endpoint it goes with.
func fromToken(source, origin string, endpoint kubeconfig.Endpoint, token string) (*Credential, error) {
	if token == "" {
		return nil, fmt.Errorf("%s holds no token", origin)
	}
	if err := kubeconfig.CheckServer(endpoint.Server); err != nil {
		return nil, fmt.Errorf("%s: %w", origin, err)
	}
	config, err := kubeconfig.ClientConfig(endpoint, token)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", origin, err)
	}
	return &Credential{Source: source, Origin: origin, Config: config, NotAfter: expiry(config)}, nil
}
