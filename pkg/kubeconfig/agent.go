package kubeconfig

import "k8s.io/client-go/tools/clientcmd"

// AgentEndpoint is where the kubeconfig leads that an agent made for itself; empty when it cannot be read. That one names
// files in the agent's pod, so it never makes a client here: only where it leads is read.
func AgentEndpoint(data []byte) Endpoint {
	config, err := clientcmd.Load(data)
	if err != nil {
		return Endpoint{}
	}
	context := config.Contexts[config.CurrentContext]
	if context == nil || config.Clusters[context.Cluster] == nil {
		return Endpoint{}
	}
	cluster := config.Clusters[context.Cluster]
	return Endpoint{
		Server: cluster.Server, CAData: cluster.CertificateAuthorityData, ProxyURL: cluster.ProxyURL, ClusterName: context.Cluster,
	}
}

// IsOf tells whether the endpoint is one of a hub, by whatever URL: its cluster entry bears the name that is unique to the
// hub, or it leads to the same server.
func (e Endpoint) IsOf(hub Endpoint) bool {
	return e.Server != "" && e.Server == hub.Server || e.ClusterName != "" && e.ClusterName == hub.ClusterName
}
