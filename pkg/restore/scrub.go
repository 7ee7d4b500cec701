package restore

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/acmdr/kubectl-acmdr/pkg/velero"
)

// The part of Velero's resource modifiers that the plugin writes (velero internal/resourcemodifiers, merge patches since v1.13).
// Velero applies them before it creates an object, so what is scrubbed was never there.
type (
	modifiers struct {
		Version string     `json:"version"`
		Rules   []modifier `json:"resourceModifierRules"`
	}
	modifier struct {
		Conditions   conditions   `json:"conditions"`
		MergePatches []mergePatch `json:"mergePatches"`
	}
	conditions struct {
		GroupResource     string      `json:"groupResource"`
		Namespaces        []string    `json:"namespaces,omitempty"`
		ResourceNameRegex string      `json:"resourceNameRegex,omitempty"`
		Matches           []matchRule `json:"matches,omitempty"`
	}
	matchRule struct {
		Path  string `json:"path"`
		Value string `json:"value"`
	}
	mergePatch struct {
		PatchData string `json:"patchData"`
	}
)

// scrubbing is the ConfigMap with the rules for what a restore would bring that is not true here; nil when there is nothing.
// There is a rule for each way to lie, never one for each object.
func (p *Plan) scrubbing(namespace string, served served) (*corev1.ConfigMap, error) {
	m := p.manifest
	rules := statusRules(m)
	rules = append(rules, finalizerRules(m, served)...)
	rules = append(rules, serverRules(m)...)
	if p.hosts {
		rules = append(rules, hostRules(m)...)
	}
	if len(rules) == 0 {
		return nil, nil
	}
	return settings(namespace, "acmdr-scrub-", "modifiers.yaml", modifiers{Version: "v1", Rules: rules})
}

// statusRules keep conditions and times of the old hub from being restored where an object asks for it.
func statusRules(m *manifest) []modifier {
	var rules []modifier
	for _, resource := range slices.Sorted(maps.Keys(m.objects)) {
		if !m.objects[resource].any(func(s *stored) bool { return s.status }) {
			continue
		}
		rules = append(rules, merge(conditions{GroupResource: resource}, map[string]any{"metadata": map[string]any{
			"annotations": map[string]any{velero.RestoreStatusAnnotation: nil},
		}}))
	}
	return rules
}

// finalizerRules take finalizers away whose controllers are not on this hub. A rule matches the objects of a kind that have
// these finalizers, in this order, and maybe more: the rule for more comes later and has the last word.
func finalizerRules(m *manifest, served served) []modifier {
	var rules []modifier
	for _, resource := range slices.Sorted(maps.Keys(m.objects)) {
		lists := map[string][]string{}
		for _, object := range m.objects[resource].objects {
			if _, gone := splitFinalizers(object.finalizers, served); len(gone) > 0 {
				lists[strings.Join(object.finalizers, " ")] = object.finalizers
			}
		}
		for _, key := range shortestFirst(lists) {
			stay, _ := splitFinalizers(lists[key], served)
			when := conditions{GroupResource: resource}
			for i, finalizer := range lists[key] {
				when.Matches = append(when.Matches, matchRule{Path: fmt.Sprintf("/metadata/finalizers/%d", i), Value: finalizer})
			}
			var value any // null where none stays
			if len(stay) > 0 {
				value = stay
			}
			rules = append(rules, merge(when, map[string]any{"metadata": map[string]any{"finalizers": value}}))
		}
	}
	return rules
}

func shortestFirst(lists map[string][]string) []string {
	keys := slices.Sorted(maps.Keys(lists))
	slices.SortStableFunc(keys, func(a, b string) int { return len(lists[a]) - len(lists[b]) })
	return keys
}

// serverRules take from KlusterletConfigs where the old hub is and how it is verified: ACM has its own in their place.
func serverRules(m *manifest) []modifier {
	kind := m.objects[klusterletConfigsIn]
	if kind == nil {
		return nil
	}
	names := map[uint][]string{}
	for at, object := range kind.objects {
		if object.server != 0 {
			names[object.server] = append(names[object.server], regexp.QuoteMeta(at.name))
		}
	}
	var rules []modifier
	for _, fields := range slices.Sorted(maps.Keys(names)) {
		slices.Sort(names[fields])
		when := conditions{GroupResource: klusterletConfigsIn, ResourceNameRegex: "^(" + strings.Join(names[fields], "|") + ")$"}
		rules = append(rules, merge(when, without(fields)))
	}
	return rules
}

// without is the merge patch that removes those of serverFields whose bit is set, and makes none of their parents.
func without(fields uint) map[string]any {
	patch := map[string]any{}
	for i, path := range serverFields {
		if fields&(1<<i) == 0 {
			continue
		}
		into := patch
		for _, field := range path[:len(path)-1] {
			next, _ := into[field].(map[string]any)
			if next == nil {
				next = map[string]any{}
				into[field] = next
			}
			into = next
		}
		into[path[len(path)-1]] = nil
	}
	return patch
}

func merge(when conditions, patch any) modifier {
	data, _ := json.Marshal(patch) // maps of strings
	return modifier{Conditions: when, MergePatches: []mergePatch{{PatchData: string(data)}}}
}

func (k *kindIn) any(is func(*stored) bool) bool {
	for _, object := range k.objects {
		if is(object) {
			return true
		}
	}
	return false
}

// settings is an immutable ConfigMap whose name is made of its content, so that a restore that refers to it never changes its
// meaning. Velero wants exactly one key.
func settings(namespace, prefix, key string, content any) (*corev1.ConfigMap, error) {
	data, err := yaml.Marshal(content)
	if err != nil {
		return nil, fmt.Errorf("encoding %s: %w", key, err)
	}
	sum := sha256.Sum256(data)
	immutable := true
	return &corev1.ConfigMap{
		TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "ConfigMap"},
		ObjectMeta: metav1.ObjectMeta{
			Namespace: namespace, Name: prefix + hex.EncodeToString(sum[:4]),
			Labels: map[string]string{velero.ManagedByLabel: velero.ManagedBy},
		},
		Immutable: &immutable,
		Data:      map[string]string{key: string(data)},
	}, nil
}
