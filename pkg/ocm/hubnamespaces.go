package ocm

import "path"

// HubNamespace is a pattern (? * [a-z]) of namespaces that belong to one hub and not to its fleet: they never go to
// another hub.
type HubNamespace struct {
	Pattern string
	Why     string
}

// HubNamespaces are the namespaces of a hub's own software and identity. The namespace of the local cluster and Velero's
// are not here, since they have no fixed name.
var HubNamespaces = []HubNamespace{
	{"openshift", "shared objects of OpenShift itself"},
	{"openshift-*", "OpenShift's operators, with the hub's certificates and OLM's state"},
	{"kube-*", "the control plane: kube-system, kube-public, kube-node-lease"},
	{"default", "holds the API server's own Service"},
	{"open-cluster-management", "the operators of OCM or ACM"},
	{"open-cluster-management-hub", "the hub controllers, with their signer"},
	{"open-cluster-management-agent", "the hub's own agent: its identity on this hub"},
	{"open-cluster-management-agent-addon", "the hub's own add-on agents"},
	{"open-cluster-management-backup", "ACM's backup operator, OADP and their credentials"},
	{"multicluster-engine", "the operators of MCE"},
	{"hive", "Hive's controllers; what Hive made for a cluster is in the cluster's namespace"},
	{"hypershift", "HyperShift's operator"},
}

// GitOpsNamespace is where OpenShift GitOps keeps the Applications of a fleet. A pattern of HubNamespaces matches it, and yet
// it is not the hub's own.
const GitOpsNamespace = "openshift-gitops"

// IsHubNamespace tells whether a namespace belongs to a hub itself.
func IsHubNamespace(name string) bool {
	if name == GitOpsNamespace {
		return false
	}
	for _, namespace := range HubNamespaces {
		if ok, _ := path.Match(namespace.Pattern, name); ok {
			return true
		}
	}
	return false
}
