package inspect_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	clusterv1 "open-cluster-management.io/api/cluster/v1"

	"github.com/acmdr/kubectl-acmdr/pkg/inspect"
	"github.com/acmdr/kubectl-acmdr/pkg/internal/testutil"
	"github.com/acmdr/kubectl-acmdr/pkg/ocm"
	"github.com/acmdr/kubectl-acmdr/pkg/velero"
)

var now = time.Date(2026, 11, 25, 4, 0, 0, 0, time.UTC)

func namespace(name string) *corev1.Namespace {
	return &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{ocm.ManagedClusterNamespaceLabel: name}}}
}

// cluster is a ManagedCluster with its namespace, which told its hub where it is.
func cluster(name string) []runtime.Object {
	managed := testutil.ManagedCluster(name, func(c *clusterv1.ManagedCluster) {
		c.Spec.ManagedClusterClientConfigs = []clusterv1.ClientConfig{{URL: "https://" + name}}
	})
	return []runtime.Object{managed, namespace(name)}
}

// token is one that says who it is and until when; nobody signed it.
func token(subject string, notAfter time.Time) string {
	claims := fmt.Sprintf(`{"sub":%q,"exp":%d}`, subject, notAfter.Unix())
	return "e30." + base64.RawURLEncoding.EncodeToString([]byte(claims)) + ".s3cr3t"
}

func kubeconfig(notAfter time.Time) []byte {
	return testutil.Kubeconfig("https://admin", nil, token("admin", notAfter))
}

func account(namespace, name string, notAfter time.Time) *corev1.Secret {
	secret := testutil.Secret(namespace, name, map[string]string{"token": token("account", notAfter), "ca.crt": "CA"})
	secret.Labels = map[string]string{"authentication.open-cluster-management.io/is-managed-serviceaccount": "true"}
	return secret
}

func hosted(namespace, name string) *unstructured.Unstructured {
	object := &unstructured.Unstructured{Object: map[string]any{}}
	object.SetGroupVersionKind(ocm.HostedClusterResource.GroupVersion().WithKind("HostedCluster"))
	object.SetNamespace(namespace)
	object.SetName(name)
	return object
}

func read(t *testing.T, objects ...runtime.Object) *inspect.Report {
	t.Helper()
	tarball, _ := testutil.Contents(t, now, objects...)
	inventory := inspect.New()
	if err := inventory.Read(bytes.NewReader(tarball)); err != nil {
		t.Fatal(err)
	}
	return inventory.Report(t.Context(), now)
}

// Every source of credentials is found in the bytes by the rules of a move, whichever comes first.
func TestVerdicts(t *testing.T) {
	late, past := now.Add(time.Hour), now.Add(-time.Hour)
	for name, test := range map[string]struct {
		objects []runtime.Object
		// want is the verdict, source, origin, user and server.
		want   string
		reason string
	}{
		"no credential": {nil, "NoCredential", "no credential is in it"},
		"Hive names it": {[]runtime.Object{
			testutil.AdminKubeconfig("c1", "newer", now, kubeconfig(past)),
			testutil.AdminKubeconfig("c1", "named", past, kubeconfig(late)), testutil.ClusterDeployment("c1", "c1", "named"),
		}, "OK Hive secret c1/named admin https://admin", ""},
		"Hive labelled it": {[]runtime.Object{
			testutil.AdminKubeconfig("c1", "newer", now, kubeconfig(late)), testutil.AdminKubeconfig("c1", "older", past, nil),
		}, "OK Hive secret c1/newer admin https://admin", ""},
		"Hive names one without a label": {[]runtime.Object{
			testutil.ClusterDeployment("c1", "c1", "plain"), testutil.Secret("c1", "plain", map[string]string{"kubeconfig": string(kubeconfig(late))}),
		}, "OK Hive secret c1/plain admin https://admin", ""},
		"Hive names one that is not there": {[]runtime.Object{testutil.ClusterDeployment("c1", "c1", "gone")}, "Unusable",
			"Hive admin kubeconfig: the admin kubeconfig that Hive made: secret c1/gone is not there"},
		"expired": {[]runtime.Object{testutil.AdminKubeconfig("c1", "x", now, kubeconfig(past))},
			"Expired Hive secret c1/x admin https://admin", "secret c1/x expired on 2026-11-25T03:00:00Z"},
		"expired, but another is good": {[]runtime.Object{
			testutil.AdminKubeconfig("c1", "x", now, kubeconfig(past)), account("c1", "y", late),
		}, "OK ManagedServiceAccount secret c1/y account https://c1", ""},
		"not a kubeconfig": {[]runtime.Object{testutil.AdminKubeconfig("c1", "x", now, []byte("s3cr3t: ["))}, "Unusable",
			"Hive admin kubeconfig: secret c1/x: kubeconfig is not valid YAML of kind Config"},
		"would run a program": {[]runtime.Object{testutil.AdminKubeconfig("c1", "x", now, []byte(strings.Replace(string(kubeconfig(late)),
			"user: {token:", "user: {exec: {apiVersion: client.authentication.k8s.io/v1, command: sh, interactiveMode: Never}, token:", 1)))},
			"Unusable", "Hive admin kubeconfig: secret c1/x: kubeconfig refused: users[].user.exec would run a program"},
		"HyperShift, in ACM's namespace": {[]runtime.Object{
			testutil.Secret("clusters", "c1-admin-kubeconfig", map[string]string{"kubeconfig": string(kubeconfig(late))}), hosted("clusters", "c1"), namespace("clusters"),
		}, "OK HyperShift secret clusters/c1-admin-kubeconfig admin https://admin", ""},
		"HyperShift without its secret": {[]runtime.Object{hosted("c1", "c1")}, "Unusable",
			"HyperShift admin kubeconfig: hostedcluster c1/c1 is there and its secret c1-admin-kubeconfig is not"},
		"Cluster API": {[]runtime.Object{testutil.Secret("c1", "c1-kubeconfig", map[string]string{"value": string(kubeconfig(late))})},
			"OK ClusterAPI secret c1/c1-kubeconfig admin https://admin", ""},
		"auto-import with a kubeconfig": {[]runtime.Object{
			testutil.Secret("c1", "auto-import-secret", map[string]string{"kubeconfig": string(kubeconfig(late))}),
		}, "OK AutoImport secret c1/auto-import-secret admin https://admin", ""},
		"auto-import with a token": {[]runtime.Object{
			testutil.Secret("c1", "auto-import-secret", map[string]string{"token": token("t", late), "server": "https://there"}),
		}, "OK AutoImport secret c1/auto-import-secret t https://there", ""},
		"auto-import in clear": {[]runtime.Object{
			testutil.Secret("c1", "auto-import-secret", map[string]string{"token": token("t", late), "server": "http://there"}),
		}, "Unusable", "auto-import-secret: secret c1/auto-import-secret: kubeconfig refused: clusters[].cluster.server is not an https URL"},
		"the account that lasts longest": {[]runtime.Object{account("c1", "a", late), account("c1", "b", late.Add(time.Hour))},
			"OK ManagedServiceAccount secret c1/b account https://c1", ""},
		"of another namespace": {[]runtime.Object{namespace("c2"), testutil.AdminKubeconfig("c2", "x", now, kubeconfig(late))},
			"NoCredential", "no credential is in it"},
	} {
		for order, objects := range map[string][]runtime.Object{
			"before": append(append([]runtime.Object{}, test.objects...), cluster("c1")...),
			"after":  append(cluster("c1"), test.objects...),
		} {
			t.Run(name+"/"+order, func(t *testing.T) {
				found := read(t, objects...).Clusters[0]
				got := string(found.Verdict)
				if c := found.Credential; c != nil {
					got = strings.Join([]string{got, c.Source, c.Origin, c.User, c.Config.Host}, " ")
					if c.Config.BearerToken != "" || len(c.Config.CAData) > 0 {
						t.Error("a secret was kept")
					}
				}
				if got != test.want || found.Reason != test.reason {
					t.Errorf("got %q (%s), want %q (%s)", got, found.Reason, test.want, test.reason)
				}
			})
		}
	}
}

func TestReport(t *testing.T) {
	objects := append(cluster("c2"), cluster("c1")...)
	objects = append(objects,
		testutil.ManagedCluster("the-hub", testutil.Labelled(ocm.LocalClusterLabel, "true")), namespace("the-hub"),
		testutil.ManifestWork(t, "c1", "one"), testutil.ManifestWork(t, "c1", "two"),
		namespace("lost"), testutil.Secret("bare", "s", nil))
	report := read(t, objects...)
	var got []string
	for _, c := range report.Clusters {
		got = append(got, fmt.Sprintf("%s %s %d %s", c.Name, c.Verdict, c.Works, c.Reason))
	}
	want := []string{"c1 NoCredential 2 no credential is in it", "c2 NoCredential 0 no credential is in it",
		"lost Incomplete 0 ManagedCluster lost is not in it"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"the-hub"}, report.Local); diff != "" {
		t.Error(diff)
	}
	if report.Objects != 10 || report.Resources["secrets"] != 1 || !report.First.Equal(now) || !report.Last.Equal(now) {
		t.Errorf("got %+v", report)
	}
	if len(report.Warnings) != 1 || !strings.HasSuffix(report.Warnings[0], "without their labels: bare") {
		t.Errorf("warnings %q", report.Warnings)
	}
	if empty := read(t); len(empty.Warnings) != 1 || empty.Warnings[0] != "no managed cluster is in it" {
		t.Errorf("warnings %q", empty.Warnings)
	}
}

func TestObjectsThatAreNotWhatTheirPlaceSays(t *testing.T) {
	const place = "resources/secrets/v1-preferredversion/namespaces/c1/s.json"
	for name, test := range map[string]struct{ body, want string }{
		"not JSON":       {"s3cr3t", "secrets c1/s is not a JSON object"},
		"cut":            {`{"kind":"Secret"`, "secrets c1/s is not a JSON object"},
		"a list":         {`[]`, "secrets c1/s is not a JSON object"},
		"two":            {`{"kind":"Secret"}{}`, "secrets c1/s is not a JSON object"},
		"nothing":        {`null`, "secrets c1/s is not what its place in the archive says"},
		"another":        {`{"kind":"Secret","metadata":{"name":"t","namespace":"c1"}}`, "secrets c1/s is not what its place in the archive says"},
		"elsewhere":      {`{"kind":"Secret","metadata":{"name":"s","namespace":"c2"}}`, "secrets c1/s is not what its place in the archive says"},
		"no such secret": {`{"kind":"Secret","metadata":{"name":"s","namespace":"c1"},"data":"s3cr3t"}`, "secrets c1/s cannot be read as a Secret"},
	} {
		t.Run(name, func(t *testing.T) {
			err := inspect.New().Read(bytes.NewReader(testutil.Packed(t, testutil.Entry{Name: place, Body: test.body})))
			var bad *velero.BadContents
			if !errors.As(err, &bad) || bad.Err.Error() != test.want {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}
