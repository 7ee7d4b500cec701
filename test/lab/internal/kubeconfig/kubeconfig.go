// Package kubeconfig makes self-contained kubeconfigs: certificates inside, no file names.
package kubeconfig

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"

	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// Cluster is the server side of a kubeconfig.
type Cluster struct {
	// Name is the name of the cluster entry.
	Name   string
	Server string
	CA     []byte
}

// ForCert opens the cluster with a client certificate, in a context called context.
func ForCert(context string, cluster Cluster, user string, cert, key []byte) *clientcmdapi.Config {
	return build(context, cluster, user, &clientcmdapi.AuthInfo{ClientCertificateData: cert, ClientKeyData: key})
}

// ForToken opens the cluster with a bearer token, in a context called context.
func ForToken(context string, cluster Cluster, user, token string) *clientcmdapi.Config {
	return build(context, cluster, user, &clientcmdapi.AuthInfo{Token: token})
}

func build(context string, cluster Cluster, user string, auth *clientcmdapi.AuthInfo) *clientcmdapi.Config {
	config := clientcmdapi.NewConfig()
	config.Clusters[cluster.Name] = &clientcmdapi.Cluster{Server: cluster.Server, CertificateAuthorityData: cluster.CA}
	config.AuthInfos[user] = auth
	config.Contexts[context] = &clientcmdapi.Context{Cluster: cluster.Name, AuthInfo: user}
	config.CurrentContext = context
	return config
}

// Public is what kubeadm publishes in kube-public/cluster-info: where the cluster is, and nobody's credentials.
func Public(server string, ca []byte) ([]byte, error) {
	config := clientcmdapi.NewConfig()
	config.Clusters[""] = &clientcmdapi.Cluster{Server: server, CertificateAuthorityData: ca}
	return clientcmd.Write(*config)
}

// Merge puts kubeconfigs whose names differ into one. The first one's context is the current one.
func Merge(configs ...*clientcmdapi.Config) (*clientcmdapi.Config, error) {
	merged := clientcmdapi.NewConfig()
	for _, config := range configs {
		for name, cluster := range config.Clusters {
			if _, found := merged.Clusters[name]; found {
				return nil, fmt.Errorf("two clusters are called %q", name)
			}
			merged.Clusters[name] = cluster
		}
		for name, user := range config.AuthInfos {
			if _, found := merged.AuthInfos[name]; found {
				return nil, fmt.Errorf("two users are called %q", name)
			}
			merged.AuthInfos[name] = user
		}
		maps.Copy(merged.Contexts, config.Contexts)
		if merged.CurrentContext == "" {
			merged.CurrentContext = config.CurrentContext
		}
	}
	return merged, nil
}

// Write replaces the file in one step; only its owner may read it.
func Write(file string, config *clientcmdapi.Config) error {
	data, err := clientcmd.Write(*config)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return err
	}
	tmp := file + ".tmp"
	if err := os.WriteFile(tmp, data, 0o600); err != nil {
		return err
	}
	return os.Rename(tmp, file)
}
