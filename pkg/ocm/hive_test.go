package ocm_test

import (
	"errors"
	"maps"
	"strings"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	clienttesting "k8s.io/client-go/testing"

	"github.com/acmdr/kubectl-acmdr/pkg/internal/testutil"
	"github.com/acmdr/kubectl-acmdr/pkg/ocm"
)

func TestAdminKubeconfigs(t *testing.T) {
	day := func(n int) time.Time { return time.Date(2026, 1, n, 0, 0, 0, 0, time.UTC) }
	unlabelled := testutil.Secret("c5", "kept", map[string]string{"kubeconfig": "k"})
	password := testutil.AdminKubeconfig("c6", "c6-admin-password", day(1), nil)
	password.Labels[ocm.HiveSecretTypeLabel] = "kubeadmincreds"
	hub := testutil.NewHub(t,
		// c1: the one that the ClusterDeployment names, though a newer one is there.
		testutil.ClusterDeployment("c1", "c1", "c1-0-aaaaa-admin-kubeconfig"),
		testutil.AdminKubeconfig("c1", "c1-0-aaaaa-admin-kubeconfig", day(1), nil),
		testutil.AdminKubeconfig("c1", "c1-0-bbbbb-admin-kubeconfig", day(2), nil),
		// c2: no ClusterDeployment, several attempts to provision: the newest.
		testutil.AdminKubeconfig("c2", "c2-0-zzzzz-admin-kubeconfig", day(1), nil),
		testutil.AdminKubeconfig("c2", "c2-1-aaaaa-admin-kubeconfig", day(3), nil),
		testutil.AdminKubeconfig("c2", "c2-0-bbbbb-admin-kubeconfig", day(2), nil),
		// c3: the named secret is gone.
		testutil.ClusterDeployment("c3", "c3", "c3-gone"),
		// c4: several ClusterDeployments in the namespace: the one named like the cluster.
		testutil.ClusterDeployment("c4", "another", "wrong"),
		testutil.ClusterDeployment("c4", "c4", "right"),
		testutil.ClusterDeployment("c4", "z-another", "wrong-too"),
		testutil.AdminKubeconfig("c4", "right", day(1), nil),
		// c5: named, without Hive's label, as after a restore that dropped labels.
		testutil.ClusterDeployment("c5", "c5", "kept"), unlabelled,
		// c6: nothing of use.
		testutil.ClusterDeployment("c6", "c6", ""), password,
	)
	want := map[string]ocm.AdminKubeconfig{
		"c1": {Secret: "c1-0-aaaaa-admin-kubeconfig", Exists: true},
		"c2": {Secret: "c2-1-aaaaa-admin-kubeconfig", Exists: true},
		"c3": {Secret: "c3-gone"},
		"c4": {Secret: "right", Exists: true},
		"c5": {Secret: "kept", Exists: true},
	}
	got, err := ocm.AdminKubeconfigs(t.Context(), hub.Kube, hub.Dynamic, metav1.NamespaceAll)
	if err != nil || !maps.Equal(got, want) {
		t.Errorf("got %v, want %v, error %v", got, want, err)
	}
	for _, cluster := range []string{"c1", "c2", "c3", "c4", "c5", "c6"} {
		got, err := ocm.AdminKubeconfigs(t.Context(), hub.Kube, hub.Dynamic, cluster)
		if err != nil || got[cluster] != want[cluster] || len(got) > 1 {
			t.Errorf("%s: got %v, want %v, error %v", cluster, got, want[cluster], err)
		}
	}
}

func TestAdminKubeconfigsWithoutHive(t *testing.T) {
	hub := testutil.NewHub(t)
	hub.Dynamic.PrependReactor("list", "clusterdeployments", func(clienttesting.Action) (bool, runtime.Object, error) {
		return true, nil, apierrors.NewNotFound(schema.GroupResource{Resource: "clusterdeployments"}, "")
	})
	if got, err := ocm.AdminKubeconfigs(t.Context(), hub.Kube, hub.Dynamic, "c1"); err != nil || len(got) > 0 {
		t.Errorf("got %v, error %v", got, err)
	}
}

// A hub that may not be read is an error, not a hub without credentials.
func TestAdminKubeconfigsThatMayNotBeRead(t *testing.T) {
	denied := apierrors.NewForbidden(schema.GroupResource{Resource: "secrets"}, "", errors.New("rbac"))
	tests := []struct{ verb, resource, want string }{
		{"list", "clusterdeployments", "listing ClusterDeployments: "},
		{"list", "secrets", "listing Hive's secrets: "},
		{"get", "secrets", "reading secret c1/gone: "},
	}
	for _, test := range tests {
		hub := testutil.NewHub(t, testutil.ClusterDeployment("c1", "c1", "gone"))
		refuse := func(clienttesting.Action) (bool, runtime.Object, error) { return true, nil, denied }
		hub.Dynamic.PrependReactor(test.verb, test.resource, refuse)
		hub.Kube.PrependReactor(test.verb, test.resource, refuse)
		_, err := ocm.AdminKubeconfigs(t.Context(), hub.Kube, hub.Dynamic, "c1")
		if !apierrors.IsForbidden(err) || !strings.HasPrefix(err.Error(), test.want) {
			t.Errorf("%s %s: error %v", test.verb, test.resource, err)
		}
	}
}
