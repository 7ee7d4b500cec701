package backup

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/vmware-tanzu/velero/pkg/util/results"
	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	clienttesting "k8s.io/client-go/testing"
	clusterv1 "open-cluster-management.io/api/cluster/v1"

	"github.com/acmdr/kubectl-acmdr/pkg/internal/testutil"
	"github.com/acmdr/kubectl-acmdr/pkg/ocm"
	"github.com/acmdr/kubectl-acmdr/pkg/velero"
)

const uid = "hub-1"

var asked = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func location(edits ...testutil.Edit[velero.Location]) *velero.Location {
	l := &velero.Location{ObjectMeta: metav1.ObjectMeta{Namespace: "velero", Name: "default"}}
	l.Spec.Default = true
	l.Status.Phase = velero.LocationAvailable
	for _, edit := range edits {
		edit(l)
	}
	return l
}

func existing(name string, phase velero.BackupPhase, edits ...testutil.Edit[velero.Backup]) *velero.Backup {
	b := &velero.Backup{ObjectMeta: metav1.ObjectMeta{
		Namespace: "velero", Name: name, CreationTimestamp: metav1.Time{Time: asked},
		Labels: map[string]string{velero.ManagedByLabel: velero.ManagedBy, velero.HubLabel: uid},
	}}
	b.Spec.StorageLocation = "default"
	b.Status.Phase = phase
	for _, edit := range edits {
		edit(b)
	}
	return b
}

// fleet is a hub with the cluster managed-one, made by Hive, and the hub itself under a name of its own.
func fleet(t *testing.T, more ...runtime.Object) *testutil.Hub {
	t.Helper()
	objects := []runtime.Object{
		testutil.ManagedCluster("managed-one"),
		testutil.ManagedCluster("the-hub", testutil.Labelled(ocm.LocalClusterLabel, "true")),
		testutil.ClusterDeployment("managed-one", "managed-one", "managed-one-admin-kubeconfig"),
		testutil.AdminKubeconfig("managed-one", "managed-one-admin-kubeconfig", asked, nil),
		&appsv1.Deployment{
			ObjectMeta: metav1.ObjectMeta{Namespace: "velero", Name: "velero"},
			Status:     appsv1.DeploymentStatus{AvailableReplicas: 1},
		},
	}
	return testutil.NewHub(t, append(objects, more...)...)
}

func of(hub *testutil.Hub) Hub {
	return Hub{Kube: hub.Kube, Dynamic: hub.Dynamic, Velero: velero.In(hub.Dynamic, "velero"), UID: uid}
}

func object(t *testing.T, b *velero.Backup) runtime.Object {
	return testutil.Object(t, velero.BackupResource, b)
}

func TestPlanAsksForOneScopedBackup(t *testing.T) {
	hub := fleet(t, testutil.Object(t, velero.LocationResource, location()))
	plan, err := NewPlan(t.Context(), testutil.Instant{}, of(hub), Options{Name: "nightly", TTL: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	spec := plan.Backup.Spec
	if diff := cmp.Diff([]string{"*"}, spec.IncludedNamespaces); diff != "" {
		t.Errorf("a list of namespaces costs one LIST per namespace and kind: %s", diff)
	}
	for _, namespace := range []string{"the-hub", "velero", "open-cluster-management-agent", "openshift-*", "kube-*"} {
		if !slices.Contains(spec.ExcludedNamespaces, namespace) {
			t.Errorf("%s is not left out", namespace)
		}
	}
	if diff := cmp.Diff([]string{"managed-one"}, plan.Clusters); diff != "" {
		t.Error(diff)
	}
	if spec.TTL.Duration != time.Hour || spec.StorageLocation != "default" || plan.Backup.Labels[velero.HubLabel] != uid ||
		plan.Backup.Annotations[velero.ClustersAnnotation] != "1" {
		t.Errorf("got %+v", plan.Backup)
	}
	if writes := hub.Writes(); len(writes) > 0 {
		t.Errorf("planning wrote %v", writes)
	}
}

func TestPlanRefuses(t *testing.T) {
	available := testutil.Object(t, velero.LocationResource, location())
	for name, test := range map[string]struct {
		hub     *testutil.Hub
		options Options
		want    string
	}{
		"no managed cluster": {testutil.NewHub(t, testutil.ManagedCluster("local-cluster"), available), Options{}, "nothing to back up"},
		"no Velero":          {fleet(t), Options{}, "Velero is not installed"},
		"unknown location":   {fleet(t, available), Options{Location: "other"}, "velero/other does not exist"},
		"unavailable location": {fleet(t, testutil.Object(t, velero.LocationResource, location(func(l *velero.Location) {
			l.Status.Phase, l.Status.Message = "Unavailable", "no such bucket"
		}))), Options{}, "not Available: no such bucket"},
		"read-only location": {fleet(t, testutil.Object(t, velero.LocationResource, location(func(l *velero.Location) {
			l.Spec.AccessMode = velero.LocationReadOnly
		}))), Options{}, "is read-only"},
		"Velero down": {testutil.NewHub(t, testutil.ManagedCluster("managed-one"), available), Options{}, "has no Deployment velero"},
		"name taken by a verified backup": {fleet(t, available, object(t, existing("nightly", velero.BackupCompleted, func(b *velero.Backup) {
			b.Annotations = map[string]string{velero.FinishedAnnotation: "yes"}
		}))), Options{Name: "nightly"}, "exists already (Completed)"},
		"name taken by a failed backup": {
			fleet(t, available, object(t, existing("nightly", velero.BackupFailed))), Options{Name: "nightly"}, "exists already (Failed)"},
		"name taken by somebody else's": {fleet(t, available, object(t, existing("nightly", "", func(b *velero.Backup) {
			b.Labels = nil
		}))), Options{Name: "nightly"}, "exists already (New)"},
		"name taken by another hub's": {fleet(t, available, object(t, existing("nightly", velero.BackupCompleted, func(b *velero.Backup) {
			b.Labels[velero.HubLabel] = "hub-2"
		}))), Options{Name: "nightly"}, "exists already (Completed)"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := NewPlan(t.Context(), testutil.Instant{}, of(test.hub), test.options)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
			if writes := test.hub.Writes(); len(writes) > 0 {
				t.Errorf("a refused backup wrote %v", writes)
			}
		})
	}
}

func TestPlanAttachesToAnInterruptedRun(t *testing.T) {
	later := testutil.ManagedCluster("later", func(c *clusterv1.ManagedCluster) {
		c.CreationTimestamp = metav1.Time{Time: asked.Add(time.Minute)}
	})
	scheduled := existing("scheduled", velero.BackupInProgress, func(b *velero.Backup) { b.Labels[velero.ScheduleLabel] = "daily" })
	running := object(t, existing("running", velero.BackupInProgress))
	unverified := object(t, existing("unverified", velero.BackupCompleted))
	hub := fleet(t, later, testutil.Object(t, velero.LocationResource, location()), object(t, scheduled), running, unverified)
	for name, want := range map[string]string{"": "running", "running": "running", "unverified": "unverified"} {
		plan, err := NewPlan(t.Context(), testutil.Instant{}, of(hub), Options{Name: name})
		if err != nil || !plan.Attached || plan.Backup.Name != want {
			t.Fatalf("%q: got %+v, %v", name, plan, err)
		}
		if diff := cmp.Diff([]string{"managed-one"}, plan.Clusters); diff != "" {
			t.Errorf("a cluster that came later is not the backup's fault: %s", diff)
		}
		if err := plan.Start(t.Context(), of(hub)); err != nil || len(hub.Writes()) > 0 {
			t.Errorf("attaching wrote %v, %v", hub.Writes(), err)
		}
	}
}

func TestProve(t *testing.T) {
	whole := velero.ResourceList{
		"cluster.open-cluster-management.io/v1/ManagedCluster": {"a", "b"},
		"v1/Namespace": {"a", "b"},
		"v1/Secret":    {"a/a-kubeconfig"},
	}
	credentials := map[string]ocm.AdminKubeconfig{"a": {Secret: "a-kubeconfig", Exists: true}}
	other := map[string]ocm.AdminKubeconfig{"b": {Secret: "x", Exists: true}}
	gone := map[string]ocm.AdminKubeconfig{"a": {Secret: "a-gone"}}
	for name, test := range map[string]struct {
		list        velero.ResourceList
		clusters    []string
		credentials map[string]ocm.AdminKubeconfig
		want        string
	}{
		"whole":                  {whole, []string{"a", "b"}, credentials, ""},
		"cluster missing":        {whole, []string{"a", "c"}, credentials, "not in it: ManagedCluster c, Namespace c"},
		"credential missing":     {whole, []string{"b"}, other, "not in it: Secret b/x"},
		"credential dangling":    {whole, []string{"a"}, gone, "Secret a/a-gone (the ClusterDeployment names it, but the hub does not have it)"},
		"everything is gone":     {nil, []string{"a"}, credentials, "ManagedCluster a, Namespace a, Secret a/a-kubeconfig"},
		"many clusters are gone": {nil, []string{"u", "v", "w", "x"}, nil, "Namespace v, ManagedCluster w, and 3 more"},
	} {
		t.Run(name, func(t *testing.T) {
			proof := prove(test.list, test.clusters, test.credentials)
			err := proof.Err("nightly")
			if test.want == "" && (err != nil || !proof.Verified()) || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
	proof := prove(whole, []string{"a", "b"}, credentials)
	if diff := cmp.Diff(Proof{Whole: []string{"a"}, Uncredentialed: []string{"b"}}, proof); diff != "" {
		t.Error(diff)
	}
}

// runs has Velero end every backup that is created in a phase.
func runs(hub *testutil.Hub, phase velero.BackupPhase, edit func(status map[string]any)) {
	hub.Dynamic.PrependReactor("create", "backups", func(action clienttesting.Action) (bool, runtime.Object, error) {
		backup := action.(clienttesting.CreateAction).GetObject().(*unstructured.Unstructured)
		status := map[string]any{"phase": string(phase)}
		if edit != nil {
			edit(status)
		}
		return false, nil, unstructured.SetNestedMap(backup.Object, status, "status")
	})
}

func TestRun(t *testing.T) {
	list := func(secrets ...string) velero.ResourceList {
		return velero.ResourceList{
			"cluster.open-cluster-management.io/v1/ManagedCluster": {"managed-one"},
			"v1/Namespace": {"managed-one"}, "v1/Secret": secrets,
		}
	}
	whole := list("managed-one/managed-one-admin-kubeconfig")
	failed := map[string]results.Result{"errors": {Cluster: []string{"etcdserver: leader changed"}}}
	for name, test := range map[string]struct {
		phase  velero.BackupPhase
		status func(map[string]any)
		list   velero.ResourceList
		files  map[string]any
		want   string
	}{
		"completed and whole":                     {velero.BackupCompleted, nil, whole, nil, ""},
		"completed, but a secret is missing":      {velero.BackupCompleted, nil, list(), nil, "Secret managed-one/managed-one-admin-kubeconfig"},
		"completed, but nothing is in the bucket": {velero.BackupCompleted, nil, nil, nil, "could not be verified"},
		"partially failed": {velero.BackupPartiallyFailed, nil, whole, map[string]any{"BackupResults/nightly": failed},
			"is PartiallyFailed: 1× the hub's API server did not answer in time"},
		"partially failed, results lost": {velero.BackupPartiallyFailed, nil, whole, nil, "which cannot be read"},
		"failed validation": {velero.BackupFailedValidation, func(s map[string]any) {
			s["validationErrors"] = []any{"unknown field"}
		}, whole, nil, "is FailedValidation: unknown field"},
		"failed": {velero.BackupFailed, func(s map[string]any) {
			s["failureReason"] = "server restarted"
		}, whole, nil, "is Failed: server restarted"},
	} {
		t.Run(name, func(t *testing.T) {
			hub := fleet(t, testutil.Object(t, velero.LocationResource, location()))
			runs(hub, test.phase, test.status)
			files := map[string][]byte{"BackupContents/nightly": []byte("0123456789")}
			if test.list != nil {
				files["BackupResourceList/nightly"] = testutil.Gzip(t, test.list)
			}
			for file, content := range test.files {
				files[file] = testutil.Gzip(t, content)
			}
			testutil.NewStore(t, files).Serve(hub)
			plan, err := NewPlan(t.Context(), testutil.Instant{}, of(hub), Options{Name: "nightly"})
			if err != nil {
				t.Fatal(err)
			}
			if err := plan.Start(t.Context(), of(hub)); err != nil {
				t.Fatal(err)
			}
			result, err := plan.Wait(t.Context(), testutil.Instant{}, of(hub), nil)
			if test.want != "" {
				if err == nil || !strings.Contains(err.Error(), test.want) {
					t.Errorf("got %v, want %q", err, test.want)
				}
				return
			}
			if err != nil || result.Items != 3 || result.Size != 10 || result.Clusters() != "1" {
				t.Errorf("got %+v, %v", result, err)
			}
			want := []string{"create backups velero/nightly", "create configmaps velero/" + plan.Policy.Name, "patch backups velero/nightly"}
			if diff := cmp.Diff(want, hub.Writes()); diff != "" {
				t.Error(diff)
			}
			if _, err := NewPlan(t.Context(), testutil.Instant{}, of(hub), Options{Name: "nightly"}); err == nil {
				t.Error("the name of a verified backup was taken again")
			}
		})
	}
}

func TestAClusterThatLeftIsForgiven(t *testing.T) {
	hub := fleet(t)
	result := &Result{Proof: Proof{Missing: []Missing{{"managed-one", "Namespace managed-one"}, {"gone", "ManagedCluster gone"}}}}
	if err := result.forgive(t.Context(), of(hub)); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]Missing{{"managed-one", "Namespace managed-one"}}, result.Proof.Missing); diff != "" {
		t.Error(diff)
	}
}
