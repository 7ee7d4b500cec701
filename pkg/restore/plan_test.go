package restore

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/vmware-tanzu/velero/pkg/util/results"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	clusterv1 "open-cluster-management.io/api/cluster/v1"

	"github.com/acmdr/kubectl-acmdr/pkg/internal/testutil"
	"github.com/acmdr/kubectl-acmdr/pkg/ocm"
	"github.com/acmdr/kubectl-acmdr/pkg/velero"
)

func secret(t *testing.T, namespace, name string, edits ...func(*corev1.Secret)) *corev1.Secret {
	t.Helper()
	made := &corev1.Secret{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Secret"},
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name},
		Data:       map[string][]byte{"key": []byte("of the backup")},
	}
	for _, edit := range edits {
		edit(made)
	}
	return made
}

// onHub is an object as the hub has it, with what an API server adds.
func onHub(t *testing.T, object *corev1.Secret) runtime.Object {
	t.Helper()
	object = object.DeepCopy()
	object.UID, object.ResourceVersion = "here", "7"
	content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(object)
	if err != nil {
		t.Fatal(err)
	}
	return &unstructured.Unstructured{Object: content}
}

func other(s *corev1.Secret)     { s.Data["key"] = []byte("of the hub") }
func immutable(s *corev1.Secret) { yes := true; s.Immutable = &yes }

// two is a backup of two clusters with secrets of every state, and the hub that it is restored onto.
func two(t *testing.T) *testutil.Hub {
	t.Helper()
	namespace := func(name string) *corev1.Namespace {
		return &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}
	}
	absent, same, differs, stuck := secret(t, "managed-one", "absent"), secret(t, "managed-one", "same"),
		secret(t, "managed-one", "differs"), secret(t, "managed-one", "stuck", immutable)
	hub := standby(t,
		testutil.ManagedCluster("managed-one", testutil.Labelled("environment", "test")),
		onHub(t, secret(t, "managed-one", "same")), onHub(t, secret(t, "managed-one", "differs", other)),
		onHub(t, secret(t, "managed-one", "stuck", other, immutable)), onHub(t, secret(t, "managed-one", "of-nobody", other)),
		testutil.Object(t, velero.BackupResource, backup("nightly", velero.BackupCompleted)))
	stores(t, hub, map[string][]byte{"BackupContents/nightly": testutil.Packed(t,
		object(t, namespacePath+"managed-one", namespace("managed-one")), object(t, namespacePath+"managed-two", namespace("managed-two")),
		object(t, namespacePath+"policies", namespace("policies")),
		object(t, clusterPath+"managed-one", testutil.ManagedCluster("managed-one", testutil.Labelled("environment", "prod"))),
		object(t, clusterPath+"managed-two", testutil.ManagedCluster("managed-two", testutil.Labelled("environment", "prod"))),
		object(t, secretPath+"managed-one/absent", absent), object(t, secretPath+"managed-one/same", same),
		object(t, secretPath+"managed-one/differs", differs), object(t, secretPath+"managed-one/stuck", stuck),
		object(t, secretPath+"managed-one/managed-one-import", secret(t, "managed-one", "managed-one-import")),
		object(t, secretPath+"managed-two/credential", secret(t, "managed-two", "credential")),
		object(t, secretPath+"policies/shared", secret(t, "policies", "shared")),
		object(t, "leases.coordination.k8s.io/v1-preferredversion/namespaces/managed-two/managed-cluster-lease", testutil.Lease("managed-two", noon)),
	)})
	return hub
}

func TestPlanSaysWhatBecomesOfEveryObject(t *testing.T) {
	one := func(outcome Outcome, counts Counts) Cluster {
		return Cluster{Name: "managed-one", ManagedCluster: outcome, Counts: counts}
	}
	newcomer := Cluster{Name: "managed-two", ManagedCluster: ToCreate, Counts: Counts{Create: 2, Scrub: 1}}
	for name, test := range map[string]struct {
		request Request
		want    []Cluster
		shared  Counts
	}{
		"kept": {Request{}, []Cluster{one(Exists, Counts{Create: 2, Skip: 1, Conflict: 2, Scrub: 1}), newcomer}, Counts{Create: 1}},
		"updated": {Request{Update: true}, []Cluster{one(ToUpdate, Counts{Create: 2, Skip: 1, Update: 1, Conflict: 1, Scrub: 1}), newcomer},
			Counts{Create: 1}},
		"one of them": {Request{Subset: Subset{Names: []string{"managed-two"}}}, []Cluster{newcomer}, Counts{}},
		"by label":    {Request{Subset: Subset{Selector: labels.SelectorFromSet(labels.Set{"environment": "prod"})}}, nil, Counts{}},
	} {
		t.Run(name, func(t *testing.T) {
			hub := two(t)
			plan, err := restorer(hub).Plan(t.Context(), test.request)
			if err != nil {
				t.Fatal(err)
			}
			if test.want == nil {
				test.want = []Cluster{one(Exists, Counts{Create: 2, Skip: 1, Conflict: 2, Scrub: 1}), newcomer}
			}
			if diff := cmp.Diff(test.want, plan.Clusters); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(test.shared, plan.Shared); diff != "" {
				t.Error(diff)
			}
			if writes := hub.Writes(); len(writes) > 0 {
				t.Errorf("planning wrote %v", writes)
			}
		})
	}
}

func TestSubset(t *testing.T) {
	const oadp = "registry.example.com/oadp/velero@sha256:abc"
	for name, test := range map[string]struct {
		image, told string
		asked       int
		included    []string
		policy      string
	}{
		"by policy": {"velero/velero:v1.18.3", "v1.9.0", 0, nil, `namespacedFilterPolicies:
- namespaces:
  - managed-two
  resourceFilters:
  - kinds:
    - '*'
- namespaces:
  - ?*
  resourceFilters:
  - kinds:
    - events
version: v1
`},
		"by a list on an older server":               {"velero/velero:v1.17.0", "", 0, []string{"managed-two"}, ""},
		"by a list on one that hides its version":    {oadp, "", 1, []string{"managed-two"}, ""},
		"by policy on one that tells when asked":     {oadp, "v1.18.3-OADP", 1, nil, "any"},
		"by a list on one that tells that it is old": {oadp, "v1.16.2-OADP", 1, []string{"managed-two"}, ""},
		"by policy on a server from a mirror":        {"mirror.example.com:5000/velero:v1.19.0", "", 0, nil, "any"},
		"by a list where the port is no version":     {"mirror.example.com:5000/velero", "", 1, []string{"managed-two"}, ""},
		"by a list on a server before the release":   {"velero/velero:v1.18.3-rc.1", "", 0, []string{"managed-two"}, ""},
		"by policy on a vendor's":                    {"bitnami/velero:1.18.3-debian-12-r3", "", 0, nil, "any"},
	} {
		t.Run(name, func(t *testing.T) {
			hub := two(t)
			server, err := hub.Kube.AppsV1().Deployments("velero").Get(t.Context(), "velero", metav1.GetOptions{})
			if err != nil {
				t.Fatal(err)
			}
			server.Spec.Template.Spec.Containers[0].Image = test.image
			if _, err := hub.Kube.AppsV1().Deployments("velero").Update(t.Context(), server, metav1.UpdateOptions{}); err != nil {
				t.Fatal(err)
			}
			hub.Kube.ClearActions()
			hub.Version = test.told
			runs(t, hub, velero.RestoreCompleted, 0)
			r := restorer(hub)
			plan, err := r.Plan(t.Context(), Request{Subset: Subset{Names: []string{"managed-two"}}})
			if err != nil {
				t.Fatal(err)
			}
			asked := 0
			for _, action := range hub.Dynamic.Actions() {
				if action.Matches("create", "serverstatusrequests") {
					asked++
				}
			}
			if asked != test.asked {
				t.Errorf("Velero was asked for its version %d times, want %d", asked, test.asked)
			}
			result, err := r.Run(t.Context(), plan)
			if err != nil {
				t.Fatal(err)
			}
			spec := result.Parts[0].Restore.Spec
			if diff := cmp.Diff(test.included, spec.IncludedNamespaces); diff != "" {
				t.Error(diff)
			}
			if !slices.Contains(spec.ExcludedResources, "namespaces") {
				t.Error("Velero would make the namespaces of all clusters")
			}
			if (test.policy != "") != (spec.ResourcePolicy != nil) {
				t.Fatalf("policy is %v", spec.ResourcePolicy)
			}
			if len(test.policy) > 10 {
				settings, err := hub.Kube.CoreV1().ConfigMaps("velero").Get(t.Context(), spec.ResourcePolicy.Name, metav1.GetOptions{})
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(map[string]string{"policy.yaml": test.policy}, settings.Data); diff != "" {
					t.Error(diff)
				}
			}
			again, err := r.Plan(t.Context(), Request{Subset: Subset{Names: []string{"managed-one"}}})
			if err != nil || again.Parts[0].Restore != nil {
				t.Errorf("the restore of another subset is taken for this one: %+v, %v", again, err)
			}
		})
	}
	hub := two(t)
	for name, subset := range map[string]Subset{
		"managed cluster not found in backup nightly: managed-nine": {Names: []string{"managed-nine", "managed-one"}},
		`no managed cluster in backup nightly matches "a=b"`:        {Selector: labels.SelectorFromSet(labels.Set{"a": "b"})},
	} {
		if _, err := restorer(hub).Plan(t.Context(), Request{Subset: subset}); err == nil || err.Error() != name {
			t.Errorf("got %v, want %s", err, name)
		}
	}
}

// What is on the hub under the name of a cluster, but is another one, is left alone, and is a failure of that cluster alone.
func TestAnotherClusterOfTheSameName(t *testing.T) {
	id := func(id string) testutil.Edit[clusterv1.ManagedCluster] {
		return testutil.Labelled(ocm.ClusterIDLabel, id)
	}
	hub := standby(t, testutil.ManagedCluster("managed-one", id("b")),
		testutil.Object(t, velero.BackupResource, backup("nightly", velero.BackupCompleted)))
	stores(t, hub, map[string][]byte{"BackupContents/nightly": testutil.Packed(t,
		object(t, clusterPath+"managed-one", testutil.ManagedCluster("managed-one", id("a"))),
		object(t, clusterPath+"managed-two", testutil.ManagedCluster("managed-two", id("c"))))})
	runs(t, hub, velero.RestoreCompleted, 0)
	r := restorer(hub)
	plan, err := r.Plan(t.Context(), Request{Update: true})
	if err != nil || plan.Clusters[0].ManagedCluster != Conflict {
		t.Fatalf("got %+v, %v", plan, err)
	}
	result, err := r.Run(t.Context(), plan)
	if err == nil || !strings.Contains(err.Error(), "managed-one on this hub is another cluster") {
		t.Errorf("got %v", err)
	}
	if diff := cmp.Diff([]string{"managed-one"}, result.Parts[0].Restore.Spec.ExcludedNamespaces); diff != "" {
		t.Error(diff)
	}
	for _, write := range hub.Writes() {
		if strings.HasSuffix(write, "managedclusters managed-one") {
			t.Error(write)
		}
	}
	if result.Clusters[1].ManagedCluster != Created {
		t.Errorf("got %+v", result.Clusters)
	}
}

func TestUpdateChangesWhatTheBackupSaysAndNothingElse(t *testing.T) {
	hub := standby(t, testutil.Object(t, velero.BackupResource, backup("nightly", velero.BackupCompleted)),
		testutil.ManagedCluster("managed-one", testutil.Labelled("environment", "test"), testutil.Labelled("here", "yes"),
			func(c *clusterv1.ManagedCluster) {
				c.Spec.HubAcceptsClient = false
				c.Spec.Taints = []clusterv1.Taint{
					{Key: clusterv1.ManagedClusterTaintUnreachable, Effect: clusterv1.TaintEffectNoSelect},
					{Key: "maintenance", Value: "false", Effect: clusterv1.TaintEffectNoSelect},
				}
			}))
	stores(t, hub, map[string][]byte{"BackupContents/nightly": testutil.Packed(t,
		object(t, clusterPath+"managed-one", testutil.ManagedCluster("managed-one", testutil.Labelled("environment", "prod"),
			func(c *clusterv1.ManagedCluster) {
				c.Spec.Taints = []clusterv1.Taint{{Key: "maintenance", Value: "true", Effect: clusterv1.TaintEffectNoSelect}}
			})))})
	runs(t, hub, velero.RestoreCompleted, 0)
	r := restorer(hub)
	plan, err := r.Plan(t.Context(), Request{Update: true})
	if err != nil {
		t.Fatal(err)
	}
	result, err := r.Run(t.Context(), plan)
	if err != nil || result.Clusters[0].ManagedCluster != Updated || result.Parts[0].Restore.Spec.ExistingResourcePolicy != velero.UpdateExisting {
		t.Fatalf("got %+v, %v", result, err)
	}
	got, err := ocm.ManagedClusters(hub.Dynamic).Get(t.Context(), "managed-one")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]string{"environment": "prod", "here": "yes"}, got.Labels); diff != "" {
		t.Error(diff)
	}
	want := clusterv1.ManagedClusterSpec{LeaseDurationSeconds: got.Spec.LeaseDurationSeconds, Taints: []clusterv1.Taint{
		{Key: clusterv1.ManagedClusterTaintUnreachable, Effect: clusterv1.TaintEffectNoSelect},
		{Key: "maintenance", Value: "true", Effect: clusterv1.TaintEffectNoSelect},
	}}
	if diff := cmp.Diff(want, got.Spec); diff != "" {
		t.Error(diff)
	}
}

// A partial backup is taken only when that is asked for, and then it is said what of each cluster is missing.
func TestAcceptPartial(t *testing.T) {
	hub := standby(t, testutil.Object(t, velero.BackupResource, backup("half", velero.BackupPartiallyFailed)))
	stores(t, hub, map[string][]byte{
		"BackupContents/half": contents(t),
		"BackupResults/half": testutil.Gzip(t, map[string]results.Result{"errors": {
			Cluster: []string{"boom"}, Namespaces: map[string][]string{"managed-two": {"etcdserver: request timed out", "etcdserver: request timed out"}},
		}}),
	})
	plan, err := restorer(hub).Plan(t.Context(), Request{Choice: Choice{AcceptPartial: true}})
	if err != nil {
		t.Fatal(err)
	}
	if plan.Clusters[0].Lacks != 0 || plan.Clusters[1].Lacks != 2 {
		t.Errorf("got %+v", plan.Clusters)
	}
	said := strings.Join(plan.Notes(), "\n")
	for _, want := range []string{
		"backup half is PartiallyFailed: 2× the hub's API server did not answer in time",
		"whole in it: managed-one; lacking objects: managed-two (2)", "1 objects outside of namespaces are missing",
	} {
		if !strings.Contains(said, want) {
			t.Errorf("nothing said %q:\n%s", want, said)
		}
	}
}

// What lies is scrubbed by rules that Velero applies before it creates an object.
func TestScrub(t *testing.T) {
	finalized := func(finalizers ...string) func(*corev1.Secret) {
		return func(s *corev1.Secret) { s.Finalizers = finalizers }
	}
	config := func(name string, spec map[string]any) testutil.Entry {
		return object(t, "klusterletconfigs.config.open-cluster-management.io/v1alpha1-preferredversion/cluster/"+name, map[string]any{
			"apiVersion": "config.open-cluster-management.io/v1alpha1", "kind": "KlusterletConfig",
			"metadata": map[string]any{"name": name}, "spec": spec,
		})
	}
	const hive, acm = "hive.openshift.io/deprovision", "managedcluster-import-controller.open-cluster-management.io/cleanup"
	tarball := testutil.Packed(t,
		object(t, clusterPath+"managed-one", testutil.ManagedCluster("managed-one")),
		object(t, secretPath+"managed-one/plain", secret(t, "managed-one", "plain")),
		object(t, secretPath+"managed-one/hive", secret(t, "managed-one", "hive", finalized(hive))),
		object(t, secretPath+"managed-one/both", secret(t, "managed-one", "both",
			finalized(hive, "cluster.open-cluster-management.io/kept", "kubernetes.io/kept", acm))),
		object(t, secretPath+"managed-one/status", secret(t, "managed-one", "status", func(s *corev1.Secret) {
			s.Annotations = map[string]string{velero.RestoreStatusAnnotation: "true"}
		})),
		config("global", map[string]any{"hubKubeAPIServerURL": "https://api.old:6443", "nodePlacement": map[string]any{}}),
		config("proxied", map[string]any{"hubKubeAPIServerConfig": map[string]any{
			"url": "https://api.old:6443", "proxyURL": "http://proxy", "trustedCABundles": []any{},
		}}),
		config("harmless", map[string]any{"hubKubeAPIServerConfig": map[string]any{"proxyURL": "http://proxy"}}),
	)
	hub := standby(t, testutil.Object(t, velero.BackupResource, backup("nightly", velero.BackupCompleted)))
	stores(t, hub, map[string][]byte{"BackupContents/nightly": tarball})
	runs(t, hub, velero.RestoreCompleted, 0)
	r := restorer(hub)
	plan, err := r.Plan(t.Context(), Request{})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(Counts{Create: 4, Scrub: 3}, plan.Clusters[0].Counts); diff != "" {
		t.Error(diff)
	}
	result, err := r.Run(t.Context(), plan)
	if err != nil {
		t.Fatal(err)
	}
	settings, err := hub.Kube.CoreV1().ConfigMaps("velero").Get(t.Context(), result.Parts[0].Restore.Spec.ResourceModifier.Name, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	testutil.Golden(t, "scrub.yaml", []byte(settings.Data["modifiers.yaml"]))
}

// A hub with the software of a finalizer keeps it.
func TestForeign(t *testing.T) {
	served := served{
		"managedclusters.cluster.open-cluster-management.io": {"v1"}, "hiveconfigs.hive.openshift.io": {"v1"},
		klusterletConfigsIn: {"v1alpha1"}, "widgets.example.com": {"v1"},
	}
	for finalizer, want := range map[string]bool{
		"hive.openshift.io/deprovision":                                       false,
		"managedcluster-import-controller.open-cluster-management.io/cleanup": false,
		"cluster.open-cluster-management.io/api-resource-cleanup":             false,
		"example.com/x": false, "foregroundDeletion": false, "kubernetes.io/pvc-protection": false,
		"snapshot.storage.kubernetes.io/x": false, "hypershift.openshift.io/finalizer": true,
		"agent.open-cluster-management.io/klusterletaddonconfig-cleanup": true, "resources-finalizer.argocd.argoproj.io": true,
	} {
		if got := foreign(finalizer, served); got != want {
			t.Errorf("%s: got %v, want %v", finalizer, got, want)
		}
		if got := foreign(finalizer, map[string][]string{}); !got && strings.Contains(finalizer, ".") && !strings.Contains(finalizer, "kubernetes.io") {
			t.Errorf("%s is at home on an empty hub", finalizer)
		}
	}
}

// An import secret that only its name tells is deleted again; one that ACM made here is not.
func TestUnlabelledImportSecret(t *testing.T) {
	hub := two(t)
	r := restorer(hub)
	plan, err := r.Plan(t.Context(), Request{})
	if err != nil {
		t.Fatal(err)
	}
	if err := r.dropImportSecrets(t.Context(), plan); err != nil {
		t.Fatal(err)
	}
	restored := secret(t, "managed-one", "managed-one-import", func(s *corev1.Secret) { s.Labels = map[string]string{velero.RestoreNameLabel: "x"} })
	if err := hub.Kube.Tracker().Add(restored); err != nil {
		t.Fatal(err)
	}
	if err := r.dropImportSecrets(t.Context(), plan); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"delete secrets managed-one/managed-one-import"}, hub.Writes()); diff != "" {
		t.Error(diff)
	}
}

func TestSumIgnoresWhatOnlyAnAPIServerKnows(t *testing.T) {
	decode := func(text string) *unstructured.Unstructured {
		object := &unstructured.Unstructured{}
		if err := json.Unmarshal([]byte(text), &object.Object); err != nil {
			t.Fatal(err)
		}
		return object
	}
	one, err := sumOf(decode(`{"kind":"A","metadata":{"name":"a","uid":"1","labels":{"velero.io/restore-name":"x"},"finalizers":["b"]},"status":{"c":1}}`))
	if err != nil {
		t.Fatal(err)
	}
	same, err := sumOf(decode(`{"kind":"A","metadata":{"name":"a","uid":"2","annotations":{}}}`))
	if err != nil || one != same {
		t.Errorf("two of the same differ: %v", err)
	}
	other, err := sumOf(decode(`{"kind":"A","metadata":{"name":"a","labels":{"d":"e"}}}`))
	if err != nil || one == other {
		t.Errorf("two that differ are the same: %v", err)
	}
}
