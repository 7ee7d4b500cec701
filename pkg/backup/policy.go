package backup

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/acmdr/kubectl-acmdr/pkg/ocm"
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
		Kinds         []string              `json:"kinds"`
		LabelSelector *metav1.LabelSelector `json:"labelSelector,omitempty"`
		Names         []string              `json:"names,omitempty"`
		ExcludedNames []string              `json:"excludedNames,omitempty"`
	}
)

const (
	// anyNamespace matches every namespace but not the empty string: by a bare * Velero would drop whatever it lists from all
	// namespaces at once, which is everything.
	anyNamespace = "?*"
	// hostedNamespace is where ACM puts HostedClusters and their admin kubeconfigs.
	hostedNamespace = "clusters"
	// policyPrefix begins the name of every policy.
	policyPrefix = "acmdr-content-"
	// maxPolicy is what a ConfigMap holds.
	maxPolicy = 1 << 20
)

// nothing are the filters of a namespace that is left out: a filter is needed, and this kind is in no backup.
var nothing = []resourceFilter{{Kinds: []string{"events"}}}

// everything are the filters of a namespace that is taken. A kind that no filter names would be left out altogether.
func everything() []resourceFilter {
	return append(excluding(unnamed), resourceFilter{Kinds: []string{"*"}})
}

// policy is the ConfigMap that tells Velero which objects to leave out by name and, when clusters are chosen, which namespaces
// to take. Velero looks exact names up in a map, however many there are; in a list of includedNamespaces each would cost it a
// LIST per kind. The ConfigMap's name is made of its content and it is immutable, so that a backup or schedule that refers
// to it never changes its meaning.
func policy(namespace string, chosen []string, hosted bool) (*corev1.ConfigMap, error) {
	content := resourcePolicy{
		Version:       "v1",
		ClusterScoped: clusterFilter{ResourceFilters: excluding(unnamedClusterScoped)},
	}
	if len(chosen) == 0 {
		content.ClusterScoped.ResourceFilters = append(content.ClusterScoped.ResourceFilters,
			resourceFilter{Kinds: []string{"namespaces"}, ExcludedNames: []string{openShift}})
		gitOps := everything()
		gitOps[0].LabelSelector = &metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{gitOpsSecrets}}
		content.Namespaced = []namespaceFilter{
			{Namespaces: []string{ocm.GitOpsNamespace}, ResourceFilters: gitOps},
			{Namespaces: []string{openShift}, ResourceFilters: nothing},
			{Namespaces: []string{anyNamespace}, ResourceFilters: everything()},
		}
	} else {
		// A filter of a kind replaces the selector of the backup, so what is not chosen stays out by its name. Velero takes every
		// Namespace that the spec does not exclude, also one that it takes nothing from.
		content.ClusterScoped.ResourceFilters = append(content.ClusterScoped.ResourceFilters,
			resourceFilter{Kinds: []string{ocm.ManagedClusterResource.Resource, "namespaces"}, Names: chosen})
		content.Namespaced = []namespaceFilter{{Namespaces: chosen, ResourceFilters: everything()}}
		if hosted && !slices.Contains(chosen, hostedNamespace) {
			content.Namespaced = append(content.Namespaced, hostedIn(chosen))
		}
		content.Namespaced = append(content.Namespaced, namespaceFilter{Namespaces: []string{anyNamespace}, ResourceFilters: nothing})
	}
	data, err := yaml.Marshal(content)
	if err != nil {
		return nil, fmt.Errorf("encoding the content policy: %w", err)
	}
	if len(data) > maxPolicy {
		return nil, fmt.Errorf("%d managed clusters are too many to be chosen by name: back up the whole hub", len(chosen))
	}
	sum := sha256.Sum256(data)
	immutable := true
	return &corev1.ConfigMap{
		TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "ConfigMap"},
		ObjectMeta: metav1.ObjectMeta{
			Namespace: namespace,
			Name:      policyPrefix + hex.EncodeToString(sum[:4]),
			Labels:    map[string]string{velero.ManagedByLabel: velero.ManagedBy},
		},
		Immutable: &immutable,
		Data:      map[string]string{"policy.yaml": string(data)},
	}, nil
}

// hostedIn takes the HostedClusters of the chosen clusters, and the secrets with their credentials, from where ACM keeps those of
// all clusters.
func hostedIn(chosen []string) namespaceFilter {
	var secrets []string
	for _, cluster := range chosen {
		secrets = append(secrets, cluster+"-admin-kubeconfig")
	}
	return namespaceFilter{Namespaces: []string{hostedNamespace}, ResourceFilters: []resourceFilter{
		{Kinds: []string{ocm.HostedClusterResource.Resource}, Names: chosen},
		{Kinds: []string{"secrets"}, Names: secrets},
	}}
}

func isPolicy(name string) bool { return strings.HasPrefix(name, policyPrefix) }

// chosenIn are the clusters that a policy chooses by name; none when it is of a whole hub.
func chosenIn(content *corev1.ConfigMap) ([]string, error) {
	var decoded resourcePolicy
	for _, data := range content.Data {
		if err := yaml.Unmarshal([]byte(data), &decoded); err != nil {
			return nil, fmt.Errorf("ConfigMap %s holds no content policy: %w", content.Name, err)
		}
	}
	for _, filter := range decoded.ClusterScoped.ResourceFilters {
		if slices.Contains(filter.Kinds, ocm.ManagedClusterResource.Resource) {
			return filter.Names, nil
		}
	}
	return nil, nil
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
