// Package bootstrap makes what an agent needs to join a hub: where the hub is and how it is verified, an identity with the
// right to ask for a certificate, and a kubeconfig that was tried before anybody depends on it.
package bootstrap

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/acmdr/kubectl-acmdr/pkg/kubeconfig"
	"github.com/acmdr/kubectl-acmdr/pkg/ocm"
)

// Hub is the hub that agents shall join, as the operator reaches it.
type Hub struct {
	Kube    kubernetes.Interface
	Dynamic dynamic.Interface
	Config  *rest.Config
}

// EndpointOptions are the user's wishes; what is empty is found on the hub.
type EndpointOptions struct {
	Server   string
	CAData   []byte
	ProxyURL string
}

// FindEndpoint works out how agents reach the hub: the URL from the flag, then OpenShift's Infrastructure, then
// kube-public/cluster-info, then the current context; the CA is the first of the known bundles that verifies that URL.
func FindEndpoint(ctx context.Context, hub Hub, options EndpointOptions) (kubeconfig.Endpoint, error) {
	endpoint := kubeconfig.Endpoint{ProxyURL: options.ProxyURL}
	info, err := clusterInfo(ctx, hub.Kube)
	if err != nil {
		return endpoint, err
	}
	infrastructure, err := hub.Dynamic.Resource(ocm.InfrastructureResource).Get(ctx, "cluster", metav1.GetOptions{})
	if err != nil && !apierrors.IsNotFound(err) {
		return endpoint, fmt.Errorf("reading infrastructure/cluster: %w", err)
	}
	onOpenShift := err == nil
	if endpoint.ClusterName, err = clusterName(ctx, hub.Kube, infrastructure, onOpenShift); err != nil {
		return endpoint, err
	}
	endpoint.Server = options.Server
	if endpoint.Server == "" && onOpenShift {
		endpoint.Server, _, _ = unstructured.NestedString(infrastructure.Object, "status", "apiServerURL")
	}
	if endpoint.Server == "" && info != nil {
		endpoint.Server = info.Server
	}
	if endpoint.Server == "" {
		endpoint.Server = hub.Config.Host
	}
	if err := checkServer(endpoint.Server); err != nil {
		return endpoint, err
	}
	bundles := [][]byte{options.CAData}
	if len(options.CAData) == 0 {
		if bundles, err = knownBundles(ctx, hub, info); err != nil {
			return endpoint, err
		}
	}
	return verified(ctx, endpoint, bundles)
}

// clusterName is unique to the hub: the Infrastructure's UID as ACM has it, else kube-system's.
func clusterName(
	ctx context.Context, kube kubernetes.Interface, infrastructure *unstructured.Unstructured, onOpenShift bool,
) (string, error) {
	if onOpenShift {
		return string(infrastructure.GetUID()), nil
	}
	namespace, err := kube.CoreV1().Namespaces().Get(ctx, metav1.NamespaceSystem, metav1.GetOptions{})
	if err != nil {
		return "", fmt.Errorf("reading namespace %s of the hub: %w", metav1.NamespaceSystem, err)
	}
	return string(namespace.UID), nil
}

type info struct {
	Server string
	CAData []byte
}

// clusterInfo reads the kubeconfig that kubeadm publishes; nil when the hub has none.
func clusterInfo(ctx context.Context, kube kubernetes.Interface) (*info, error) {
	published, err := kube.CoreV1().ConfigMaps(metav1.NamespacePublic).Get(ctx, "cluster-info", metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading configmap %s/cluster-info of the hub: %w", metav1.NamespacePublic, err)
	}
	cluster, err := kubeconfig.ParseClusterInfo([]byte(published.Data["kubeconfig"]))
	if err != nil {
		return nil, fmt.Errorf("configmap %s/cluster-info of the hub: %w", metav1.NamespacePublic, err)
	}
	return &info{Server: cluster.Server, CAData: cluster.CertificateAuthorityData}, nil
}

// knownBundles are the CAs that may verify the hub, most specific first; the last one, empty, is the system's.
func knownBundles(ctx context.Context, hub Hub, info *info) ([][]byte, error) {
	var bundles [][]byte
	if info != nil {
		bundles = append(bundles, info.CAData)
	}
	bundles = append(bundles, hub.Config.CAData)
	root, err := hub.Kube.CoreV1().ConfigMaps(metav1.NamespaceSystem).Get(ctx, "kube-root-ca.crt", metav1.GetOptions{})
	if err != nil && !apierrors.IsNotFound(err) && !apierrors.IsForbidden(err) {
		return nil, fmt.Errorf("reading configmap kube-root-ca.crt of the hub: %w", err)
	}
	if err == nil {
		bundles = append(bundles, []byte(root.Data[corev1.ServiceAccountRootCAKey]))
	}
	return append(bundles, nil), nil
}

func checkServer(server string) error {
	parsed, err := url.Parse(server)
	if err != nil || parsed.Host == "" || parsed.Scheme != "https" {
		return fmt.Errorf("the hub's URL for agents, %q, is not an https URL: give one with --hub-server", server)
	}
	if isInCluster(strings.TrimSuffix(parsed.Hostname(), ".")) {
		return fmt.Errorf("the hub's URL for agents, %s, is only known inside the hub: give one with --hub-server", server)
	}
	return nil
}

// isInCluster tells whether only the DNS of the hub itself knows a host.
func isInCluster(host string) bool {
	return host == "kubernetes" || host == "kubernetes.default" || strings.HasPrefix(host, "kubernetes.default.svc") ||
		strings.HasSuffix(host, ".svc") || strings.HasSuffix(host, ".svc.cluster.local")
}

// IsLoopback tells whether a URL leads to the machine that it is used on.
func IsLoopback(server string) bool {
	parsed, err := url.Parse(server)
	if err != nil {
		return false
	}
	host := parsed.Hostname()
	address := net.ParseIP(host)
	return host == "localhost" || address.IsLoopback()
}

// verified returns the endpoint with the first bundle that verifies its server. A bundle of which the first certificate
// is no CA would pin the server's own certificate, and break at its next renewal: it is never used.
func verified(ctx context.Context, endpoint kubeconfig.Endpoint, bundles [][]byte) (kubeconfig.Endpoint, error) {
	var failed error
	for i, bundle := range bundles {
		if len(bundle) == 0 && i < len(bundles)-1 {
			continue
		}
		if first := kubeconfig.FirstCertificate(bundle); len(bundle) > 0 && (first == nil || !first.IsCA) {
			failed = errors.Join(failed, errors.New("a CA bundle does not begin with a CA certificate"))
			continue
		}
		endpoint.CAData = bundle
		err := Dial(ctx, endpoint)
		if err == nil {
			return endpoint, nil
		}
		failed = err
	}
	return endpoint, fmt.Errorf("agents could not reach this hub at %s: %w (see --hub-server and --hub-ca-file)", endpoint.Server, failed)
}
