package backup

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/acmdr/kubectl-acmdr/pkg/ocm"
)

// What a backup holds is decided here, by rule and never by a list of cluster names: a list costs Velero one LIST per
// namespace and kind, which was 24 times slower at 300 clusters. A kind that the hub does not have is skipped by Velero
// without a word.

// kind is a resource, always with its group, and why it is in a backup.
type kind struct {
	resource string
	why      string
}

// namespaced are the kinds that are taken from every namespace that is not left out. Namespaces themselves come along.
var namespaced = []kind{
	{"secrets", "credentials of the managed clusters, of clouds and of add-ons"},
	{"configmaps", "settings of Hive, policies and applications"},
	{"managedclusteraddons.addon.open-cluster-management.io", "which add-ons a cluster has; without them their agents are removed"},
	{"addondeploymentconfigs.addon.open-cluster-management.io", "how add-ons are set up"},
	{"manifestworks.work.open-cluster-management.io", "the workloads: the agent deletes what has no ManifestWork on its hub"},
	{"manifestworkreplicasets.work.open-cluster-management.io", "make ManifestWorks for many clusters"},
	{"managedclustersetbindings.cluster.open-cluster-management.io", "which namespaces may place on which cluster set"},
	{"placements.cluster.open-cluster-management.io", "choose clusters by label"},
	{"clustercurators.cluster.open-cluster-management.io", "ACM's hooks around a cluster's life"},
	{"managedserviceaccounts.authentication.open-cluster-management.io", "keep the tokens that are credentials of clusters"},
	{"klusterletaddonconfigs.agent.open-cluster-management.io", "ACM's choice of add-ons per cluster"},
	{"clusterdeployments.hive.openshift.io", "a cluster that Hive made, and where its credential is"},
	{"clusterdeploymentcustomizations.hive.openshift.io", "belong to ClusterDeployments"},
	{"machinepools.hive.openshift.io", "belong to ClusterDeployments"},
	{"clusterpools.hive.openshift.io", "make ClusterDeployments"},
	{"clusterclaims.hive.openshift.io", "hold clusters of a pool"},
	{"syncsets.hive.openshift.io", "what Hive keeps on a cluster"},
	{"hostedclusters.hypershift.openshift.io", "a cluster whose control plane is hosted"},
	{"nodepools.hypershift.openshift.io", "belong to HostedClusters"},
	{"policies.policy.open-cluster-management.io", "what is enforced on the clusters"},
	{"policysets.policy.open-cluster-management.io", "group policies"},
	{"policyautomations.policy.open-cluster-management.io", "react to policies"},
	{"placementbindings.policy.open-cluster-management.io", "bind policies to clusters"},
	{"placementrules.apps.open-cluster-management.io", "the older Placement"},
	{"channels.apps.open-cluster-management.io", "where applications come from"},
	{"subscriptions.apps.open-cluster-management.io", "which applications run where"},
	{"gitopsclusters.apps.open-cluster-management.io", "register clusters with Argo CD"},
	{"applications.app.k8s.io", "ACM's applications"},
}

// clusterScoped are the kinds outside namespaces.
var clusterScoped = []kind{
	{"managedclusters.cluster.open-cluster-management.io", "the clusters: labels, taints, acceptance"},
	{"managedclustersets.cluster.open-cluster-management.io", "the cluster sets"},
	{"klusterletconfigs.config.open-cluster-management.io", "how agents reach a hub"},
	{"addontemplates.addon.open-cluster-management.io", "what an add-on deploys"},
	{"clusterimagesets.hive.openshift.io", "the releases that ClusterDeployments name"},
	{"selectorsyncsets.hive.openshift.io", "what Hive keeps on many clusters"},
}

// notClusterScoped are kinds that Velero would add by itself for what it backs up.
var notClusterScoped = []kind{
	{"customresourcedefinitions.apiextensions.k8s.io", "the standby hub's software brings its own, maybe newer ones"},
}

// unlabelled is what no object in a backup may carry. Everything else that is left out is simply of no kind above:
// events, leases (they lie about when a cluster was seen), CSRs, roles and bindings (the hub's controllers make them),
// service accounts (so are they, and each costs Velero a scan of all bindings), PlacementDecisions (computed).
var unlabelled = []struct {
	requirement metav1.LabelSelectorRequirement
	why         string
}{
	{
		metav1.LabelSelectorRequirement{Key: ocm.LocalClusterLabel, Operator: metav1.LabelSelectorOpNotIn, Values: []string{"true"}},
		"the hub as its own managed cluster: the standby hub has its own",
	},
	{
		metav1.LabelSelectorRequirement{Key: ocm.ImportSecretLabel, Operator: metav1.LabelSelectorOpDoesNotExist},
		"<cluster>-import: the old hub's bootstrap token, which ACM would go on handing out",
	},
	{
		metav1.LabelSelectorRequirement{Key: ocm.RootPolicyLabel, Operator: metav1.LabelSelectorOpDoesNotExist},
		"policies that the hub replicated into a cluster's namespace: it does so again",
	},
	{
		metav1.LabelSelectorRequirement{Key: corev1.LabelMetadataName, Operator: metav1.LabelSelectorOpDoesNotExist},
		"only Namespaces have it: Velero would take every Namespace that matches the selector, also of those left out",
	},
}

// suffix matches the five characters that Kubernetes appends to a generated name, and no English word.
const suffix = "[bcdfghjklmnpqrstvwxz2456789]" + "[bcdfghjklmnpqrstvwxz2456789]" + "[bcdfghjklmnpqrstvwxz2456789]" +
	"[bcdfghjklmnpqrstvwxz2456789]" + "[bcdfghjklmnpqrstvwxz2456789]"

// unnamed are objects that only their name tells apart (? * [abc]). The resources are short names on purpose: Velero looks
// them up as they are, and warns about those with a group.
var unnamed = []naming{
	{"secrets", "*-token-" + suffix, "service account tokens: no other hub accepts them"},
	{"secrets", "*-dockercfg-" + suffix, "OpenShift's registry tokens: likewise"},
	{"secrets", "sh.helm.release.v1.*", "the state of the hub's own Helm releases"},
	{"configmaps", "kube-root-ca.crt", "this hub's CA, which the standby hub has its own of"},
	{"configmaps", "openshift-service-ca.crt", "likewise"},
	{"manifestworks", "*-klusterlet", "holds the bootstrap kubeconfig of this hub and would bring the agent back to it"},
}

// unnamedClusterScoped is unnamed for objects outside namespaces.
var unnamedClusterScoped = []naming{
	{"managedclustersets", "default", "every hub has one; Velero would warn that it exists"},
	{"managedclustersets", "global", "likewise"},
}

type naming struct {
	resource string
	pattern  string
	why      string
}
