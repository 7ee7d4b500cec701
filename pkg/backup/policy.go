package backup

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/acmdr/kubectl-acmdr/pkg/velero"
)

// The part of Velero's resource policies that the plugin writes (velero internal/resourcepolicies, since v1.18.3).
type (
	resourcePolicy struct {
		Version       string            `json:"version"`
		ClusterScoped clusterFilter     `json:"clusterScopedFilterPolicy"`
		Namespaced    []namespaceFilter `json:"namespacedFilterPolicies"`
	}
	clusterFilter struct {
		ResourceFilters []resourceFilter `json:"resourceFilters"`
	}
	namespaceFilter struct {
		Namespaces      []string         `json:"namespaces"`
		ResourceFilters []resourceFilter `json:"resourceFilters"`
	}
	resourceFilter struct {
		Kinds         []string `json:"kinds"`
		ExcludedNames []string `json:"excludedNames,omitempty"`
	}
)

// anyNamespace matches every namespace but not the empty string: by a bare * Velero would drop whatever it lists from all
// namespaces at once, which is everything.
const anyNamespace = "?*"

// policy is the ConfigMap that tells Velero which objects to leave out by name. Its name is made of its content and it is
// immutable, so that a backup or schedule that refers to it never changes its meaning.
func policy(namespace string) (*corev1.ConfigMap, error) {
	data, err := yaml.Marshal(resourcePolicy{
		Version:       "v1",
		ClusterScoped: clusterFilter{ResourceFilters: excluding(unnamedClusterScoped)},
		Namespaced: []namespaceFilter{{
			Namespaces: []string{anyNamespace},
			// A kind that no filter names would be left out altogether.
			ResourceFilters: append(excluding(unnamed), resourceFilter{Kinds: []string{"*"}}),
		}},
	})
	if err != nil {
		return nil, fmt.Errorf("encoding the content policy: %w", err)
	}
	sum := sha256.Sum256(data)
	immutable := true
	return &corev1.ConfigMap{
		TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "ConfigMap"},
		ObjectMeta: metav1.ObjectMeta{
			Namespace: namespace,
			Name:      "acmdr-content-" + hex.EncodeToString(sum[:4]),
			Labels:    map[string]string{velero.ManagedByLabel: velero.ManagedBy},
		},
		Immutable: &immutable,
		Data:      map[string]string{"policy.yaml": string(data)},
	}, nil
}

// excluding groups the names to leave out by kind.
func excluding(names []naming) []resourceFilter {
	var filters []resourceFilter
	for _, name := range names {
		i := slices.IndexFunc(filters, func(filter resourceFilter) bool { return filter.Kinds[0] == name.resource })
		if i < 0 {
			i = len(filters)
			filters = append(filters, resourceFilter{Kinds: []string{name.resource}})
		}
		filters[i].ExcludedNames = append(filters[i].ExcludedNames, name.pattern)
	}
	return filters
}
