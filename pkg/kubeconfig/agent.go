package kubeconfig

import "k8s.io/client-go/tools/clientcmd"

// AgentServer is the URL of the hub in the kubeconfig that an agent made for itself, or empty. That one names files in the
// agent's pod, so it never makes a client here: only its URL is read.
func AgentServer(data []byte) string {
	config, err := clientcmd.Load(data)
	if err != nil {
		return ""
	}
	context := config.Contexts[config.CurrentContext]
	if context == nil || config.Clusters[context.Cluster] == nil {
		return ""
	}
	return config.Clusters[context.Cluster].Server
}
