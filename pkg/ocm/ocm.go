// Package ocm is the vocabulary of Open Cluster Management: kinds, names, labels and conditions, with their typed
// clients. It knows nothing about verbs. Facts are from open-cluster-management.io/api and open-cluster-management.io/ocm
// v1.2.1 unless another source is named.
package ocm

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	addonv1alpha1 "open-cluster-management.io/api/addon/v1alpha1"
	clusterv1 "open-cluster-management.io/api/cluster/v1"
	operatorv1 "open-cluster-management.io/api/operator/v1"
	workv1 "open-cluster-management.io/api/work/v1"

	"github.com/acmdr/kubectl-acmdr/pkg/typed"
)

// The resources of the APIs that the plugin reads or writes.
var (
	ManagedClusterResource      = resource(clusterv1.GroupVersion, "managedclusters")
	ManifestWorkResource        = resource(workv1.GroupVersion, "manifestworks")
	AppliedManifestWorkResource = resource(workv1.GroupVersion, "appliedmanifestworks")
	KlusterletResource          = resource(operatorv1.GroupVersion, "klusterlets")
	AddOnResource               = schema.GroupVersionResource{
		Group: "addon.open-cluster-management.io", Version: "v1alpha1", Resource: "managedclusteraddons",
	}
	ClusterDeploymentResource = schema.GroupVersionResource{
		Group: "hive.openshift.io", Version: "v1", Resource: "clusterdeployments",
	}
	HostedClusterResource = schema.GroupVersionResource{
		Group: "hypershift.openshift.io", Version: "v1beta1", Resource: "hostedclusters",
	}
	KlusterletConfigResource = schema.GroupVersionResource{
		Group: "config.open-cluster-management.io", Version: "v1alpha1", Resource: "klusterletconfigs",
	}
	InfrastructureResource = schema.GroupVersionResource{
		Group: "config.openshift.io", Version: "v1", Resource: "infrastructures",
	}
)

func resource(version metav1.GroupVersion, name string) schema.GroupVersionResource {
	return schema.GroupVersionResource{Group: version.Group, Version: version.Version, Resource: name}
}

// ManagedClusters is the client of the hub's ManagedClusters.
func ManagedClusters(hub dynamic.Interface) typed.Client[clusterv1.ManagedCluster] {
	return typed.New[clusterv1.ManagedCluster](hub, ManagedClusterResource, "ManagedCluster")
}

// ManifestWorks is the client of the hub's ManifestWorks of one managed cluster.
func ManifestWorks(hub dynamic.Interface, cluster string) typed.Client[workv1.ManifestWork] {
	return typed.New[workv1.ManifestWork](hub, ManifestWorkResource, "ManifestWork").In(cluster)
}

// AppliedManifestWorkKind is the kind that owns, on a managed cluster, what its work agent has applied.
const AppliedManifestWorkKind = "AppliedManifestWork"

// AddOns is the client of the hub's ManagedClusterAddOns of one managed cluster.
func AddOns(hub dynamic.Interface, cluster string) typed.Client[addonv1alpha1.ManagedClusterAddOn] {
	return typed.New[addonv1alpha1.ManagedClusterAddOn](hub, AddOnResource, "ManagedClusterAddOn").In(cluster)
}

// AppliedManifestWorks is the client of a managed cluster's AppliedManifestWorks.
func AppliedManifestWorks(managed dynamic.Interface) typed.Client[workv1.AppliedManifestWork] {
	return typed.New[workv1.AppliedManifestWork](managed, AppliedManifestWorkResource, AppliedManifestWorkKind)
}

// Klusterlets is the client of a managed cluster's Klusterlets.
func Klusterlets(managed dynamic.Interface) typed.Client[operatorv1.Klusterlet] {
	return typed.New[operatorv1.Klusterlet](managed, KlusterletResource, "Klusterlet")
}
