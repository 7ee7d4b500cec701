package kubeconfig

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// Endpoint is where and how agents reach a hub.
type Endpoint struct {
	// Server is the URL, exactly as it goes into the kubeconfig: its bytes decide the agent's hub hash
	// (ocm pkg/work/helper/helpers.go).
	Server string
	// CAData is the PEM bundle that verifies Server; empty means the system's trust store.
	CAData []byte
	// ProxyURL is the proxy that agents go through; empty for none.
	ProxyURL string
	// ClusterName is the name of the cluster entry. It must be unique to the hub: an agent whose server, proxy, CA and
	// cluster entry name are unchanged never bootstraps again (ocm pkg/registration/register/common.go).
	ClusterName string
	// From names the object that Server was taken from, when it is one that a restore can bring from another hub; else empty.
	From string
}

// Bootstrap writes the bootstrap kubeconfig of a hub: self-contained, because agents take over only server, CA and proxy
// from it.
func Bootstrap(hub Endpoint, token string) ([]byte, error) {
	config := clientcmdapi.NewConfig()
	config.Clusters[hub.ClusterName] = &clientcmdapi.Cluster{
		Server: hub.Server, CertificateAuthorityData: hub.CAData, ProxyURL: hub.ProxyURL,
	}
	config.AuthInfos["bootstrap"] = &clientcmdapi.AuthInfo{Token: token}
	config.Contexts["bootstrap"] = &clientcmdapi.Context{Cluster: hub.ClusterName, AuthInfo: "bootstrap", Namespace: "default"}
	config.CurrentContext = "bootstrap"
	data, err := clientcmd.Write(*config)
	if err != nil {
		return nil, fmt.Errorf("encoding the bootstrap kubeconfig: %w", err)
	}
	return data, nil
}

// PointsTo tells whether a bootstrap kubeconfig leads an agent to this hub, by the comparison that the agent makes
// (ocm pkg/registration/register/common.go).
func PointsTo(data []byte, hub Endpoint) bool {
	found, _, err := EndpointOf(data)
	return err == nil && found.Server == hub.Server && found.ProxyURL == hub.ProxyURL &&
		found.ClusterName == hub.ClusterName && bytes.Equal(found.CAData, hub.CAData)
}

// EndpointOf takes a bootstrap kubeconfig apart again: the hub that it leads to and the token.
func EndpointOf(data []byte) (Endpoint, string, error) {
	context, cluster, user, err := Parse(data)
	if err != nil {
		return Endpoint{}, "", err
	}
	return Endpoint{
		Server: cluster.Server, CAData: cluster.CertificateAuthorityData, ProxyURL: cluster.ProxyURL, ClusterName: context.Cluster,
	}, user.Token, nil
}

// Server is the URL of the kubeconfig's current cluster, or empty when it cannot be read.
func Server(data []byte) string {
	_, cluster, _, err := Parse(data)
	if err != nil {
		return ""
	}
	return cluster.Server
}

// HubServer is the URL in the kubeconfig that an agent keeps of its hub, or empty. It names the agent's certificate by files
// that only the agent has, so it is not read for a client; nothing but the URL is.
func HubServer(data []byte) string {
	config, err := clientcmd.Load(data)
	if err != nil || config.Contexts[config.CurrentContext] == nil {
		return ""
	}
	cluster := config.Clusters[config.Contexts[config.CurrentContext].Cluster]
	if cluster == nil {
		return ""
	}
	return cluster.Server
}

// FirstCertificate is the first certificate of a PEM bundle, or nil.
func FirstCertificate(bundle []byte) *x509.Certificate {
	block, _ := pem.Decode(bundle)
	if block == nil || block.Type != "CERTIFICATE" {
		return nil
	}
	certificate, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil
	}
	return certificate
}

func proxyFunc(proxy *url.URL) func(*http.Request) (*url.URL, error) {
	return func(*http.Request) (*url.URL, error) { return proxy, nil }
}

// ClientConfig is the config of a client that reaches the endpoint the way an agent does; without a token, as nobody.
func ClientConfig(hub Endpoint, token string) (*rest.Config, error) {
	config := &rest.Config{Host: hub.Server, BearerToken: token, TLSClientConfig: rest.TLSClientConfig{CAData: hub.CAData}}
	if hub.ProxyURL == "" {
		return config, nil
	}
	if err := checkProxy(hub.ProxyURL); err != nil {
		return nil, err
	}
	proxy, err := url.Parse(hub.ProxyURL)
	if err != nil {
		return nil, err
	}
	config.Proxy = proxyFunc(proxy)
	return config, nil
}

// Token is the token in a bootstrap kubeconfig, or empty.
func Token(data []byte) string {
	_, _, user, err := Parse(data)
	if err != nil {
		return ""
	}
	return user.Token
}

// ParseClusterInfo reads the cluster that kubeadm publishes in kube-public/cluster-info: one cluster, no user, no context.
func ParseClusterInfo(data []byte) (*clientcmdapi.Cluster, error) {
	config, err := clientcmd.Load(data)
	if err != nil || len(config.Clusters) != 1 {
		return nil, errors.New("holds no kubeconfig with one cluster")
	}
	for _, cluster := range config.Clusters {
		return cluster, checkCluster(cluster)
	}
	return nil, nil
}
