// Package kubeconfig reads kubeconfigs that come from somewhere else, which are untrusted input, and writes the bootstrap
// kubeconfigs that agents read.
package kubeconfig

import (
	"errors"
	"fmt"
	"net/url"

	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// maxSize is more than any kubeconfig with embedded certificates needs; a secret holds at most 1 MiB.
const maxSize = 1 << 20

// Refused names the field of a kubeconfig that is not honoured.
type Refused struct {
	Field  string
	Reason string
}

func (e *Refused) Error() string {
	return fmt.Sprintf("kubeconfig refused: %s %s", e.Field, e.Reason)
}

// Parse decodes a kubeconfig and returns its one usable cluster and user. Anything that would run a program, read a
// file, weaken TLS or act as somebody else is refused by name, and so is a choice: which of several clusters was meant must
// not hang on a current-context that somebody else set.
func Parse(data []byte) (*clientcmdapi.Context, *clientcmdapi.Cluster, *clientcmdapi.AuthInfo, error) {
	if len(data) == 0 {
		return nil, nil, nil, errors.New("kubeconfig is empty")
	}
	if len(data) > maxSize {
		return nil, nil, nil, fmt.Errorf("kubeconfig is larger than %d bytes", maxSize)
	}
	config, err := clientcmd.Load(data)
	if err != nil {
		// The decoder quotes what it read, and that may be a secret.
		return nil, nil, nil, errors.New("kubeconfig is not valid YAML of kind Config")
	}
	name := config.CurrentContext
	if name == "" && len(config.Contexts) == 1 {
		for only := range config.Contexts {
			name = only
		}
	}
	if usable := usableContexts(config); usable > 1 {
		return nil, nil, nil, &Refused{Field: "contexts", Reason: fmt.Sprintf(
			"lead to %d places: keep the one that is meant, as 'kubectl config view --minify --flatten' does", usable)}
	}
	context := config.Contexts[name]
	if context == nil {
		return nil, nil, nil, errors.New("kubeconfig has no usable current-context")
	}
	cluster, user := config.Clusters[context.Cluster], config.AuthInfos[context.AuthInfo]
	if cluster == nil {
		return nil, nil, nil, errors.New("kubeconfig's context names no cluster that is in it")
	}
	if user == nil {
		user = clientcmdapi.NewAuthInfo()
	}
	if err := checkCluster(cluster); err != nil {
		return nil, nil, nil, err
	}
	if err := checkUser(user); err != nil {
		return nil, nil, nil, err
	}
	return context, cluster, user, nil
}

// usableContexts counts the clusters and users that contexts lead to; contexts of one user on one cluster differ in the
// namespace only, which nobody here uses.
func usableContexts(config *clientcmdapi.Config) int {
	type place struct{ cluster, user string }
	places := sets.New[place]()
	for _, context := range config.Contexts {
		if config.Clusters[context.Cluster] != nil && config.AuthInfos[context.AuthInfo] != nil {
			places.Insert(place{context.Cluster, context.AuthInfo})
		}
	}
	return places.Len()
}

// Load is Parse for a client: the rest.Config that opens the cluster of an untrusted kubeconfig.
func Load(data []byte) (*rest.Config, error) {
	_, cluster, user, err := Parse(data)
	if err != nil {
		return nil, err
	}
	if user.Token == "" && len(user.ClientCertificateData) == 0 && user.Username == "" {
		return nil, &Refused{Field: "users[].user", Reason: "holds no token and no client certificate"}
	}
	config := &rest.Config{
		Host:        cluster.Server,
		BearerToken: user.Token,
		Username:    user.Username,
		Password:    user.Password,
		TLSClientConfig: rest.TLSClientConfig{
			ServerName: cluster.TLSServerName,
			CAData:     cluster.CertificateAuthorityData,
			CertData:   user.ClientCertificateData,
			KeyData:    user.ClientKeyData,
		},
	}
	if cluster.ProxyURL != "" {
		proxy, err := url.Parse(cluster.ProxyURL)
		if err != nil {
			return nil, &Refused{Field: "clusters[].cluster.proxy-url", Reason: "is not a URL"}
		}
		config.Proxy = proxyFunc(proxy)
	}
	return config, nil
}

// CheckServer refuses a server that is not a plain https URL.
func CheckServer(raw string) error {
	const field = "clusters[].cluster.server"
	server, err := url.Parse(raw)
	switch {
	case err != nil || server.Host == "":
		return &Refused{Field: field, Reason: "is not a URL"}
	case server.Scheme != "https":
		return &Refused{Field: field, Reason: "is not an https URL"}
	case server.User != nil:
		return &Refused{Field: field, Reason: "carries a user or password"}
	}
	return nil
}

func checkCluster(cluster *clientcmdapi.Cluster) error {
	switch {
	case CheckServer(cluster.Server) != nil:
		return CheckServer(cluster.Server)
	case cluster.InsecureSkipTLSVerify:
		return &Refused{Field: "clusters[].cluster.insecure-skip-tls-verify", Reason: "is not honoured: TLS is always verified"}
	case cluster.CertificateAuthority != "":
		return &Refused{Field: "clusters[].cluster.certificate-authority", Reason: "names a file: embed it as certificate-authority-data"}
	case cluster.ProxyURL != "":
		return checkProxy(cluster.ProxyURL)
	}
	return nil
}

func checkProxy(raw string) error {
	proxy, err := url.Parse(raw)
	if err != nil || proxy.Host == "" {
		return &Refused{Field: "clusters[].cluster.proxy-url", Reason: "is not a URL"}
	}
	if proxy.Scheme != "http" && proxy.Scheme != "https" && proxy.Scheme != "socks5" {
		return &Refused{Field: "clusters[].cluster.proxy-url", Reason: "is neither http, https nor socks5"}
	}
	return nil
}

func checkUser(user *clientcmdapi.AuthInfo) error {
	switch {
	case user.Exec != nil:
		return &Refused{Field: "users[].user.exec", Reason: "would run a program"}
	case user.AuthProvider != nil:
		return &Refused{Field: "users[].user.auth-provider", Reason: "is not honoured"}
	case user.TokenFile != "":
		return &Refused{Field: "users[].user.tokenFile", Reason: "names a file: embed it as token"}
	case user.ClientCertificate != "":
		return &Refused{Field: "users[].user.client-certificate", Reason: "names a file: embed it as client-certificate-data"}
	case user.ClientKey != "":
		return &Refused{Field: "users[].user.client-key", Reason: "names a file: embed it as client-key-data"}
	case user.Impersonate != "" || user.ImpersonateUID != "" || len(user.ImpersonateGroups) > 0 || len(user.ImpersonateUserExtra) > 0:
		return &Refused{Field: "users[].user.as", Reason: "impersonates another user"}
	}
	return nil
}
