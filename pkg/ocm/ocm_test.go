package ocm_test

import (
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation"
	clusterv1 "open-cluster-management.io/api/cluster/v1"

	"github.com/acmdr/kubectl-acmdr/pkg/internal/testutil"
	"github.com/acmdr/kubectl-acmdr/pkg/ocm"
)

func TestBootstrapIdentityNames(t *testing.T) {
	long := strings.Repeat("c", 63)
	tests := []struct{ cluster, account string }{
		{"managed-one", "managed-one-bootstrap-sa"},
		{strings.Repeat("c", 50), strings.Repeat("c", 50) + "-bootstrap-sa"},
		{strings.Repeat("c", 51), strings.Repeat("c", 50) + "-bootstrap-sa"},
		{long, strings.Repeat("c", 50) + "-bootstrap-sa"},
	}
	for _, test := range tests {
		account := ocm.BootstrapServiceAccount(test.cluster)
		if account != test.account {
			t.Errorf("account of %s is %s, want %s", test.cluster, account, test.account)
		}
		if problems := validation.IsValidLabelValue(account); len(problems) > 0 {
			t.Errorf("account %s is no label value: %v", account, problems)
		}
		if got, want := ocm.BootstrapUser(test.cluster), "system:serviceaccount:"+test.cluster+":"+test.account; got != want {
			t.Errorf("user is %s, want %s", got, want)
		}
		if got, want := ocm.BootstrapRole(test.cluster), "system:open-cluster-management:managedcluster:bootstrap:"+test.cluster; got != want {
			t.Errorf("role is %s, want %s", got, want)
		}
	}
}

func TestIsHubNamespace(t *testing.T) {
	for name, want := range map[string]bool{
		"openshift": true, "openshift-etcd": true, "kube-system": true, "default": true, "hive": true, "multicluster-engine": true,
		"open-cluster-management": true, "open-cluster-management-agent-addon": true, "open-cluster-management-backup": true,
		"managed-one": false, "hive-clusters": false, "my-openshift-app": false, "open-cluster-management-policies": false, "": false,
		"openshift-gitops": false, "openshift-gitops-operator": true,
	} {
		if got := ocm.IsHubNamespace(name); got != want {
			t.Errorf("%q: got %t, want %t", name, got, want)
		}
	}
}

func TestConditions(t *testing.T) {
	joined := clusterv1.ManagedClusterConditionJoined
	tests := []struct {
		cluster *clusterv1.ManagedCluster
		status  metav1.ConditionStatus
	}{
		{testutil.ManagedCluster("c1"), ""},
		{testutil.ManagedCluster("c1", testutil.Condition(joined, metav1.ConditionTrue)), metav1.ConditionTrue},
		{testutil.ManagedCluster("c1", testutil.Condition(joined, metav1.ConditionFalse)), metav1.ConditionFalse},
		{testutil.ManagedCluster("c1", testutil.Condition(joined, metav1.ConditionUnknown)), metav1.ConditionUnknown},
	}
	for _, test := range tests {
		if got := ocm.ConditionStatus(test.cluster, joined); got != test.status {
			t.Errorf("got %q, want %q", got, test.status)
		}
		if got, want := ocm.IsTrue(test.cluster, joined), test.status == metav1.ConditionTrue; got != want {
			t.Errorf("%q: true is %t", test.status, got)
		}
	}
}

func TestIsLocal(t *testing.T) {
	tests := []struct {
		cluster *clusterv1.ManagedCluster
		want    bool
	}{
		{testutil.ManagedCluster("local-cluster"), true},
		{testutil.ManagedCluster("this-hub", testutil.Labelled("local-cluster", "true")), true},
		{testutil.ManagedCluster("c1", testutil.Labelled("local-cluster", "false")), false},
		{testutil.ManagedCluster("c1"), false},
		{&clusterv1.ManagedCluster{}, false},
	}
	for _, test := range tests {
		if got := ocm.IsLocal(test.cluster); got != test.want {
			t.Errorf("%s with %v: got %t", test.cluster.Name, test.cluster.Labels, got)
		}
	}
}

func TestSwitchedAt(t *testing.T) {
	at := time.Date(2026, 5, 4, 3, 2, 1, 0, time.UTC)
	if got := ocm.SwitchedAt(testutil.ManagedCluster("c1", testutil.Switched(at))); !got.Equal(at) {
		t.Errorf("got %s, want %s", got, at)
	}
	for _, value := range []string{"", "yesterday", "2026-05-04"} {
		cluster := testutil.ManagedCluster("c1")
		cluster.Annotations[ocm.SwitchedAtAnnotation] = value
		if got := ocm.SwitchedAt(cluster); !got.IsZero() {
			t.Errorf("%q: got %s", value, got)
		}
	}
	if got := ocm.SwitchedAt(&clusterv1.ManagedCluster{}); !got.IsZero() {
		t.Errorf("got %s", got)
	}
}

func TestStateOf(t *testing.T) {
	joined := testutil.Condition(clusterv1.ManagedClusterConditionJoined, metav1.ConditionTrue)
	available := func(status metav1.ConditionStatus) testutil.Edit[clusterv1.ManagedCluster] {
		return testutil.Condition(clusterv1.ManagedClusterConditionAvailable, status)
	}
	refused := func(c *clusterv1.ManagedCluster) { c.Spec.HubAcceptsClient = false }
	tests := []struct {
		edits []testutil.Edit[clusterv1.ManagedCluster]
		want  ocm.State
	}{
		{nil, ocm.NotJoined},
		{[]testutil.Edit[clusterv1.ManagedCluster]{testutil.Back}, ocm.Available},
		{[]testutil.Edit[clusterv1.ManagedCluster]{testutil.Back, refused}, ocm.NotAccepted},
		{[]testutil.Edit[clusterv1.ManagedCluster]{joined}, ocm.Unknown},
		{[]testutil.Edit[clusterv1.ManagedCluster]{joined, available(metav1.ConditionUnknown)}, ocm.Unknown},
		{[]testutil.Edit[clusterv1.ManagedCluster]{joined, available(metav1.ConditionFalse)}, ocm.Unavailable},
		{[]testutil.Edit[clusterv1.ManagedCluster]{available(metav1.ConditionTrue)}, ocm.NotJoined},
	}
	listed := map[ocm.State]bool{}
	for _, state := range ocm.States() {
		listed[state] = true
	}
	for _, test := range tests {
		if got := ocm.StateOf(testutil.ManagedCluster("c1", test.edits...)); got != test.want || !listed[got] {
			t.Errorf("got %s, want %s; listed: %t", got, test.want, listed[got])
		}
	}
}

func TestClients(t *testing.T) {
	managed := testutil.NewHub(t, testutil.Klusterlet("uid"), testutil.AppliedManifestWork("hash", "w", "uid"))
	if items, err := ocm.Klusterlets(managed.Dynamic).List(t.Context(), ""); err != nil || len(items) != 1 || items[0].UID != "uid" {
		t.Errorf("got %+v, error %v", items, err)
	}
	applied, err := ocm.AppliedManifestWorks(managed.Dynamic).List(t.Context(), "")
	if err != nil || len(applied) != 1 || applied[0].Spec.ManifestWorkName != "w" {
		t.Errorf("got %+v, error %v", applied, err)
	}
	hub := testutil.NewHub(t, testutil.ManifestWork(t, "c1", "a"), testutil.ManifestWork(t, "c2", "b"))
	works, err := ocm.ManifestWorks(hub.Dynamic, "c1").List(t.Context(), "")
	if err != nil || len(works) != 1 || works[0].Name != "a" {
		t.Errorf("got %+v, error %v", works, err)
	}
}
