package access_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	clusterv1 "open-cluster-management.io/api/cluster/v1"

	"github.com/acmdr/kubectl-acmdr/pkg/access"
	"github.com/acmdr/kubectl-acmdr/pkg/internal/testutil"
	"github.com/acmdr/kubectl-acmdr/pkg/ocm"
)

// at is a ManagedCluster that told its hub where its API is.
func at(url, ca string) *clusterv1.ManagedCluster {
	return testutil.ManagedCluster("c1", func(c *clusterv1.ManagedCluster) {
		c.Spec.ManagedClusterClientConfigs = []clusterv1.ClientConfig{{URL: url, CABundle: []byte(ca)}, {URL: "https://second"}}
	})
}

func hostedCluster(namespace, secret string) *unstructured.Unstructured {
	object := &unstructured.Unstructured{Object: map[string]any{}}
	object.SetGroupVersionKind(ocm.HostedClusterResource.GroupVersion().WithKind("HostedCluster"))
	object.SetNamespace(namespace)
	object.SetName("c1")
	if secret != "" {
		_ = unstructured.SetNestedField(object.Object, secret, "status", "kubeconfig", "name")
	}
	return object
}

func accountSecret(name, token, ca string) *corev1.Secret {
	secret := testutil.Secret("c1", name, map[string]string{"token": token, "ca.crt": ca})
	secret.Labels = map[string]string{"authentication.open-cluster-management.io/is-managed-serviceaccount": "true"}
	return secret
}

func expiring(t time.Time) string { return jwt(fmt.Sprintf(`{"exp":%d}`, t.Unix())) }

// sources makes each kind of source for a hub.
var sources = map[string]func(*testutil.Hub) access.Source{
	"hive":       func(h *testutil.Hub) access.Source { return access.Hive{Place: access.OnHub(h.Kube, h.Dynamic)} },
	"hypershift": func(h *testutil.Hub) access.Source { return access.HyperShift{Place: access.OnHub(h.Kube, h.Dynamic)} },
	"autoimport": func(h *testutil.Hub) access.Source { return access.AutoImport{Place: access.OnHub(h.Kube, h.Dynamic)} },
	"account": func(h *testutil.Hub) access.Source {
		return access.ManagedServiceAccount{Place: access.OnHub(h.Kube, h.Dynamic)}
	},
	"capi": func(h *testutil.Hub) access.Source { return access.ClusterAPI{Place: access.OnHub(h.Kube, h.Dynamic)} },
}

func TestSources(t *testing.T) {
	kubeconfig := string(testutil.Kubeconfig("https://c1", []byte("CA"), "s3cr3t"))
	insecure := "apiVersion: v1\nkind: Config\ncurrent-context: a\ncontexts: [{name: a, context: {cluster: a, user: a}}]\n" +
		"clusters: [{name: a, cluster: {server: 'https://c1', insecure-skip-tls-verify: true}}]\nusers: [{name: a, user: {token: s3cr3t}}]\n"
	soon, late := time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2031, 1, 1, 0, 0, 0, 0, time.UTC)
	admin := func(name, data string) *corev1.Secret {
		return testutil.AdminKubeconfig("c1", name, soon, []byte(data))
	}
	tests := []struct {
		name, source string
		objects      []runtime.Object
		// origin, host, ca are those of the credential that is found; without an origin there is none, or the error is err.
		origin, host, ca string
		notAfter         time.Time
		err              string
	}{
		{name: "Hive names it", source: "hive", objects: []runtime.Object{testutil.ClusterDeployment("c1", "c1", "x"), admin("x", kubeconfig), admin("y", "")},
			origin: "secret c1/x", host: "https://c1", ca: "CA"},
		{name: "Hive labelled it", source: "hive", objects: []runtime.Object{admin("y", kubeconfig)}, origin: "secret c1/y", host: "https://c1", ca: "CA"},
		{name: "Hive does not know the cluster", source: "hive"},
		{name: "Hive's secret was not restored", source: "hive", objects: []runtime.Object{testutil.ClusterDeployment("c1", "c1", "x")},
			err: "the admin kubeconfig that Hive made: "},
		{name: "Hive's secret without its key", source: "hive", objects: []runtime.Object{
			testutil.ClusterDeployment("c1", "c1", "x"), testutil.Secret("c1", "x", map[string]string{"raw-kubeconfig": kubeconfig}),
		}, err: `secret c1/x has no key "kubeconfig"`},
		{name: "Hive's secret is refused", source: "hive", objects: []runtime.Object{admin("y", insecure)},
			err: "secret c1/y: kubeconfig refused: clusters[].cluster.insecure-skip-tls-verify is not honoured: TLS is always verified"},

		{name: "HyperShift names it", source: "hypershift", objects: []runtime.Object{
			hostedCluster("clusters", "x"), testutil.Secret("clusters", "x", map[string]string{"kubeconfig": kubeconfig}),
		}, origin: "secret clusters/x", host: "https://c1", ca: "CA"},
		{name: "HyperShift after a restore, which drops the status", source: "hypershift", objects: []runtime.Object{
			hostedCluster("c1", ""), testutil.Secret("c1", "c1-admin-kubeconfig", map[string]string{"kubeconfig": kubeconfig}),
		}, origin: "secret c1/c1-admin-kubeconfig", host: "https://c1", ca: "CA"},
		{name: "HyperShift's secret was not restored", source: "hypershift", objects: []runtime.Object{hostedCluster("c1", "")},
			err: "hostedcluster c1/c1 is there and its secret c1-admin-kubeconfig is not"},
		{name: "HyperShift after a restore, which leaves the HostedCluster out", source: "hypershift", objects: []runtime.Object{
			testutil.Secret("clusters", "c1-admin-kubeconfig", map[string]string{"kubeconfig": kubeconfig}),
		}, origin: "secret clusters/c1-admin-kubeconfig", host: "https://c1", ca: "CA"},
		{name: "no HostedCluster", source: "hypershift"},

		{name: "auto-import by kubeconfig", source: "autoimport", objects: []runtime.Object{
			testutil.Secret("c1", "auto-import-secret", map[string]string{"kubeconfig": kubeconfig}),
		}, origin: "secret c1/auto-import-secret", host: "https://c1", ca: "CA"},
		{name: "auto-import by token, with the CA that the hub knows", source: "autoimport", objects: []runtime.Object{
			at("https://c1", "KNOWN"), testutil.Secret("c1", "auto-import-secret", map[string]string{"token": "s3cr3t", "server": "https://c1"}),
		}, origin: "secret c1/auto-import-secret", host: "https://c1", ca: "KNOWN"},
		{name: "auto-import by token, at another server", source: "autoimport", objects: []runtime.Object{
			at("https://c1", "KNOWN"), testutil.Secret("c1", "auto-import-secret", map[string]string{"token": "s3cr3t", "server": "https://vip"}),
		}, origin: "secret c1/auto-import-secret", host: "https://vip"},
		{name: "auto-import by another way", source: "autoimport", objects: []runtime.Object{
			at("https://c1", ""), testutil.Secret("c1", "auto-import-secret", map[string]string{"api_token": "s3cr3t", "cluster_id": "1"}),
		}, err: "secret c1/auto-import-secret (type ) holds neither a kubeconfig nor a token and a server"},
		{name: "auto-import over http", source: "autoimport", objects: []runtime.Object{
			at("https://c1", ""), testutil.Secret("c1", "auto-import-secret", map[string]string{"token": "s3cr3t", "server": "http://c1"}),
		}, err: "secret c1/auto-import-secret: kubeconfig refused: clusters[].cluster.server is not an https URL"},
		{name: "no auto-import", source: "autoimport"},

		{name: "the account that lasts longest", source: "account", objects: []runtime.Object{
			at("https://c1", "KNOWN\n"), accountSecret("a", expiring(soon), "A"), accountSecret("b", expiring(late), "B"), accountSecret("c", expiring(soon), "C"),
		}, origin: "secret c1/b", host: "https://c1", ca: "KNOWN\nB", notAfter: late},
		{name: "an account and no CA but the system's", source: "account", objects: []runtime.Object{
			at("https://c1", ""), accountSecret("a", "opaque", ""),
		}, origin: "secret c1/a", host: "https://c1"},
		{name: "a broken account beside a good one", source: "account", objects: []runtime.Object{
			at("https://c1", ""), accountSecret("a", "", "A"), accountSecret("b", "opaque", "B"),
		}, origin: "secret c1/b", host: "https://c1", ca: "B"},
		{name: "an account without a token", source: "account", objects: []runtime.Object{at("https://c1", ""), accountSecret("a", "", "A")},
			err: "secret c1/a holds no token"},
		{name: "an account and no URL", source: "account", objects: []runtime.Object{testutil.ManagedCluster("c1"), accountSecret("a", "opaque", "")},
			err: "the ManagedCluster names no URL of the cluster (spec.managedClusterClientConfigs)"},
		{name: "no account", source: "account", objects: []runtime.Object{at("https://c1", "")}},

		{name: "Cluster API", source: "capi", objects: []runtime.Object{testutil.Secret("c1", "c1-kubeconfig", map[string]string{"value": kubeconfig})},
			origin: "secret c1/c1-kubeconfig", host: "https://c1", ca: "CA"},
		{name: "no Cluster API", source: "capi"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			hub := testutil.NewHub(t, test.objects...)
			credential, err := sources[test.source](hub).Find(t.Context(), "c1")
			switch {
			case test.err != "":
				if err == nil || errors.Is(err, access.ErrNone) || !strings.HasPrefix(err.Error(), test.err) || strings.Contains(err.Error(), "s3cr3t") {
					t.Errorf("got %+v, error %v, want %q", credential, err, test.err)
				}
			case test.origin == "":
				if !errors.Is(err, access.ErrNone) {
					t.Errorf("got %+v, error %v, want none", credential, err)
				}
			case err != nil:
				t.Error(err)
			case credential.Origin != test.origin || credential.Config.Host != test.host || string(credential.Config.CAData) != test.ca ||
				!credential.NotAfter.Equal(test.notAfter) || credential.Config.Insecure || credential.Config.BearerToken == "":
				t.Errorf("got %s at %s until %s, CA %q", credential.Origin, credential.Config.Host, credential.NotAfter, credential.Config.CAData)
			}
			if wrote := hub.Writes(); len(wrote) > 0 {
				t.Errorf("looking wrote %q", wrote)
			}
		})
	}
}

// A hub that may not be read is an error, not a hub without credentials.
func TestSourcesThatMayNotBeRead(t *testing.T) {
	for name, of := range sources {
		hub := testutil.NewHub(t, at("https://c1", ""), hostedCluster("c1", ""))
		fail("get", "secrets", denied)(hub)
		fail("list", "secrets", denied)(hub)
		source := of(hub)
		if _, err := source.Find(t.Context(), "c1"); !apierrors.IsForbidden(err) {
			t.Errorf("%s: error %v", name, err)
		}
		if source.Name() == "" {
			t.Errorf("%s has no name", name)
		}
	}
}

func TestFiles(t *testing.T) {
	files := access.Files{"c1": {Path: "c1.yaml", Data: testutil.Kubeconfig("https://c1", nil, "s3cr3t")}}
	if credential, err := files.Find(t.Context(), "c1"); err != nil || credential.Origin != "c1.yaml" || credential.Source != "File" {
		t.Errorf("got %+v, error %v", credential, err)
	}
	if _, err := files.Find(t.Context(), "c2"); !errors.Is(err, access.ErrNone) {
		t.Errorf("error %v", err)
	}
}
