package ocm

// Names and labels on a hub.
const (
	// LocalCluster is the hub as its own managed cluster; it is never backed up as a cluster and never moved.
	LocalCluster = "local-cluster"
	// LocalClusterLabel is "true" on the ManagedCluster that stands for the hub itself, whatever its name.
	LocalClusterLabel = "local-cluster"
	// ClusterNameLabel names the managed cluster on CSRs, leases and namespaces.
	ClusterNameLabel = "open-cluster-management.io/cluster-name"
	// ManagedClusterNamespaceLabel names the managed cluster on its namespace on an ACM hub.
	ManagedClusterNamespaceLabel = "cluster.open-cluster-management.io/managedCluster"
	// ClusterSetLabel puts a ManagedCluster into a ManagedClusterSet.
	ClusterSetLabel = "cluster.open-cluster-management.io/clusterset"
	// ClusterIDLabel is ACM's copy of the ClusterClaim id.openshift.io, or id.k8s.io (multicloud-operators-foundation).
	ClusterIDLabel = "clusterID"
	// ImportSecretLabel is on the <cluster>-import secret of ACM's managedcluster-import-controller.
	ImportSecretLabel = "managedcluster-import-controller.open-cluster-management.io/import-secret"
	// DisableAutoImportAnnotation keeps ACM from importing the cluster (managedcluster-import-controller, since MCE 2.5).
	DisableAutoImportAnnotation = "import.open-cluster-management.io/disable-auto-import"
	// ImmediateImportAnnotation makes ACM import the cluster at once whatever its strategy (since ACM 2.14).
	ImmediateImportAnnotation = "import.open-cluster-management.io/immediate-import"
	// KlusterletConfigAnnotation names the KlusterletConfig that ACM sets the cluster's agent up with.
	KlusterletConfigAnnotation = "agent.open-cluster-management.io/klusterlet-config"
	// AutoAcceptedAnnotation marks a ManagedCluster that the hub accepted by itself once; it is not accepted again
	// (ocm pkg/registration/hub/managedcluster/controller.go).
	AutoAcceptedAnnotation = "open-cluster-management.io/automatically-accepted-on"
	// HiveSecretTypeLabel tells what a secret of Hive holds; HiveKubeconfig is the admin kubeconfig
	// (hive pkg/constants/constants.go).
	HiveSecretTypeLabel = "hive.openshift.io/secret-type"
	HiveKubeconfig      = "kubeconfig"
	// RootPolicyLabel is on the copies that ACM makes of a policy in the namespaces of its clusters.
	RootPolicyLabel = "policy.open-cluster-management.io/root-policy"
	// ManagedClusterLease is the lease that an agent renews in its cluster's namespace.
	ManagedClusterLease = "managed-cluster-lease"
)

// Names on a managed cluster.
const (
	// AgentNamespace is where the agent runs unless the Klusterlet's spec.namespace says otherwise.
	AgentNamespace = "open-cluster-management-agent"
	// BootstrapSecret holds the bootstrap kubeconfig under KubeconfigKey.
	BootstrapSecret = "bootstrap-hub-kubeconfig"
	// HubSecret holds the agent's own kubeconfig, certificate and identity.
	HubSecret = "hub-kubeconfig-secret"
	// KubeconfigKey is the key of the kubeconfig in both.
	KubeconfigKey = "kubeconfig"
	// ClusterNameKey and AgentNameKey are the agent's identity in HubSecret.
	ClusterNameKey = "cluster-name"
	AgentNameKey   = "agent-name"
)

// maxName is the longest ServiceAccount name that fits a label value.
const maxName = 63

const bootstrapSuffix = "-bootstrap-sa"

// BootstrapServiceAccount is the bootstrap identity of a managed cluster in its namespace; the cluster's name is cut so
// that the whole fits 63 characters (managedcluster-import-controller pkg/helpers/csr.go).
func BootstrapServiceAccount(cluster string) string {
	if room := maxName - len(bootstrapSuffix); len(cluster) > room {
		cluster = cluster[:room]
	}
	return cluster + bootstrapSuffix
}

// BootstrapUser is the user name of the bootstrap identity.
func BootstrapUser(cluster string) string {
	return "system:serviceaccount:" + cluster + ":" + BootstrapServiceAccount(cluster)
}

// BootstrapRole is the name of the ClusterRole and the ClusterRoleBinding of the bootstrap identity.
func BootstrapRole(cluster string) string {
	return "system:open-cluster-management:managedcluster:bootstrap:" + cluster
}

// ImportSecret is the name of the secret that ACM's import controller keeps of a cluster in its namespace.
func ImportSecret(cluster string) string { return cluster + "-import" }
