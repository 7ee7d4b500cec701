package backup

import (
	"path"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/acmdr/kubectl-acmdr/pkg/internal/testutil"
)

func TestContentTable(t *testing.T) {
	seen := map[string]bool{}
	for _, k := range slices.Concat(namespaced, clusterScoped, notClusterScoped) {
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
	content, err := policy("velero")
	if err != nil {
		t.Fatal(err)
	}
	testutil.Golden(t, "policy.yaml", []byte(content.Data["policy.yaml"]))
	if len(content.Data) != 1 {
		t.Errorf("Velero takes a ConfigMap with one key, this has %d", len(content.Data))
	}
	var decoded resourcePolicy
	if err := yaml.UnmarshalStrict([]byte(content.Data["policy.yaml"]), &decoded); err != nil {
		t.Fatal(err)
	}
	catchAll := 0
	for _, filter := range decoded.Namespaced[0].ResourceFilters {
		if filter.Kinds[0] == "*" {
			catchAll++
		}
	}
	if catchAll != 1 || decoded.Namespaced[0].Namespaces[0] == "*" {
		t.Errorf("without a catch-all, or for a bare *, Velero drops whole kinds: %s", content.Data["policy.yaml"])
	}
	again, _ := policy("velero")
	if again.Name != content.Name {
		t.Errorf("the same content has two names: %s and %s", content.Name, again.Name)
	}
}
