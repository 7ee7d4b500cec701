package backup

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	clienttesting "k8s.io/client-go/testing"
	clusterv1 "open-cluster-management.io/api/cluster/v1"

	"github.com/acmdr/kubectl-acmdr/pkg/access"
	"github.com/acmdr/kubectl-acmdr/pkg/internal/testutil"
	"github.com/acmdr/kubectl-acmdr/pkg/ocm"
	"github.com/acmdr/kubectl-acmdr/pkg/velero"
)

// imported is a hub with the cluster c1, of which it has these objects, and Velero, which completes every backup.
func imported(t *testing.T, objects ...runtime.Object) *testutil.Hub {
	t.Helper()
	hub := testutil.NewHub(t, append(objects, whole("c1")[0], testutil.ManagedCluster("c2"),
		testutil.Object(t, velero.LocationResource, location()),
		&appsv1.Deployment{
			ObjectMeta: metav1.ObjectMeta{Namespace: "velero", Name: "velero"}, Status: appsv1.DeploymentStatus{AvailableReplicas: 1},
		})...)
	runs(hub, velero.BackupCompleted, nil)
	return hub
}

// whole is a cluster without a credential as it is in a backup.
func whole(name string) []runtime.Object {
	return []runtime.Object{testutil.ManagedCluster(name, func(c *clusterv1.ManagedCluster) {
		c.Spec.ManagedClusterClientConfigs = []clusterv1.ClientConfig{{URL: "https://" + name}}
	}), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}}
}

// proven backs c1 up and verifies what Velero is said to have stored: the cluster, and these objects.
func proven(t *testing.T, hub *testutil.Hub, more ...runtime.Object) (*Result, error) {
	t.Helper()
	tarball, _ := testutil.Contents(t, asked, append(whole("c1"), more...)...)
	testutil.NewStore(t, map[string][]byte{
		"BackupContents/nightly": tarball, "BackupResults/nightly": testutil.Gzip(t, map[string]any{}),
	}).Serve(hub)
	plan, err := NewPlan(t.Context(), testutil.Instant{}, of(hub), Options{Name: "nightly", Clusters: &ocm.Selection{Names: []string{"c1"}}})
	if err != nil {
		t.Fatal(err)
	}
	if err := plan.Start(t.Context(), testutil.Instant{}, of(hub)); err != nil {
		t.Fatal(err)
	}
	return plan.Wait(t.Context(), testutil.Instant{}, of(hub), nil)
}

// What any source of credentials opens on the hub must be in the backup.
func TestACredentialThatTheHubHasIsMissedInTheBackup(t *testing.T) {
	kubeconfig := string(testutil.Kubeconfig("https://c1", nil, "t"))
	secret := func(namespace, name, key string) *corev1.Secret {
		return testutil.Secret(namespace, name, map[string]string{key: kubeconfig})
	}
	account := testutil.Secret("c1", "account", map[string]string{"token": "t"})
	account.Labels = map[string]string{"authentication.open-cluster-management.io/is-managed-serviceaccount": "true"}
	tests := []struct {
		name, source string
		secret       *corev1.Secret
		// beside is on the hub, and in the backup, too.
		beside []runtime.Object
	}{
		{"named by Hive", "Hive admin kubeconfig", secret("c1", "admin", "kubeconfig"), []runtime.Object{testutil.ClusterDeployment("c1", "c1", "admin")}},
		{"labelled by Hive", "Hive admin kubeconfig", testutil.AdminKubeconfig("c1", "admin", asked, []byte(kubeconfig)), nil},
		{"hosted", "HyperShift admin kubeconfig", secret("c1", "c1-admin-kubeconfig", "kubeconfig"), nil},
		{"hosted in ACM's namespace", "HyperShift admin kubeconfig", secret("clusters", "c1-admin-kubeconfig", "kubeconfig"), nil},
		{"Cluster API", "Cluster API kubeconfig", secret("c1", "c1-kubeconfig", "value"), nil},
		{"auto-import", "auto-import-secret", secret("c1", "auto-import-secret", "kubeconfig"), nil},
		{"an account", "ManagedServiceAccount token", account, nil},
		{"beside another", "ManagedServiceAccount token", account, []runtime.Object{testutil.AdminKubeconfig("c1", "admin", asked, []byte(kubeconfig))}},
	}
	tried := map[string]bool{}
	for _, test := range tests {
		tried[test.source] = true
		t.Run(test.name, func(t *testing.T) {
			hub := func() *testutil.Hub { return imported(t, append(slices.Clone(test.beside), test.secret)...) }
			origin := test.secret.Namespace + "/" + test.secret.Name
			opened := hub()
			sources := access.HubSources(opened.Kube, opened.Dynamic)
			source := sources[slices.IndexFunc(sources, func(s access.Source) bool { return s.Name() == test.source })]
			if credential, err := source.Find(t.Context(), "c1"); err != nil || credential.Origin != "secret "+origin {
				t.Fatalf("the hub's is %+v, %v", credential, err)
			}
			result, err := proven(t, hub(), test.beside...)
			want := "backup nightly is Completed but lacks what the hub has of its clusters; not in it: the credential of c1 (secret " + origin + ")"
			if err == nil || err.Error() != want || result.Proof.Verified() || result.Backup.Annotations[velero.FinishedAnnotation] != "" {
				t.Errorf("got %v, want %q", err, want)
			}
			if result, err := proven(t, hub(), append(slices.Clone(test.beside), test.secret)...); err != nil || len(result.Proof.Whole) != 1 {
				t.Errorf("in the backup: got %+v, %v", result, err)
			}
		})
	}
	hub := imported(t)
	for _, source := range access.HubSources(hub.Kube, hub.Dynamic) {
		if !tried[source.Name()] {
			t.Errorf("%s: nothing looks for what it would find on the hub", source.Name())
		}
	}
}

// What is not on the hub, or came to it later, or is no credential of a cluster that was to be backed up, is no fault of the backup.
func TestWhatTheBackupNeedNotHold(t *testing.T) {
	kubeconfig := testutil.Kubeconfig("https://c1", nil, "t")
	admin := func(namespace string, edit func(*corev1.Secret)) *corev1.Secret {
		secret := testutil.AdminKubeconfig(namespace, "admin", asked, kubeconfig)
		edit(secret)
		return secret
	}
	for name, objects := range map[string][]runtime.Object{
		"none on the hub":   nil,
		"younger":           {admin("c1", func(s *corev1.Secret) { s.CreationTimestamp = metav1.Time{Time: asked.Add(time.Second)} })},
		"being deleted":     {admin("c1", func(s *corev1.Secret) { s.DeletionTimestamp, s.Finalizers = &metav1.Time{Time: asked}, []string{"a/b"} })},
		"of another choice": {admin("c2", func(*corev1.Secret) {})},
		"not looked for":    {testutil.Secret("c1", "x", map[string]string{"kubeconfig": string(kubeconfig)})},
		"of no cluster":     {testutil.Secret("clusters", "x-admin-kubeconfig", map[string]string{"kubeconfig": string(kubeconfig)})},
		"nothing in it":     {testutil.Secret("c1", "c1-kubeconfig", nil)},
		"an older attempt": {admin("c1", func(s *corev1.Secret) {
			s.Name, s.CreationTimestamp = "older", metav1.Time{Time: asked.Add(-time.Hour)}
		}),
			admin("c1", func(s *corev1.Secret) { s.CreationTimestamp = metav1.Time{Time: asked.Add(-time.Minute)} })},
	} {
		t.Run(name, func(t *testing.T) {
			var stored []runtime.Object
			if name == "an older attempt" {
				stored = objects[1:]
			}
			result, err := proven(t, imported(t, objects...), stored...)
			if err != nil || !result.Proof.Verified() || len(result.Unread) > 0 {
				t.Errorf("got %+v, %v", result, err)
			}
		})
	}
}

// What may not be read is not known, and said so; what else is known is compared all the same.
func TestAHubThatMayNotBeRead(t *testing.T) {
	refuses := func(hub *testutil.Hub, resource string, err error) {
		refuse := func(clienttesting.Action) (bool, runtime.Object, error) { return true, nil, err }
		hub.Kube.PrependReactor("list", resource, refuse)
		hub.Dynamic.PrependReactor("list", resource, refuse)
	}
	denied := apierrors.NewForbidden(schema.GroupResource{}, "", errors.New("rbac"))
	lost := "the credential of c1 (secret c1/admin)"
	for name, test := range map[string]struct {
		resource     string
		err          error
		want, unread string
	}{
		"secrets":            {"secrets", denied, "", "listing secrets: "},
		"ClusterDeployments": {"clusterdeployments", denied, lost, "listing ClusterDeployments: "},
		"no Hive":            {"clusterdeployments", apierrors.NewNotFound(schema.GroupResource{}, ""), lost, ""},
		"no answer":          {"secrets", apierrors.NewInternalError(errors.New("etcd")), "is Completed but could not be verified: listing secrets: ", ""},
	} {
		t.Run(name, func(t *testing.T) {
			hub := imported(t, testutil.AdminKubeconfig("c1", "admin", asked, testutil.Kubeconfig("https://c1", nil, "t")))
			refuses(hub, test.resource, test.err)
			result, err := proven(t, hub)
			if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
			var unread []string
			for _, err := range result.Unread {
				unread = append(unread, strings.TrimSuffix(err.Error(), denied.Error()))
			}
			var want []string
			if test.unread != "" {
				want = []string{test.unread}
			}
			if diff := cmp.Diff(want, unread); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// A name that nobody has a secret for is said as before: the hub has no more than the backup.
func TestASecretThatIsNowhere(t *testing.T) {
	deployment := testutil.ClusterDeployment("c1", "c1", "admin")
	result, err := proven(t, imported(t, deployment), deployment)
	if err == nil || !result.Proof.Verified() || !strings.Contains(err.Error(), "holds all that the hub has, but credentials in it do not do: c1: ") {
		t.Errorf("got %+v, %v", result, err)
	}
}
