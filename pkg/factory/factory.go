// Package factory turns kubeconfig flags into clients. It is the only place that reads the user's kubeconfig.
package factory

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"os"
	"slices"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clusterv1 "open-cluster-management.io/api/cluster/v1"

	"github.com/acmdr/kubectl-acmdr/pkg/version"
)

// One hub client is shared by every target of a run, so its limiter must not be what bounds --parallel; the server's
// priority and fairness protects the hub.
const (
	qps   = 500
	burst = 1000
)

// Clients are the ways into one cluster.
type Clients struct {
	Config  *rest.Config
	Kube    kubernetes.Interface
	Dynamic dynamic.Interface
}

// Factory makes clients from the kubeconfig flags that kubectl users know.
type Factory struct {
	flags *genericclioptions.ConfigFlags
	// prefix is what the flags' names begin with; empty for kubectl's own.
	prefix string
}

// New returns the factory of these flags.
func New(flags *genericclioptions.ConfigFlags) *Factory {
	return &Factory{flags: flags}
}

// Hub opens the cluster of the current context and makes sure that it answers and is an OCM hub.
func (f *Factory) Hub(ctx context.Context) (*Clients, error) {
	config, err := f.config()
	if err != nil {
		return nil, err
	}
	return hub(ctx, config)
}

// OldHub opens another hub, from its own kubeconfig file, its own context, or both. It is nil when neither is given.
func (f *Factory) OldHub(ctx context.Context, path, contextName string) (*Clients, error) {
	if path == "" && contextName == "" {
		return nil, nil
	}
	flags := genericclioptions.NewConfigFlags(false)
	if path == "" {
		path = *f.flags.KubeConfig
	}
	flags.KubeConfig, flags.Context = &path, &contextName
	config, err := (&Factory{flags: flags, prefix: "old-hub-"}).config()
	if err != nil {
		return nil, fmt.Errorf("old hub: %w", err)
	}
	clients, err := hub(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("old hub: %w", err)
	}
	return clients, nil
}

// Contexts are the names of the kubeconfig's contexts.
func (f *Factory) Contexts(context.Context) ([]string, error) {
	raw, err := f.flags.ToRawKubeConfigLoader().RawConfig()
	return slices.Sorted(maps.Keys(raw.Contexts)), err
}

func (f *Factory) config() (*rest.Config, error) {
	raw, err := f.flags.ToRawKubeConfigLoader().RawConfig()
	if err != nil {
		return nil, f.unreadable(err)
	}
	inCluster := os.Getenv("KUBERNETES_SERVICE_HOST") != ""
	if len(raw.Clusters) == 0 && *f.flags.APIServer == "" && !inCluster {
		return nil, errors.New("no kubeconfig found: set KUBECONFIG or use --kubeconfig")
	}
	if name := *f.flags.Context; name != "" && raw.Contexts[name] == nil {
		return nil, f.wrong("context", "%q does not exist in the kubeconfig", name)
	}
	if timeout := *f.flags.Timeout; timeout != "" {
		if _, err := clientcmd.ParseTimeout(timeout); err != nil {
			return nil, f.wrong("request-timeout", "%q is no length of time: write it as 30s, 2m or 1h", timeout)
		}
	}
	return f.flags.ToRESTConfig()
}

func hub(ctx context.Context, config *rest.Config) (*Clients, error) {
	clients, err := From(config)
	if err != nil {
		return nil, err
	}
	return clients, checkHub(ctx, clients)
}

// From makes clients for a config, with the plugin's limits and user agent.
func From(config *rest.Config) (*Clients, error) {
	config = rest.CopyConfig(config)
	config.QPS, config.Burst = qps, burst
	config.UserAgent = "kubectl-acmdr/" + version.Version
	// API warnings would mix into the progress of a whole fleet.
	config.WarningHandler = rest.NoWarnings{}
	httpClient, err := rest.HTTPClientFor(config)
	if err != nil {
		return nil, err
	}
	kube, err := kubernetes.NewForConfigAndClient(config, httpClient)
	if err != nil {
		return nil, err
	}
	dyn, err := dynamic.NewForConfigAndClient(config, httpClient)
	if err != nil {
		return nil, err
	}
	return &Clients{Config: config, Kube: kube, Dynamic: dyn}, nil
}

// Connect makes the clients of any cluster that a config opens, such as a managed one.
func Connect(config *rest.Config) (kubernetes.Interface, dynamic.Interface, error) {
	clients, err := From(config)
	if err != nil {
		return nil, nil, err
	}
	return clients.Kube, clients.Dynamic, nil
}

// UnreachableError tells that a cluster does not answer, as opposed to one that refuses.
type UnreachableError struct {
	Host string
	Err  error
}

func (e *UnreachableError) Error() string { return fmt.Sprintf("cannot reach %s: %v", e.Host, e.Err) }

// Unwrap returns the cause.
func (e *UnreachableError) Unwrap() error { return e.Err }

func checkHub(_ context.Context, clients *Clients) error {
	_, err := clients.Kube.Discovery().ServerResourcesForGroupVersion(clusterv1.GroupVersion.String())
	var unreachable *url.Error
	switch {
	case err == nil:
		return nil
	case apierrors.IsNotFound(err):
		return fmt.Errorf("%s is not an OCM hub: it has no API %s", clients.Config.Host, clusterv1.GroupVersion)
	case apierrors.IsUnauthorized(err):
		return fmt.Errorf("%s does not accept the credentials of the kubeconfig", clients.Config.Host)
	case errors.As(err, &unreachable):
		return &UnreachableError{Host: clients.Config.Host, Err: unreachable.Err}
	}
	return fmt.Errorf("cannot read the API groups of %s: %w", clients.Config.Host, err)
}

// ClusterUID identifies a cluster: the UID of its kube-system namespace.
func ClusterUID(ctx context.Context, kube kubernetes.Interface) (types.UID, error) {
	namespace, err := kube.CoreV1().Namespaces().Get(ctx, metav1.NamespaceSystem, metav1.GetOptions{})
	if err != nil {
		return "", fmt.Errorf("reading namespace %s: %w", metav1.NamespaceSystem, err)
	}
	return namespace.UID, nil
}
