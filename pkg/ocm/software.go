package ocm

import (
	"context"
	"fmt"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	clusterv1 "open-cluster-management.io/api/cluster/v1"
)

// Software is what is installed on a hub: versions by name, of ACM, of MCE and of the operators that OLM keeps.
type Software map[string]string

// The names of the two that make a hub.
const (
	ACM = "ACM"
	MCE = "MCE"
)

// Where software tells its version (stolostron/multiclusterhub-operator, stolostron/backplane-operator, OLM).
var (
	MultiClusterHubResource = schema.GroupVersionResource{
		Group: "operator.open-cluster-management.io", Version: "v1", Resource: "multiclusterhubs",
	}
	MultiClusterEngineResource = schema.GroupVersionResource{
		Group: "multicluster.openshift.io", Version: "v1", Resource: "multiclusterengines",
	}
	SubscriptionResource = schema.GroupVersionResource{
		Group: "operators.coreos.com", Version: "v1alpha1", Resource: "subscriptions",
	}
)

// The kinds of ACM's own backups (stolostron/cluster-backup-operator api/v1beta1): a BackupSchedule makes Velero Schedules, a Restore makes
// Velero Restores.
var (
	BackupScheduleResource = schema.GroupVersionResource{Group: clusterv1.GroupName, Version: "v1beta1", Resource: "backupschedules"}
	RestoreResource        = schema.GroupVersionResource{Group: clusterv1.GroupName, Version: "v1beta1", Resource: "restores"}
)

// FindSoftware reads what is installed on a hub; it is empty on one without operators, and nil where the user may not read
// any of it.
func FindSoftware(ctx context.Context, hub dynamic.Interface) (Software, error) {
	software, denied := Software{}, false
	for resource, name := range map[schema.GroupVersionResource]string{
		MultiClusterHubResource: ACM, MultiClusterEngineResource: MCE, SubscriptionResource: "",
	} {
		list, err := hub.Resource(resource).List(ctx, metav1.ListOptions{})
		if apierrors.IsNotFound(err) {
			continue
		}
		if apierrors.IsForbidden(err) {
			denied = true
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("listing %s: %w", resource.GroupResource(), err)
		}
		for i := range list.Items {
			if name != "" {
				software[name], _, _ = unstructured.NestedString(list.Items[i].Object, "status", "currentVersion")
				continue
			}
			operator, _, _ := unstructured.NestedString(list.Items[i].Object, "spec", "name")
			installed, _, _ := unstructured.NestedString(list.Items[i].Object, "status", "installedCSV")
			// A ClusterServiceVersion is named for example advanced-cluster-management.v2.14.1.
			_, version, _ := strings.Cut(installed, ".v")
			software[operator] = version
		}
	}
	if denied && len(software) == 0 {
		return nil, nil
	}
	return software, nil
}
