package restore

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/sets"
	clusterv1 "open-cluster-management.io/api/cluster/v1"
)

// Subset says which managed clusters of a backup are meant; all of them when it is empty.
type Subset struct {
	Names []string
	// Selector is of the labels that the ManagedClusters had when they were backed up; nil for none.
	Selector labels.Selector
}

// all tells whether nothing was chosen.
func (s Subset) all() bool { return len(s.Names) == 0 && s.Selector == nil }

// of returns those of the clusters that are meant. A name that is not among them is an error before anything is done.
func (s Subset) of(clusters []*clusterv1.ManagedCluster, backup string) ([]*clusterv1.ManagedCluster, error) {
	if s.all() {
		return clusters, nil
	}
	missing := sets.New(s.Names...)
	var chosen []*clusterv1.ManagedCluster
	for _, cluster := range clusters {
		switch {
		case missing.Has(cluster.Name):
			missing.Delete(cluster.Name)
		case s.Selector == nil || !s.Selector.Matches(labels.Set(cluster.Labels)):
			continue
		}
		chosen = append(chosen, cluster)
	}
	switch {
	case len(missing) > 0:
		return nil, fmt.Errorf("managed cluster not found in backup %s: %s", backup, strings.Join(sets.List(missing), ", "))
	case len(chosen) == 0:
		return nil, fmt.Errorf("no managed cluster in backup %s matches %q", backup, s.Selector)
	}
	return chosen, nil
}

// meant tells whether a cluster that was restored is meant, by its labels on the hub; here is nil when it is not there any more.
func (s Subset) meant(name string, here *clusterv1.ManagedCluster) bool {
	return slices.Contains(s.Names, name) || s.Selector != nil && here != nil && s.Selector.Matches(labels.Set(here.Labels))
}

// The part of Velero's filter policies that the plugin writes for a Restore (velero internal/resourcepolicies, since v1.18.3).
type (
	filterPolicy struct {
		Version    string            `json:"version"`
		Namespaced []namespaceFilter `json:"namespacedFilterPolicies"`
	}
	namespaceFilter struct {
		Namespaces      []string         `json:"namespaces"`
		ResourceFilters []resourceFilter `json:"resourceFilters"`
	}
	resourceFilter struct {
		Kinds []string `json:"kinds"`
	}
)

// filter is the ConfigMap by which Velero restores from these namespaces only: exact names are looked up in a map, where a list
// of them in the Restore is gone through for each object. Of all other namespaces it takes events, which no restore brings.
func filter(namespace string, chosen []string) (*corev1.ConfigMap, error) {
	return settings(namespace, "acmdr-subset-", "policy.yaml", filterPolicy{Version: "v1", Namespaced: []namespaceFilter{
		{Namespaces: slices.Sorted(slices.Values(chosen)), ResourceFilters: []resourceFilter{{Kinds: []string{"*"}}}},
		{Namespaces: []string{"?*"}, ResourceFilters: []resourceFilter{{Kinds: []string{"events"}}}},
	}})
}
