package bootstrap

import (
	"context"
	"errors"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	clusterv1 "open-cluster-management.io/api/cluster/v1"

	"github.com/acmdr/kubectl-acmdr/pkg/kubeconfig"
	"github.com/acmdr/kubectl-acmdr/pkg/ocm"
)

// globalConfig is the KlusterletConfig that applies where a cluster's own does not say otherwise.
const globalConfig = "global"

// klusterletConfig is the part of an ACM KlusterletConfig that says how agents reach the hub
// (stolostron/cluster-lifecycle-api klusterletconfig/v1alpha1).
type klusterletConfig struct {
	// from is the name of the KlusterletConfig that has the url.
	from     string
	url      string
	proxyURL string
	strategy string
	bundles  []bundleRef
}

type bundleRef struct{ namespace, name string }

// The strategies of spec.hubKubeAPIServerConfig.serverVerificationStrategy that do not look for the CA on the hub.
const (
	useSystemTruststore = "UseSystemTruststore"
	useCustomCABundles  = "UseCustomCABundles"
)

// Endpoints are how the agents of a fleet reach a hub: all the same way, but for clusters with a KlusterletConfig that says
// otherwise.
type Endpoints struct {
	hub     Hub
	base    kubeconfig.Endpoint
	configs map[string]klusterletConfig
	// userCA tells that the user gave the CA, which goes before every KlusterletConfig's.
	userCA bool
}

// FindEndpoints finds the hub's endpoint and reads its KlusterletConfigs. A URL that the user gave goes before both.
func FindEndpoints(ctx context.Context, hub Hub, options EndpointOptions) (*Endpoints, error) {
	endpoints := &Endpoints{hub: hub, configs: map[string]klusterletConfig{}, userCA: len(options.CAData) > 0}
	var err error
	if endpoints.base, err = FindEndpoint(ctx, hub, options); err != nil {
		return nil, err
	}
	if options.Server != "" {
		return endpoints, nil
	}
	list, err := hub.Dynamic.Resource(ocm.KlusterletConfigResource).List(ctx, metav1.ListOptions{})
	if apierrors.IsNotFound(err) {
		return endpoints, nil // not ACM
	}
	if err != nil {
		return nil, fmt.Errorf("listing KlusterletConfigs: %w", err)
	}
	for i := range list.Items {
		endpoints.configs[list.Items[i].GetName()] = readKlusterletConfig(&list.Items[i])
	}
	return endpoints, nil
}

// For is the endpoint for the agent of one cluster.
func (e *Endpoints) For(ctx context.Context, cluster *clusterv1.ManagedCluster) (kubeconfig.Endpoint, error) {
	config := e.configs[cluster.Annotations[ocm.KlusterletConfigAnnotation]].over(e.configs[globalConfig])
	endpoint := e.base
	if config.proxyURL != "" && endpoint.ProxyURL == "" {
		endpoint.ProxyURL = config.proxyURL
	}
	if config.url != "" {
		if err := checkServer(config.url); err != nil {
			return endpoint, err
		}
		endpoint.Server, endpoint.From = config.url, "KlusterletConfig "+config.from
	}
	if e.userCA {
		return endpoint, nil
	}
	switch config.strategy {
	case useSystemTruststore:
		endpoint.CAData = nil
	case useCustomCABundles:
		data, err := e.customBundles(ctx, config.bundles)
		if err != nil {
			return endpoint, err
		}
		endpoint.CAData = data
	}
	return endpoint, nil
}

func (e *Endpoints) customBundles(ctx context.Context, refs []bundleRef) ([]byte, error) {
	var data []byte
	for _, ref := range refs {
		found, err := e.hub.Kube.CoreV1().ConfigMaps(ref.namespace).Get(ctx, ref.name, metav1.GetOptions{})
		if err != nil {
			return nil, fmt.Errorf("reading the CA bundle that the KlusterletConfig names: %w", err)
		}
		for _, key := range []string{"ca-bundle.crt", corev1.ServiceAccountRootCAKey, "tls.crt"} {
			if value := found.Data[key]; value != "" {
				data = append(append(data, value...), '\n')
			}
		}
	}
	// None would mean the system's trust store, which is not what the KlusterletConfig asks for.
	if first := kubeconfig.FirstCertificate(data); first == nil || !first.IsCA {
		return nil, errors.New("the CA bundles that the KlusterletConfig names do not begin with a CA certificate: give one with --hub-ca-file")
	}
	return data, nil
}

// over is the config with the other one's values where it has none of its own.
func (c klusterletConfig) over(other klusterletConfig) klusterletConfig {
	if c.url == "" {
		c.url, c.from = other.url, other.from
	}
	if c.proxyURL == "" {
		c.proxyURL = other.proxyURL
	}
	if c.strategy == "" {
		c.strategy, c.bundles = other.strategy, other.bundles
	}
	return c
}

func readKlusterletConfig(object *unstructured.Unstructured) klusterletConfig {
	text := func(fields ...string) string {
		value, _, _ := unstructured.NestedString(object.Object, append([]string{"spec"}, fields...)...)
		return value
	}
	config := klusterletConfig{
		from:     object.GetName(),
		url:      text("hubKubeAPIServerConfig", "url"),
		proxyURL: text("hubKubeAPIServerConfig", "proxyURL"),
		strategy: text("hubKubeAPIServerConfig", "serverVerificationStrategy"),
	}
	if config.url == "" {
		config.url = text("hubKubeAPIServerURL") // before ACM 2.12
	}
	if config.proxyURL == "" {
		config.proxyURL = text("hubKubeAPIServerProxyConfig", "httpsProxy")
	}
	bundles, _, _ := unstructured.NestedSlice(object.Object, "spec", "hubKubeAPIServerConfig", "trustedCABundles")
	for _, entry := range bundles {
		if fields, ok := entry.(map[string]any); ok {
			name, _, _ := unstructured.NestedString(fields, "caBundle", "name")
			namespace, _, _ := unstructured.NestedString(fields, "caBundle", "namespace")
			config.bundles = append(config.bundles, bundleRef{namespace: namespace, name: name})
		}
	}
	return config
}
