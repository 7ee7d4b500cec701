package velero_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/vmware-tanzu/velero/pkg/util/results"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/acmdr/kubectl-acmdr/pkg/internal/testutil"
	"github.com/acmdr/kubectl-acmdr/pkg/velero"
)

// TestManyWarningsBecomeFewCauses is the article's restore: 56 warnings.
func TestManyWarningsBecomeFewCauses(t *testing.T) {
	warnings := results.Result{
		Cluster: []string{
			`could not restore, ManagedClusterSet "default" already exists. Warning: the in-cluster version is different`,
		},
		Namespaces: map[string][]string{},
	}
	for i := range 50 {
		namespace := fmt.Sprintf("cluster-%d", i)
		warnings.Namespaces[namespace] = []string{
			`could not restore, ConfigMap:kube-root-ca.crt already exists. Warning: the in-cluster version is different`,
		}
	}
	for i := range 5 {
		namespace := fmt.Sprintf("cluster-%d", i)
		warnings.Namespaces[namespace] = append(warnings.Namespaces[namespace],
			fmt.Sprintf(`unable to frobnicate "thing-%d" of %s/thing after %d tries`, i, namespace, i))
	}
	stored := map[string]results.Result{
		"warnings": warnings,
		"errors": {Namespaces: map[string][]string{"managed-one": {
			`error restoring secrets/managed-one/x: admission webhook "guard.example.com" denied the request: no`,
		}}},
	}
	store := testutil.NewStore(t, map[string][]byte{"RestoreResults/r1": testutil.Gzip(t, stored)})
	files, _ := downloader(t, store, location("default"))
	got, err := files.RestoreResults(t.Context(), "default", &velero.Restore{ObjectMeta: metav1.ObjectMeta{Name: "r1"}})
	if err != nil {
		t.Fatal(err)
	}
	type line struct {
		Reason            string
		Count, Namespaces int
		Expected          bool
	}
	var lines []line
	for _, cause := range append(got.Warnings, got.Errors...) {
		lines = append(lines, line{cause.Reason, cause.Count, cause.Namespaces, cause.Expected})
	}
	want := []line{
		{"ConfigMap exists already: kept as it is on the hub", 50, 50, true},
		{`unable to frobnicate "…" of … after N tries`, 5, 5, false},
		{"ManagedClusterSet exists already: kept as it is on the hub", 1, 0, true},
		{"refused by the admission webhook guard.example.com", 1, 1, false},
	}
	if diff := cmp.Diff(want, lines); diff != "" {
		t.Error(diff)
	}
	if example := got.Errors[0].Example; !strings.HasPrefix(example, "managed-one: error restoring") {
		t.Errorf("example is %q", example)
	}
	if why := got.Why(); why != "1× refused by the admission webhook guard.example.com" {
		t.Errorf("why is %q", why)
	}
}

func TestResourceListNames(t *testing.T) {
	list := velero.ResourceList{
		"v1/Secret":                   {"b/2", "a/1"},
		"example.com/v1/Secret":       {"c/3"},
		"example.com/v1beta1/Secret":  {"c/4"},
		"hive.openshift.io/v1/Secret": {"d/5"},
	}
	for group, want := range map[string][]string{"": {"a/1", "b/2"}, "example.com": {"c/3", "c/4"}, "none.io": nil} {
		if diff := cmp.Diff(want, list.Names(group, "Secret")); diff != "" {
			t.Errorf("group %q: %s", group, diff)
		}
	}
	if list.Len() != 5 {
		t.Errorf("%d objects", list.Len())
	}
}
