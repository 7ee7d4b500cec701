package backup

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/acmdr/kubectl-acmdr/pkg/ocm"
)

// What a backup holds is decided here, by rule and never by a list of cluster names: a list costs Velero one LIST per
// namespace and kind, which was 4 times slower at 300 clusters and 7 times at 1,000 (docs/testing.md). A kind that the hub does
// not have is skipped by Velero without a word. docs/backup-contents.md is made of these tables. It is what ACM's cluster-backup-operator takes
// (controllers/backup.go), and what that leaves out and a fleet needs.

// kind is a resource, always with its group, and why it is in a backup.
type kind struct {
	resource string
	why      string
}

// groups are taken whole, whatever kinds a hub has of them: those of an add-on that nobody here has heard of, too. What of
// them the tables below name would be taken also if the hub's discovery did not tell.
var groups = []group{
	{"*.open-cluster-management.io", "policies, applications, add-ons, observability: whatever manages the fleet"},
	{"hive.openshift.io", "clusters that Hive made"},
	{"*.hive.openshift.io", "how Hive installs clusters"},
	{"agent-install.openshift.io", "clusters that the assisted installer made"},
	{"argoproj.io", "Argo CD's applications"},
	{"app.k8s.io", "ACM's applications"},
	{"core.observatorium.io", "where metrics are kept"},
}

// notGroups are left out of groups, but for what a table names.
var notGroups = []group{
	{"internal.open-cluster-management.io", "state of the hub's own controllers"},
	{"operator.open-cluster-management.io", "the installation itself: the standby hub has its own"},
	{"work.open-cluster-management.io", "named in the table: the rest is of agents"},
	{"search.open-cluster-management.io", "an index, which is made again"},
	{"admission.hive.openshift.io", "no objects"},
	{"proxy.open-cluster-management.io", "no objects"},
	{"action.open-cluster-management.io", "orders of a moment"},
	{"view.open-cluster-management.io", "looks of a moment"},
	{"clusterview.open-cluster-management.io", "no objects"},
}

// group is a pattern (* matches anything) of API groups, and why it is taken or left out.
type group struct {
	pattern string
	why     string
}

// notKinds are of those groups and are left out.
var notKinds = []kind{
	{"clustermanagementaddons.addon.open-cluster-management.io", "come with the add-ons' software"},
	{"addonplacementscores.cluster.open-cluster-management.io", "measured again"},
	{"placementdecisions.cluster.open-cluster-management.io", "computed: the standby hub decides by itself"},
	{"clusterclaims.cluster.open-cluster-management.io", "what the hub claims of itself as a managed cluster"},
	{"backupschedules.cluster.open-cluster-management.io", "the standby hub decides by itself when to back up"},
	{"restores.cluster.open-cluster-management.io", "would restore again"},
	{"discoveredclusters.discovery.open-cluster-management.io", "found again"},
	{"clusterdeprovisions.hive.openshift.io", "would destroy clusters"},
	{"clusterrelocates.hive.openshift.io", "would move clusters to yet another hub"},
	{"hiveconfigs.hive.openshift.io", "the installation itself: the standby hub has its own"},
	{"workflows.argoproj.io", "runs, which would run again"},
	{"clusterprovisions.hive.openshift.io", "installations that run: would make clusters again"},
}

// hosts are Metal3's machines, which are taken only when they are asked for.
const hosts = "baremetalhosts.metal3.io"

// machines are kinds that make, or make again, machines and clusters when they are restored. They are never in a backup, but for
// hosts; that a hub has some is told.
var machines = []kind{
	{hosts, "restored without its status, one has its machine wiped and installed again"},
	{"machines.cluster.x-k8s.io", "Cluster API would make their machines again"},
	{"machinedeployments.cluster.x-k8s.io", "Cluster API would make their machines again"},
	{"clusters.cluster.x-k8s.io", "Cluster API would make their infrastructure again"},
	{"nodepools.hypershift.openshift.io", "HyperShift would make their machines again"},
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
	{"managedclusterimageregistries.imageregistry.open-cluster-management.io", "from where agents pull their images"},
	{"discoveryconfigs.discovery.open-cluster-management.io", "where clusters are looked for"},
	{"submarinerconfigs.submarineraddon.open-cluster-management.io", "networks between clusters"},
	{"clusterdeployments.hive.openshift.io", "a cluster that Hive made, and where its credential is"},
	{"clusterdeploymentcustomizations.hive.openshift.io", "belong to ClusterDeployments"},
	{"machinepools.hive.openshift.io", "belong to ClusterDeployments"},
	{"clusterpools.hive.openshift.io", "make ClusterDeployments"},
	{"clusterclaims.hive.openshift.io", "hold clusters of a pool"},
	{"syncsets.hive.openshift.io", "what Hive keeps on a cluster"},
	{"clustersyncs.hiveinternal.openshift.io", "what of it is there already"},
	{"agentclusterinstalls.extensions.hive.openshift.io", "how the assisted installer made a cluster"},
	{"infraenvs.agent-install.openshift.io", "where the assisted installer finds machines"},
	{"nmstateconfigs.agent-install.openshift.io", "networks of those machines"},
	{"agents.agent-install.openshift.io", "those machines, as installed"},
	{"hostfirmwaresettings.metal3.io", "firmware settings; nothing happens without the BareMetalHost"},
	{"bmceventsubscriptions.metal3.io", "where a machine's controller reports to"},
	{"hostedclusters.hypershift.openshift.io", "a cluster whose control plane is hosted, and where its credential is"},
	{"policies.policy.open-cluster-management.io", "what is enforced on the clusters"},
	{"policysets.policy.open-cluster-management.io", "group policies"},
	{"policyautomations.policy.open-cluster-management.io", "react to policies"},
	{"placementbindings.policy.open-cluster-management.io", "bind policies to clusters"},
	{"placementrules.apps.open-cluster-management.io", "the older Placement"},
	{"channels.apps.open-cluster-management.io", "where applications come from"},
	{"subscriptions.apps.open-cluster-management.io", "which applications run where"},
	{"gitopsclusters.apps.open-cluster-management.io", "register clusters with Argo CD"},
	{"applications.app.k8s.io", "ACM's applications"},
	{"applications.argoproj.io", "Argo CD's applications"},
	{"applicationsets.argoproj.io", "make Applications for many clusters"},
	{"appprojects.argoproj.io", "what Applications may do"},
	{"observatoria.core.observatorium.io", "where metrics are kept"},
	{"observabilityaddons.observability.open-cluster-management.io", "which clusters send metrics"},
}

// clusterScoped are the kinds outside namespaces.
var clusterScoped = []kind{
	{"managedclusters.cluster.open-cluster-management.io", "the clusters: labels, taints, acceptance"},
	{"managedclustersets.cluster.open-cluster-management.io", "the cluster sets"},
	{"klusterletconfigs.config.open-cluster-management.io", "how agents reach a hub"},
	{"addontemplates.addon.open-cluster-management.io", "what an add-on deploys"},
	{"multiclusterobservabilities.observability.open-cluster-management.io", "ACM's own settings of observability"},
	{"clusterimagesets.hive.openshift.io", "the releases that ClusterDeployments name"},
	{"selectorsyncsets.hive.openshift.io", "what Hive keeps on many clusters"},
	{"agentserviceconfigs.agent-install.openshift.io", "the assisted installer's own settings"},
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

// gitOpsSecrets are the only secrets that are taken from where Argo CD itself runs: repositories that the user gave it. Its own
// and those of the clusters are made again.
var gitOpsSecrets = metav1.LabelSelectorRequirement{
	Key: "argocd.argoproj.io/secret-type", Operator: metav1.LabelSelectorOpIn, Values: []string{"repository", "repo-creds"},
}

type naming struct {
	resource string
	pattern  string
	why      string
}

// Resources are what the table names, each with its group, for example manifestworks.work.open-cluster-management.io; kinds
// that a hub adds to it are not among them.
func Resources() []string { return slices.Concat(resources(namespaced), resources(clusterScoped)) }

// Refused are the kinds that are left out of every backup by name, BareMetalHosts unless they are asked for: no restore may bring
// them either, from whomever the backup is.
func Refused() []string {
	return slices.Concat(resources(notKinds), resources(notClusterScoped), resources(machines))
}
