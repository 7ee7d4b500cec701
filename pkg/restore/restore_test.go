package restore

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/vmware-tanzu/velero/pkg/util/results"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	clienttesting "k8s.io/client-go/testing"
	clusterv1 "open-cluster-management.io/api/cluster/v1"

	"github.com/acmdr/kubectl-acmdr/pkg/internal/testutil"
	"github.com/acmdr/kubectl-acmdr/pkg/ocm"
	"github.com/acmdr/kubectl-acmdr/pkg/preflight"
	"github.com/acmdr/kubectl-acmdr/pkg/velero"
)

const uid = "hub-2"

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func backup(name string, phase velero.BackupPhase, edits ...testutil.Edit[velero.Backup]) *velero.Backup {
	b := &velero.Backup{ObjectMeta: metav1.ObjectMeta{
		Namespace: "velero", Name: name, CreationTimestamp: metav1.Time{Time: noon},
		Labels:      map[string]string{velero.ManagedByLabel: velero.ManagedBy, velero.HubLabel: "hub-1"},
		Annotations: map[string]string{velero.SoftwareAnnotation: "{}"},
	}}
	b.Spec.StorageLocation = "default"
	b.Status.Phase = phase
	b.Status.StartTimestamp = &metav1.Time{Time: noon}
	for _, edit := range edits {
		edit(b)
	}
	return b
}

func takenAt(at time.Time) testutil.Edit[velero.Backup] {
	return func(b *velero.Backup) { b.Status.StartTimestamp = &metav1.Time{Time: at} }
}

func ofHub(hub string) testutil.Edit[velero.Backup] {
	return func(b *velero.Backup) { b.Labels[velero.HubLabel] = hub }
}

func byHand(b *velero.Backup) { b.Labels = nil }

// standby is a hub with a running Velero, its own local-cluster and the backups.
func standby(t *testing.T, objects ...runtime.Object) *testutil.Hub {
	t.Helper()
	location := &velero.Location{ObjectMeta: metav1.ObjectMeta{Namespace: "velero", Name: "default"}}
	location.Spec.Default = true
	location.Status.Phase = velero.LocationAvailable
	location.Status.LastSyncedTime = &metav1.Time{Time: noon}
	hub := testutil.NewHub(t, append(objects,
		testutil.Object(t, velero.LocationResource, location),
		testutil.ManagedCluster("local-cluster"),
		&appsv1.Deployment{
			ObjectMeta: metav1.ObjectMeta{Namespace: "velero", Name: "velero"},
			Spec: appsv1.DeploymentSpec{Template: corev1.PodTemplateSpec{Spec: corev1.PodSpec{Containers: []corev1.Container{{
				Image: "velero/velero:v1.18.3", Args: []string{"server", "--client-qps=1000", "--client-burst=1000"},
			}}}}},
			Status: appsv1.DeploymentStatus{AvailableReplicas: 1},
		},
	)...)
	hub.Kube.Resources = []*metav1.APIResourceList{
		{GroupVersion: "v1", APIResources: []metav1.APIResource{{Name: "secrets"}, {Name: "namespaces"}}},
		{GroupVersion: "cluster.open-cluster-management.io/v1", APIResources: []metav1.APIResource{{Name: "managedclusters"}}},
	}
	return hub
}

func restorer(hub *testutil.Hub) *Restorer {
	return &Restorer{
		Hub:   Hub{Kube: hub.Kube, Dynamic: hub.Dynamic, Velero: velero.In(hub.Dynamic, "velero"), UID: uid},
		Clock: testutil.Instant{}, Parallel: 2,
	}
}

// syncs has Velero list the bucket anew each time that somebody looks at its location.
func syncs(t *testing.T, hub *testutil.Hub) {
	t.Helper()
	last := noon
	hub.Dynamic.PrependReactor("list", "backupstoragelocations", func(clienttesting.Action) (bool, runtime.Object, error) {
		last = last.Add(time.Minute)
		listed(t, hub, &last)
		return false, nil, nil
	})
}

// object is an entry of a tarball; a typed one gets its kind.
func object(t *testing.T, name string, content any) testutil.Entry {
	t.Helper()
	if typed, ok := content.(runtime.Object); ok {
		content = testutil.WithKind(t, typed)
	}
	data, err := json.Marshal(content)
	if err != nil {
		t.Fatal(err)
	}
	return testutil.Entry{Name: "resources/" + name + ".json", Body: string(data)}
}

const (
	clusterPath   = "managedclusters.cluster.open-cluster-management.io/v1-preferredversion/cluster/"
	namespacePath = "namespaces/v1-preferredversion/cluster/"
	secretPath    = "secrets/v1-preferredversion/namespaces/"
)

// contents is the tarball of a hub with two managed clusters, made by somebody who took too much.
func contents(t *testing.T) []byte {
	namespace := func(name string) *corev1.Namespace {
		return &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{
			Name: name, Labels: map[string]string{ocm.ManagedClusterNamespaceLabel: name, "velero.io/x": "y"},
		}}
	}
	return testutil.Packed(t,
		object(t, namespacePath+"managed-one", namespace("managed-one")),
		object(t, namespacePath+"managed-two", namespace("managed-two")),
		object(t, namespacePath+"open-cluster-management-agent", namespace("open-cluster-management-agent")),
		object(t, namespacePath+"old-hub", namespace("old-hub")),
		object(t, secretPath+"managed-one/managed-one-admin-kubeconfig", testutil.Secret("managed-one", "managed-one-admin-kubeconfig", nil)),
		object(t, clusterPath+"managed-two", testutil.ManagedCluster("managed-two")),
		object(t, clusterPath+"managed-one", testutil.ManagedCluster("managed-one", testutil.Labelled(ocm.ClusterSetLabel, "fleet"))),
		object(t, clusterPath+"old-hub", testutil.ManagedCluster("old-hub", testutil.Labelled(ocm.LocalClusterLabel, "true"))),
		object(t, "leases.coordination.k8s.io/v1-preferredversion/namespaces/managed-one/managed-cluster-lease", testutil.Lease("managed-one", noon)),
		object(t, "klusterletaddonconfigs.agent.open-cluster-management.io/v1-preferredversion/namespaces/managed-one/managed-one",
			testutil.Manifest("agent.open-cluster-management.io/v1", "KlusterletAddonConfig", "managed-one", "managed-one")),
	)
}

// runs has Velero end every restore that is created, in a phase, having made the namespace and the credential.
func runs(t *testing.T, hub *testutil.Hub, phase velero.RestorePhase, failed int64) {
	t.Helper()
	hub.Dynamic.PrependReactor("create", "restores", func(action clienttesting.Action) (bool, runtime.Object, error) {
		restore := action.(clienttesting.CreateAction).GetObject().(*unstructured.Unstructured)
		tracker := hub.Kube.Tracker()
		err := errors.Join(
			tracker.Add(&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "managed-one", Labels: map[string]string{"here": "yes"}}}),
			tracker.Add(testutil.AdminKubeconfig("managed-one", "managed-one-admin-kubeconfig", noon, nil)),
			tracker.Add(&corev1.Secret{ObjectMeta: metav1.ObjectMeta{
				Namespace: "managed-one", Name: "managed-one-import",
				Labels: map[string]string{ocm.ImportSecretLabel: "", velero.RestoreNameLabel: "by-hand"},
			}}),
			tracker.Add(&corev1.Secret{ObjectMeta: metav1.ObjectMeta{
				Namespace: "managed-two", Name: "managed-two-import", Labels: map[string]string{ocm.ImportSecretLabel: ""},
			}}),
		)
		status := map[string]any{"phase": string(phase), "errors": failed}
		return false, nil, errors.Join(err, unstructured.SetNestedMap(restore.Object, status, "status"))
	})
}

func stores(t *testing.T, hub *testutil.Hub, files map[string][]byte) {
	t.Helper()
	testutil.NewStore(t, files).Serve(hub)
}

// warnings are what an operator is told before a run.
func warnings(plan *Plan) []string {
	told := plan.Notes()
	for _, row := range plan.Checks {
		if row.Result == preflight.Warn {
			told = append(told, row.String())
		}
	}
	return told
}

func TestRestore(t *testing.T) {
	hub := standby(t, testutil.ManagedCluster("managed-two", testutil.Labelled("kept", "yes")),
		testutil.Object(t, velero.BackupResource, backup("nightly", velero.BackupCompleted)))
	store := testutil.NewStore(t, map[string][]byte{"BackupContents/nightly": contents(t)})
	store.Serve(hub)
	runs(t, hub, velero.RestoreCompleted, 0)
	r := restorer(hub)
	plan, err := r.Plan(t.Context(), Request{Choice: Choice{Backup: "nightly"}})
	if err != nil {
		t.Fatal(err)
	}
	if writes := hub.Writes(); len(writes) > 0 {
		t.Errorf("planning wrote %v", writes)
	}
	if diff := cmp.Diff([]string{"kinds: this hub does not have the kinds of 1 klusterletaddonconfigs.agent.open-cluster-management.io, which are not restored: " +
		"install what serves them, if they are wanted"},
		warnings(plan)); diff != "" {
		t.Error(diff)
	}
	result, err := r.Run(t.Context(), plan)
	if err != nil {
		t.Fatal(err)
	}
	want := []Cluster{
		{
			Name: "managed-one", ManagedCluster: Created, Credential: "managed-one-admin-kubeconfig",
			Counts: Counts{Create: 2, Scrub: 1}, // the namespace and the credential, without the lease
		},
		{Name: "managed-two", ManagedCluster: Exists, Counts: Counts{Create: 1}},
	}
	if diff := cmp.Diff(want, result.Clusters); diff != "" {
		t.Error(diff)
	}
	name := result.Parts[0].Restore.Name
	writes := []string{
		"create managedclusters managed-one", "create restores velero/" + name,
		"delete secrets managed-one/managed-one-import", "patch namespaces managed-one", "patch restores velero/" + name,
	}
	if diff := cmp.Diff(writes, hub.Writes()); diff != "" {
		t.Error(diff)
	}
	spec := result.Parts[0].Restore.Spec
	if diff := cmp.Diff([]string{"old-hub", "open-cluster-management-agent"}, spec.ExcludedNamespaces); diff != "" {
		t.Error(diff)
	}
	// What must never come back is excluded also where the backup seems to hold none of it.
	excluded := append(slices.Collect(maps.Keys(never)), "klusterletaddonconfigs.agent.open-cluster-management.io")
	slices.Sort(excluded)
	if diff := cmp.Diff(excluded, spec.ExcludedResources); diff != "" {
		t.Error(diff)
	}
	namespace, err := hub.Kube.CoreV1().Namespaces().Get(t.Context(), "managed-one", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]string{"here": "yes", ocm.ManagedClusterNamespaceLabel: "managed-one"}, namespace.Labels); diff != "" {
		t.Error(diff)
	}

	// Only the list is read now, here one without the old hub under a name of its own.
	store.Files["BackupResourceList/nightly"] = testutil.Gzip(t, velero.ResourceList{
		"cluster.open-cluster-management.io/v1/ManagedCluster": {"local-cluster", "managed-one", "managed-two"},
	})
	before := len(hub.Writes())
	plan, err = r.Plan(t.Context(), Request{Choice: Choice{Backup: "nightly"}})
	if err != nil || !plan.Finished {
		t.Fatalf("the second run found %+v, %v", plan, err)
	}
	again, err := r.Run(t.Context(), plan)
	if err != nil || again.Parts[0].Restore.Name != name || len(again.Clusters) != 2 || len(hub.Writes()) != before {
		t.Errorf("the second run changed something: %v, %v", hub.Writes(), err)
	}
}

func TestRestoreGoesOnWithAnInterruptedRun(t *testing.T) {
	interrupted := &velero.Restore{ObjectMeta: metav1.ObjectMeta{
		Namespace: "velero", Name: "earlier", Labels: map[string]string{velero.ManagedByLabel: velero.ManagedBy},
	}}
	interrupted.Spec.BackupName = "nightly"
	interrupted.Status.Phase = velero.RestoreCompleted
	hub := standby(t, testutil.Object(t, velero.BackupResource, backup("nightly", velero.BackupCompleted)),
		testutil.Object(t, velero.RestoreResource, interrupted))
	stores(t, hub, map[string][]byte{"BackupContents/nightly": contents(t)})
	r := restorer(hub)
	plan, err := r.Plan(t.Context(), Request{Choice: Choice{Backup: "nightly"}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Run(t.Context(), plan); err != nil {
		t.Fatal(err)
	}
	want := []string{"create managedclusters managed-one", "create managedclusters managed-two", "patch restores velero/earlier"}
	if diff := cmp.Diff(want, hub.Writes()); diff != "" {
		t.Error(diff)
	}
}

func TestAClusterThatCannotBeMadeStopsNoOther(t *testing.T) {
	hub := standby(t, testutil.Object(t, velero.BackupResource, backup("nightly", velero.BackupCompleted)))
	stores(t, hub, map[string][]byte{"BackupContents/nightly": contents(t)})
	runs(t, hub, velero.RestoreCompleted, 0)
	hub.Dynamic.PrependReactor("create", "managedclusters", func(action clienttesting.Action) (bool, runtime.Object, error) {
		created := action.(clienttesting.CreateAction).GetObject().(*unstructured.Unstructured)
		return created.GetName() == "managed-two", nil, errors.New("the webhook refused")
	})
	r := restorer(hub)
	plan, err := r.Plan(t.Context(), Request{})
	if err != nil {
		t.Fatal(err)
	}
	result, err := r.Run(t.Context(), plan)
	if err == nil || err.Error() != "creating ManagedCluster managed-two: the webhook refused" {
		t.Errorf("got %v", err)
	}
	if result.Clusters[0].ManagedCluster != Created || result.Clusters[1].ManagedCluster != Failed {
		t.Errorf("got %+v", result.Clusters)
	}
	if !slices.Contains(result.Parts[0].Restore.Spec.ExcludedNamespaces, "managed-two") {
		t.Error("the namespace of a cluster without a ManagedCluster was restored: ACM deletes it")
	}
	plan, err = r.Plan(t.Context(), Request{})
	if err != nil || plan.Parts[0].Restore != nil {
		t.Errorf("the next run takes the partial restore for done: %+v, %v", plan, err)
	}
}

// Velero that is restarted ends a Restore as Failed, with half of it on the hub.
func TestAFailedRestoreIsPutRight(t *testing.T) {
	for phase, want := range map[velero.RestorePhase]bool{velero.RestoreFailed: true, velero.RestoreFailedValidation: false} {
		hub := standby(t, testutil.Object(t, velero.BackupResource, backup("nightly", velero.BackupCompleted)))
		stores(t, hub, map[string][]byte{"BackupContents/nightly": contents(t)})
		runs(t, hub, phase, 0)
		r := restorer(hub)
		plan, err := r.Plan(t.Context(), Request{Name: "mine"})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := r.Run(t.Context(), plan); err == nil || !strings.HasPrefix(err.Error(), "restore mine is "+string(phase)) {
			t.Errorf("got %v", err)
		}
		for _, write := range []string{"delete secrets managed-one/managed-one-import", "patch namespaces managed-one"} {
			if slices.Contains(hub.Writes(), write) != want {
				t.Errorf("%s: got %v", phase, hub.Writes())
			}
		}
	}
}

// Where the Restore is refused the ManagedClusters are on the hub already.
func TestARestoreThatIsRefused(t *testing.T) {
	hub := standby(t, testutil.Object(t, velero.BackupResource, backup("nightly", velero.BackupCompleted)))
	stores(t, hub, map[string][]byte{"BackupContents/nightly": contents(t)})
	hub.Dynamic.PrependReactor("create", "restores", func(clienttesting.Action) (bool, runtime.Object, error) {
		return true, nil, errors.New("denied")
	})
	r := restorer(hub)
	plan, err := r.Plan(t.Context(), Request{Name: "mine"})
	if err != nil {
		t.Fatal(err)
	}
	_, err = r.Run(t.Context(), plan)
	if err == nil || err.Error() != "creating restore mine: denied; of 2 ManagedClusters nothing else is on this hub yet" {
		t.Errorf("got %v", err)
	}
}

func TestAPartialRestoreIsAFailureButIsPutRight(t *testing.T) {
	hub := standby(t, testutil.Object(t, velero.BackupResource, backup("nightly", velero.BackupCompleted)))
	runs(t, hub, velero.RestorePartiallyFailed, 1)
	r := restorer(hub)
	store := testutil.NewStore(t, map[string][]byte{"BackupContents/nightly": contents(t)})
	store.Serve(hub)
	plan, err := r.Plan(t.Context(), Request{Name: "mine"})
	if err != nil {
		t.Fatal(err)
	}
	store.Files["RestoreResults/mine"] = testutil.Gzip(t, map[string]results.Result{
		"errors": {Namespaces: map[string][]string{"managed-one": {`exceeded quota: small`}}},
	})
	result, err := r.Run(t.Context(), plan)
	if err == nil || err.Error() != "restore mine is PartiallyFailed: 1× a resource quota of the namespace is exhausted" {
		t.Errorf("got %v", err)
	}
	if !slices.Contains(hub.Writes(), "patch namespaces managed-one") || result.Parts[0].Restore.Annotations[velero.FinishedAnnotation] != "" {
		t.Errorf("got %v", hub.Writes())
	}
	// The same command makes the next one, and finds it again.
	hub.Dynamic.PrependReactor("create", "restores", func(action clienttesting.Action) (bool, runtime.Object, error) {
		made := action.(clienttesting.CreateAction).GetObject().(*unstructured.Unstructured)
		err := unstructured.SetNestedField(made.Object, "Completed", "status", "phase")
		return true, made, errors.Join(err, hub.Dynamic.Tracker().Create(velero.RestoreResource, made, "velero"))
	})
	for range 2 {
		plan, err = r.Plan(t.Context(), Request{Name: "mine"})
		if err != nil {
			t.Fatal(err)
		}
		if result, err = r.Run(t.Context(), plan); err != nil || result.Parts[0].Restore.Name != "mine-2" {
			t.Fatalf("got %+v, %v", result, err)
		}
	}
	if !plan.Finished {
		t.Error("the next one was not found again")
	}
}

func TestPlanRefuses(t *testing.T) {
	completed := testutil.Object(t, velero.BackupResource, backup("nightly", velero.BackupCompleted))
	terminating := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "managed-one"}}
	terminating.Status.Phase = corev1.NamespaceTerminating
	theirs := &velero.Restore{ObjectMeta: metav1.ObjectMeta{Namespace: "velero", Name: "theirs"}}
	theirs.Spec.BackupName = "nightly"
	for name, test := range map[string]struct {
		objects          []runtime.Object
		name, fromBackup string
		files            map[string][]byte
		want             string
	}{
		"a name that is nobody's": {[]runtime.Object{completed}, "", "weekly", nil,
			"backup velero/weekly does not exist; the newest Completed ones are nightly"},
		"nothing at all": {nil, "", "", nil, "no backup is visible in namespace velero"},
		"nothing good": {[]runtime.Object{testutil.Object(t, velero.BackupResource, backup("bad", velero.BackupFailed))}, "", "", nil,
			"no Completed backup is among the 1 in namespace velero; there is no Completed backup"},
		"a partial backup": {[]runtime.Object{testutil.Object(t, velero.BackupResource, backup("bad", velero.BackupPartiallyFailed))},
			"", "bad", nil, "backup bad is PartiallyFailed"},
		"a backup in progress": {[]runtime.Object{testutil.Object(t, velero.BackupResource, backup("now", velero.BackupInProgress))},
			"", "now", nil, "backup now is InProgress: wait until it is Completed"},
		"a terminating namespace": {[]runtime.Object{completed, terminating}, "", "", nil, "namespaces: managed-one is being deleted on this hub: wait until it is gone"},
		"somebody else's restore": {[]runtime.Object{completed, testutil.Object(t, velero.RestoreResource, theirs)},
			"theirs", "", nil, "was made by somebody else"},
		"a damaged backup": {[]runtime.Object{completed}, "", "", map[string][]byte{"BackupContents/nightly": contents(t)[:100]}, "truncated"},
		"a backup without clusters": {[]runtime.Object{completed}, "", "", map[string][]byte{"BackupContents/nightly": testutil.Packed(t)},
			"holds no managed cluster"},
	} {
		t.Run(name, func(t *testing.T) {
			hub := standby(t, test.objects...)
			syncs(t, hub)
			files := test.files
			if files == nil {
				files = map[string][]byte{"BackupContents/nightly": contents(t)}
			}
			stores(t, hub, files)
			plan, err := restorer(hub).Plan(t.Context(), Request{Name: test.name, Choice: Choice{Backup: test.fromBackup}})
			if err == nil {
				err = plan.Err()
			}
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
			if writes := hub.Writes(); len(writes) > 0 {
				t.Errorf("a refused restore wrote %v", writes)
			}
		})
	}
}

func TestAnInterruptedWaitSaysSo(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := restorer(standby(t)).Plan(ctx, Request{Choice: Choice{Backup: "nightly"}})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

// TestABackupMayComeWithTheNextListing has Velero list the bucket while we look: what it had listed before says nothing of a
// backup that was made since.
func TestABackupMayComeWithTheNextListing(t *testing.T) {
	for _, name := range []string{"", "nightly"} {
		hub := standby(t)
		syncs(t, hub)
		stores(t, hub, map[string][]byte{"BackupContents/nightly": contents(t)})
		looks := 0
		hub.Dynamic.PrependReactor("list", "backupstoragelocations", func(clienttesting.Action) (bool, runtime.Object, error) {
			if looks++; looks != 2 {
				return false, nil, nil
			}
			arrived := testutil.Object(t, velero.BackupResource, backup("nightly", velero.BackupCompleted))
			return false, nil, hub.Dynamic.Tracker().Add(arrived)
		})
		got, _, err := restorer(hub).choose(t.Context(), Choice{Backup: name}, "")
		if err != nil || got.Name != "nightly" {
			t.Errorf("%q: got %v, %v", name, got, err)
		}
	}
}

func TestNewestOfSomebodyElseHoldsClusters(t *testing.T) {
	hub := standby(t,
		testutil.Object(t, velero.BackupResource, backup("apps", velero.BackupCompleted, byHand, takenAt(noon.Add(time.Hour)))),
		testutil.Object(t, velero.BackupResource, backup("hub", velero.BackupCompleted, byHand)))
	stores(t, hub, map[string][]byte{
		"BackupResourceList/apps": testutil.Gzip(t, velero.ResourceList{"v1/Namespace": {"shop"}}),
		"BackupContents/hub":      contents(t),
	})
	got, _, err := restorer(hub).choose(t.Context(), Choice{}, "")
	if err != nil || got.Name != "hub" {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestFresh(t *testing.T) {
	old := testutil.ManagedCluster("managed-one",
		testutil.Labelled("environment", "prod"), testutil.Labelled(ocm.ClusterSetLabel, "fleet"), testutil.Labelled("velero.io/backup-name", "x"),
		testutil.Back, func(c *clusterv1.ManagedCluster) {
			c.UID, c.ResourceVersion, c.Finalizers = "old", "1", []string{"cluster.open-cluster-management.io/api-resource-cleanup"}
			c.Annotations = map[string]string{
				"note": "kept", ocm.AutoAcceptedAnnotation: "x", ocm.DisableAutoImportAnnotation: "", ocm.ImmediateImportAnnotation: "", ocm.SwitchedAtAnnotation: "2026-01-01T00:00:00Z",
			}
			c.Spec.Taints = []clusterv1.Taint{
				{Key: "maintenance", Value: "true", Effect: clusterv1.TaintEffectNoSelectIfNew},
				{Key: clusterv1.ManagedClusterTaintUnreachable, Effect: clusterv1.TaintEffectNoSelect},
				{Key: clusterv1.ManagedClusterTaintUnavailable, Effect: clusterv1.TaintEffectNoSelect},
			}
			c.Spec.ManagedClusterClientConfigs = []clusterv1.ClientConfig{{URL: "https://api.one:6443"}}
		})
	want := &clusterv1.ManagedCluster{
		ObjectMeta: metav1.ObjectMeta{
			Name: "managed-one", Labels: map[string]string{"environment": "prod", ocm.ClusterSetLabel: "fleet"},
			Annotations: map[string]string{"note": "kept"},
		},
		Spec: clusterv1.ManagedClusterSpec{
			HubAcceptsClient: true, LeaseDurationSeconds: 60,
			ManagedClusterClientConfigs: []clusterv1.ClientConfig{{URL: "https://api.one:6443"}},
			Taints:                      []clusterv1.Taint{{Key: "maintenance", Value: "true", Effect: clusterv1.TaintEffectNoSelectIfNew}},
		},
	}
	if diff := cmp.Diff(want, fresh(old)); diff != "" {
		t.Error(diff)
	}
	if len(old.Finalizers) == 0 || len(old.Spec.Taints) != 3 || old.Labels["velero.io/backup-name"] == "" {
		t.Error("the original was changed")
	}
}
