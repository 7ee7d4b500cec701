package ocm

import (
	"context"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	clusterv1 "open-cluster-management.io/api/cluster/v1"
)

// ClusterClaims that hold an ID of the cluster itself: OpenShift's ClusterVersion id, and the one that the agent's users
// or ACM's add-on choose, kube-system's UID as a rule (multicloud-operators-foundation pkg/klusterlet/clusterclaim).
const (
	OpenShiftIDClaim  = "id.openshift.io"
	KubernetesIDClaim = "id.k8s.io"
)

// Where a managed cluster keeps its IDs.
var (
	ClusterClaimResource   = schema.GroupVersionResource{Group: clusterv1.GroupName, Version: "v1alpha1", Resource: "clusterclaims"}
	ClusterVersionResource = schema.GroupVersionResource{Group: "config.openshift.io", Version: "v1", Resource: "clusterversions"}
)

// KnownIDs are the IDs by which a hub knows a managed cluster: ACM's label, and the claims that the agent reported. They are
// none on a plain OCM hub before the agent has reported any.
func KnownIDs(cluster *clusterv1.ManagedCluster) sets.Set[string] {
	ids := sets.New(cluster.Labels[ClusterIDLabel])
	for _, claim := range cluster.Status.ClusterClaims {
		if claim.Name == OpenShiftIDClaim || claim.Name == KubernetesIDClaim {
			ids.Insert(claim.Value)
		}
	}
	return ids.Delete("")
}

// IDsOf are all IDs that a managed cluster has: kube-system's UID, its claims, its ClusterVersion's id. What does not exist
// there has none; an error is whatever kept an ID from being read, so that not all are known.
func IDsOf(ctx context.Context, kube kubernetes.Interface, managed dynamic.Interface) (sets.Set[string], error) {
	namespace, err := kube.CoreV1().Namespaces().Get(ctx, metav1.NamespaceSystem, metav1.GetOptions{})
	if err != nil {
		return nil, fmt.Errorf("reading namespace %s: %w", metav1.NamespaceSystem, err)
	}
	ids := sets.New(string(namespace.UID))
	for _, source := range []struct {
		resource schema.GroupVersionResource
		name     string
		field    string
	}{
		{ClusterClaimResource, OpenShiftIDClaim, "value"},
		{ClusterClaimResource, KubernetesIDClaim, "value"},
		{ClusterVersionResource, "version", "clusterID"},
	} {
		id, err := specField(ctx, managed, source.resource, source.name, source.field)
		if err != nil {
			return ids, err
		}
		ids.Insert(id)
	}
	return ids.Delete(""), nil
}

// ClusterVersionID is the id by which OpenShift knows a cluster; empty where it is not OpenShift.
func ClusterVersionID(ctx context.Context, cluster dynamic.Interface) (string, error) {
	return specField(ctx, cluster, ClusterVersionResource, "version", "clusterID")
}

// specField is a field of the spec of an object; empty where there is no such object.
func specField(ctx context.Context, cluster dynamic.Interface, resource schema.GroupVersionResource, name, field string) (string, error) {
	object, err := cluster.Resource(resource).Get(ctx, name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("reading %s %s: %w", resource.Resource, name, err)
	}
	value, _, _ := unstructured.NestedString(object.Object, "spec", field)
	return value, nil
}
