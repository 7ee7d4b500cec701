package backup

import (
	"fmt"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/yaml"

	"github.com/acmdr/kubectl-acmdr/pkg/internal/testutil"
	"github.com/acmdr/kubectl-acmdr/pkg/ocm"
)

func TestContentTable(t *testing.T) {
	seen := map[string]bool{}
	for _, k := range slices.Concat(namespaced, clusterScoped, notClusterScoped, notKinds, machines) {
		if seen[k.resource] {
			t.Errorf("%s is in the table twice", k.resource)
		}
		seen[k.resource] = true
		if core := k.resource == "secrets" || k.resource == "configmaps"; core == strings.Contains(k.resource, ".") {
			t.Errorf("%s must have its group, or another kind of the same name could be taken", k.resource)
		}
		if k.why == "" {
			t.Errorf("%s has no reason", k.resource)
		}
	}
	for _, lie := range []string{"leases.coordination.k8s.io", "certificatesigningrequests.certificates.k8s.io", "events", "serviceaccounts"} {
		if seen[lie] {
			t.Errorf("%s must not be in a backup", lie)
		}
	}
}

func TestNamesThatAreLeftOut(t *testing.T) {
	leftOut := func(resource, name string) bool {
		return slices.ContainsFunc(slices.Concat(unnamed, unnamedClusterScoped), func(rule naming) bool {
			ok, err := path.Match(rule.pattern, name)
			if err != nil {
				t.Fatal(err)
			}
			return ok && rule.resource == resource
		})
	}
	for name, want := range map[string]bool{
		"secrets/managed-one-bootstrap-sa-token-x7k2m":       true,
		"secrets/builder-dockercfg-4zfxn":                    true,
		"secrets/sh.helm.release.v1.ocm.v1":                  true,
		"secrets/app-token-store":                            false,
		"secrets/managed-one-0-xlfpq-admin-kubeconfig":       false,
		"secrets/kube-root-ca.crt":                           false,
		"configmaps/kube-root-ca.crt":                        true,
		"configmaps/openshift-service-ca.crt":                true,
		"configmaps/settings":                                false,
		"manifestworks/managed-one-klusterlet":               true,
		"manifestworks/managed-one-klusterlet-crds":          false,
		"manifestworks/addon-application-manager-deploy-0":   false,
		"managedclustersets/default":                         true,
		"managedclustersets/fleet":                           false,
		"managedclusters.cluster.open-cluster-management/x1": false,
	} {
		resource, object, _ := strings.Cut(name, "/")
		if got := leftOut(resource, object); got != want {
			t.Errorf("%s: left out %v, want %v", name, got, want)
		}
	}
}

func TestPolicyIsWhatVeleroTakes(t *testing.T) {
	for golden, test := range map[string]struct {
		chosen []string
		hosted bool
	}{
		"policy.yaml":          {},
		"policy-clusters.yaml": {chosen: []string{"a", "b"}, hosted: true},
	} {
		content, err := policy("velero", test.chosen, test.hosted)
		if err != nil {
			t.Fatal(err)
		}
		testutil.Golden(t, golden, []byte(content.Data["policy.yaml"]))
		if len(content.Data) != 1 {
			t.Errorf("Velero takes a ConfigMap with one key, this has %d", len(content.Data))
		}
		var decoded resourcePolicy
		if err := yaml.UnmarshalStrict([]byte(content.Data["policy.yaml"]), &decoded); err != nil {
			t.Fatal(err)
		}
		for _, namespaces := range decoded.Namespaced {
			catchAll := slices.ContainsFunc(namespaces.ResourceFilters, func(filter resourceFilter) bool { return filter.Kinds[0] == "*" })
			left := namespaces.ResourceFilters[0].Kinds[0] == "events" || namespaces.Namespaces[0] == hostedNamespace
			if catchAll == left || slices.Contains(namespaces.Namespaces, "*") {
				t.Errorf("without a catch-all, or for a bare *, Velero drops whole kinds: %+v", namespaces)
			}
		}
		if last := decoded.Namespaced[len(decoded.Namespaced)-1].Namespaces[0]; last != anyNamespace {
			t.Errorf("the last filter is for %s: what none matches is taken whole", last)
		}
		of, err := chosenIn(content)
		if diff := cmp.Diff(test.chosen, of); err != nil || diff != "" {
			t.Errorf("read back: %v %s", err, diff)
		}
		again, _ := policy("velero", test.chosen, test.hosted)
		if again.Name != content.Name {
			t.Errorf("the same content has two names: %s and %s", content.Name, again.Name)
		}
	}
}

func TestAPolicyIsNotLargerThanAConfigMap(t *testing.T) {
	many := make([]string, 20000)
	for i := range many {
		many[i] = fmt.Sprintf("cluster-%050d", i)
	}
	if _, err := policy("velero", many, false); err == nil || !strings.Contains(err.Error(), "back up the whole hub") {
		t.Errorf("got %v", err)
	}
}

func TestWholeGroup(t *testing.T) {
	for group, want := range map[string]bool{
		"policy.open-cluster-management.io": true, "unheard-of.open-cluster-management.io": true, "hive.openshift.io": true,
		"extensions.hive.openshift.io": true, "argoproj.io": true, "agent-install.openshift.io": true,
		"work.open-cluster-management.io": false, "operator.open-cluster-management.io": false, "admission.hive.openshift.io": false,
		"open-cluster-management.io": false, "velero.io": false, "apps": false, "": false, "example.com": false,
	} {
		if got := WholeGroup(group); got != want {
			t.Errorf("%q: %v, want %v", group, got, want)
		}
	}
}

const contents = "../../docs/backup-contents.md"

// TestContentsAreDocumented keeps the page and the tables equal; with -update it writes the tables into the page.
func TestContentsAreDocumented(t *testing.T) {
	kinds := func(list []kind) (rows [][2]string) {
		for _, k := range list {
			rows = append(rows, [2]string{k.resource, k.why})
		}
		return rows
	}
	patterns := func(list []group) (rows [][2]string) {
		for _, g := range list {
			rows = append(rows, [2]string{g.pattern, g.why})
		}
		return rows
	}
	tables := map[string][][2]string{
		"namespaced": kinds(namespaced), "cluster-scoped": kinds(clusterScoped), "groups": patterns(groups), "not-groups": patterns(notGroups),
		"not-kinds": slices.Concat(kinds(notKinds), kinds(notClusterScoped)), "machines": kinds(machines),
	}
	for _, rule := range unlabelled {
		selector := &metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{rule.requirement}}
		tables["labels"] = append(tables["labels"], [2]string{metav1.FormatLabelSelector(selector), rule.why})
	}
	for _, name := range slices.Concat(unnamed, unnamedClusterScoped) {
		pattern := strings.ReplaceAll(name.pattern, suffix, "?????")
		tables["names"] = append(tables["names"], [2]string{name.resource + " " + pattern, name.why})
	}
	for _, namespace := range ocm.HubNamespaces {
		tables["namespaces"] = append(tables["namespaces"], [2]string{namespace.Pattern, namespace.Why})
	}
	testutil.Tables(t, contents, tables)
	t.Logf("%d kinds by name: %d in namespaces, %d outside; %d groups whole; left out: %d groups, %d kinds, %d of machines, %d labels, %d names",
		len(namespaced)+len(clusterScoped), len(namespaced), len(clusterScoped), len(groups), len(notGroups), len(tables["not-kinds"]),
		len(machines), len(unlabelled), len(tables["names"]))
}

func TestDiscover(t *testing.T) {
	all := metav1.Verbs{"create", "delete", "get", "list"}
	host := &unstructured.Unstructured{}
	host.SetAPIVersion("metal3.io/v1alpha1")
	host.SetKind("BareMetalHost")
	host.SetNamespace("metal")
	host.SetName("rack-1")
	hub := fleet(t, host)
	hub.Kube.Resources = append(hub.Kube.Resources,
		&metav1.APIResourceList{GroupVersion: "unheard-of.open-cluster-management.io/v1", APIResources: []metav1.APIResource{
			{Name: "things", Namespaced: true, Verbs: all}, {Name: "things/status", Namespaced: true, Verbs: metav1.Verbs{"get", "update"}},
			{Name: "settings", Verbs: all}, {Name: "views", Verbs: metav1.Verbs{"get", "list"}},
		}},
		&metav1.APIResourceList{GroupVersion: "unheard-of.open-cluster-management.io/v1beta1", APIResources: []metav1.APIResource{
			{Name: "things", Namespaced: true, Verbs: all},
		}},
		&metav1.APIResourceList{GroupVersion: "policy.open-cluster-management.io/v1", APIResources: []metav1.APIResource{
			{Name: "policies", Namespaced: true, Verbs: all},
		}},
		&metav1.APIResourceList{GroupVersion: "cluster.open-cluster-management.io/v1beta1", APIResources: []metav1.APIResource{
			{Name: "placementdecisions", Namespaced: true, Verbs: all},
		}},
		&metav1.APIResourceList{GroupVersion: "example.com/v1", APIResources: []metav1.APIResource{{Name: "mine", Verbs: all}}},
		&metav1.APIResourceList{GroupVersion: "metal3.io/v1alpha1", APIResources: []metav1.APIResource{
			{Name: "baremetalhosts", Namespaced: true, Verbs: all},
		}},
	)
	kinds, err := discover(t.Context(), of(hub))
	if err != nil {
		t.Fatal(err)
	}
	want := &Kinds{
		Added:         []string{"settings.unheard-of.open-cluster-management.io", "things.unheard-of.open-cluster-management.io"},
		Machines:      []Machines{{"baremetalhosts.metal3.io", 1, machines[0].why}},
		namespaced:    []string{"things.unheard-of.open-cluster-management.io"},
		clusterScoped: []string{"settings.unheard-of.open-cluster-management.io"},
		served: map[string]schema.GroupVersionResource{
			"policies.policy.open-cluster-management.io":     {Group: "policy.open-cluster-management.io", Version: "v1", Resource: "policies"},
			"settings.unheard-of.open-cluster-management.io": {Group: "unheard-of.open-cluster-management.io", Version: "v1", Resource: "settings"},
			"things.unheard-of.open-cluster-management.io":   {Group: "unheard-of.open-cluster-management.io", Version: "v1", Resource: "things"},
		},
	}
	if diff := cmp.Diff(want, kinds, cmp.AllowUnexported(Kinds{})); diff != "" {
		t.Error(diff)
	}
	spec := (&Content{Kinds: kinds}).spec(nil)
	if !slices.Contains(spec.IncludedNamespaceScopedResources, "things.unheard-of.open-cluster-management.io") ||
		slices.Contains(spec.IncludedNamespaceScopedResources, "baremetalhosts.metal3.io") {
		t.Errorf("got %v", spec.IncludedNamespaceScopedResources)
	}
	kinds.takeHosts()
	spec = (&Content{Kinds: kinds}).spec(nil)
	if !slices.Contains(spec.IncludedNamespaceScopedResources, "baremetalhosts.metal3.io") || len(kinds.Machines) > 0 {
		t.Errorf("asked for: got %v, %v", spec.IncludedNamespaceScopedResources, kinds.Machines)
	}
}
