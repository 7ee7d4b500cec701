package backup

import (
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
	clocktesting "k8s.io/utils/clock/testing"
	clusterv1 "open-cluster-management.io/api/cluster/v1"

	"github.com/acmdr/kubectl-acmdr/pkg/inspect"
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
	for _, namespace := range []string{"the-hub", "velero", "open-cluster-management-agent", "openshift", "kube-*"} {
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
		"name taken by a partial backup": {
			fleet(t, available, object(t, existing("nightly", velero.BackupPartiallyFailed))), Options{Name: "nightly"}, "exists already (PartiallyFailed)"},
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
		if err := plan.Start(t.Context(), testutil.Instant{}, of(hub)); err != nil || len(hub.Writes()) > 0 {
			t.Errorf("attaching wrote %v, %v", hub.Writes(), err)
		}
	}
}

// Two runs in one second make two backups.
func TestStartFindsAFreeName(t *testing.T) {
	hub := fleet(t, testutil.Object(t, velero.LocationResource, location()))
	var names []string
	plans := make([]*Plan, 2)
	for i := range plans {
		var err error
		if plans[i], err = NewPlan(t.Context(), clocktesting.NewFakeClock(asked), of(hub), Options{}); err != nil {
			t.Fatal(err)
		}
	}
	for _, plan := range plans {
		if err := plan.Start(t.Context(), testutil.Instant{}, of(hub)); err != nil {
			t.Fatal(err)
		}
		names = append(names, plan.Backup.Name)
	}
	if want := []string{nameAt(asked), nameAt(asked.Add(time.Second))}; !slices.Equal(names, want) {
		t.Errorf("got %v, want %v", names, want)
	}
}

// What is asked for is not had by a backup that an earlier run began with other wishes.
func TestPlanDoesNotAttachToAnother(t *testing.T) {
	other := location()
	other.Name = "other"
	for name, test := range map[string]struct {
		wish Options
		want string // what is said of one of the name
	}{
		"location":          {Options{Location: "other"}, "(InProgress), in location default: choose another name"},
		"ttl":               {Options{TTL: time.Hour}, "with another --ttl"},
		"hosts":             {Options{BareMetalHosts: true}, "without BareMetalHosts"},
		"the same ttl":      {Options{TTL: 2 * time.Hour}, ""},
		"the same location": {Options{Location: "default"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			running := existing("running", velero.BackupInProgress, func(b *velero.Backup) {
				b.Spec.StorageLocation, b.Spec.TTL.Duration = "default", 2*time.Hour
			})
			hub := fleet(t, testutil.Object(t, velero.LocationResource, location()), testutil.Object(t, velero.LocationResource, other), object(t, running))
			plan, err := NewPlan(t.Context(), testutil.Instant{}, of(hub), test.wish)
			if err != nil || plan.Attached != (test.want == "") {
				t.Errorf("got %+v, %v", plan, err)
			}
			test.wish.Name = "running"
			_, err = NewPlan(t.Context(), testutil.Instant{}, of(hub), test.wish)
			if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}

// One of the name that failed is deleted by Velero, and made again; also when an earlier run died while it was being deleted.
func TestPlanReplacesWhatFailed(t *testing.T) {
	for _, phase := range []velero.BackupPhase{velero.BackupFailed, velero.BackupFailedValidation, velero.BackupDeleting} {
		t.Run(string(phase), func(t *testing.T) { replaces(t, phase) })
	}
}

func replaces(t *testing.T, phase velero.BackupPhase) {
	t.Helper()
	hub := fleet(t, testutil.Object(t, velero.LocationResource, location()), object(t, existing("again", phase)))
	hub.Dynamic.PrependReactor("create", "deletebackuprequests", func(clienttesting.Action) (bool, runtime.Object, error) {
		return false, nil, hub.Dynamic.Tracker().Delete(velero.BackupResource, "velero", "again")
	})
	plan, err := NewPlan(t.Context(), testutil.Instant{}, of(hub), Options{Name: "again"})
	if err != nil || plan.Attached || plan.Replaces == nil {
		t.Fatalf("got %+v, %v", plan, err)
	}
	if err := plan.Start(t.Context(), testutil.Instant{}, of(hub)); err != nil {
		t.Fatal(err)
	}
	made, err := of(hub).Velero.Backups.Get(t.Context(), "again")
	if err != nil || made.Status.Phase != "" {
		t.Errorf("got %+v, %v", made, err)
	}
}

func TestProve(t *testing.T) {
	report := &inspect.Report{Clusters: []inspect.Cluster{
		{Name: "a", Verdict: inspect.OK, Namespace: true},
		{Name: "b", Verdict: inspect.NoCredential, Namespace: true},
		{Name: "bare", Verdict: inspect.OK},
		{Name: "half", Verdict: inspect.Incomplete, Namespace: true},
		{Name: "old", Verdict: inspect.Expired, Namespace: true, Reason: "secret old/x expired"},
		{Name: "lost", Verdict: inspect.NoCredential, Namespace: true}, {Name: "less", Verdict: inspect.OK, Namespace: true},
	}}
	lost := func(cluster string) []string {
		return map[string][]string{"lost": {"lost/x"}, "less": {"less/y", "less/z"}, "bare": {"bare/x"}}[cluster]
	}
	for name, test := range map[string]struct {
		clusters []string
		verified bool
		want     string
	}{
		"whole":                  {[]string{"a", "b"}, true, ""},
		"cluster missing":        {[]string{"a", "c"}, false, "not in it: ManagedCluster c, Namespace c"},
		"only parts of it":       {[]string{"half"}, false, "not in it: ManagedCluster half"},
		"namespace missing":      {[]string{"bare"}, false, "not in it: Namespace bare"},
		"credential expired":     {[]string{"a", "old"}, true, "credentials in it do not do: old: secret old/x expired"},
		"missing comes first":    {[]string{"old", "bare"}, false, "not in it: Namespace bare"},
		"credential missing":     {[]string{"a", "lost", "old"}, false, "not in it: the credential of lost (secret lost/x)"},
		"one of its credentials": {[]string{"a", "less"}, false, "not in it: the credential of less (secret less/y, secret less/z)"},
		"many clusters are gone": {[]string{"u", "v", "w", "x"}, false, "Namespace v, ManagedCluster w, and 3 more"},
	} {
		t.Run(name, func(t *testing.T) {
			proof := prove(report, test.clusters, lost)
			err := proof.Err("nightly")
			if proof.Verified() != test.verified || (err == nil) != (test.want == "") || err != nil && !strings.HasSuffix(err.Error(), test.want) {
				t.Errorf("got %v, verified %t, want %q", err, proof.Verified(), test.want)
			}
		})
	}
	proof := prove(report, []string{"a", "b", "old", "lost", "less"}, lost)
	if len(proof.Whole) != 1 || len(proof.Uncredentialed) != 1 || len(proof.Lost) != 2 || proof.Held() != 5 {
		t.Errorf("got %+v", proof)
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
		backup.SetCreationTimestamp(metav1.Time{Time: asked})
		return false, nil, unstructured.SetNestedMap(backup.Object, status, "status")
	})
}

func TestRun(t *testing.T) {
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "managed-one"}}
	cluster := testutil.ManagedCluster("managed-one")
	deployment := testutil.ClusterDeployment("managed-one", "managed-one", "managed-one-admin-kubeconfig")
	admin := testutil.AdminKubeconfig("managed-one", "managed-one-admin-kubeconfig", asked, testutil.Kubeconfig("https://c", nil, "t"))
	whole := []runtime.Object{cluster, namespace, admin}
	none := map[string]results.Result{}
	failed := map[string]results.Result{"errors": {Cluster: []string{"etcdserver: leader changed"}}}
	for name, test := range map[string]struct {
		phase  velero.BackupPhase
		status func(map[string]any)
		stored []runtime.Object
		files  map[string]any
		want   string
	}{
		"completed and whole":                 {velero.BackupCompleted, nil, whole, nil, ""},
		"completed, but a cluster is missing": {velero.BackupCompleted, nil, []runtime.Object{admin, namespace}, nil, "ManagedCluster managed-one"},
		"completed, but a secret is missing": {velero.BackupCompleted, nil, []runtime.Object{cluster, namespace, deployment}, nil,
			"nightly is Completed but lacks what the hub has of its clusters; not in it: " +
				"the credential of managed-one (secret managed-one/managed-one-admin-kubeconfig)"},
		"completed, but the tarball is another's": {velero.BackupCompleted, func(s map[string]any) {
			s["startTimestamp"], s["completionTimestamp"] = "2026-11-22T13:00:00Z", "2026-11-22T13:00:07Z"
		}, whole, nil, "it is another backup's"},
		"completed, but the list is another's": {velero.BackupCompleted, nil, whole,
			map[string]any{"BackupResourceList/nightly": velero.ResourceList{"v1/Namespace": {"managed-one"}}}, "it is another backup's"},
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
			files := map[string][]byte{}
			if test.stored != nil {
				tarball, list := testutil.Contents(t, asked, test.stored...)
				files["BackupContents/nightly"], files["BackupResourceList/nightly"] = tarball, testutil.Gzip(t, list)
			}
			if test.phase == velero.BackupCompleted {
				files["BackupResults/nightly"] = testutil.Gzip(t, none)
			}
			for file, content := range test.files {
				files[file] = testutil.Gzip(t, content)
			}
			testutil.NewStore(t, files).Serve(hub)
			plan, err := NewPlan(t.Context(), testutil.Instant{}, of(hub), Options{Name: "nightly"})
			if err != nil {
				t.Fatal(err)
			}
			if err := plan.Start(t.Context(), testutil.Instant{}, of(hub)); err != nil {
				t.Fatal(err)
			}
			result, err := plan.Wait(t.Context(), testutil.Instant{}, of(hub), nil)
			if test.want != "" {
				if err == nil || !strings.Contains(err.Error(), test.want) {
					t.Errorf("got %v, want %q", err, test.want)
				}
				return
			}
			// As get backups has it: every file of the backup in the bucket, not only the tarball.
			var size int64
			for _, file := range files {
				size += int64(len(file))
			}
			if err != nil || result.Items != 3 || result.Size != size || result.Clusters() != "1" {
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
	result := &Result{Proof: Proof{
		Missing: []Missing{{"managed-one", "Namespace managed-one"}, {"gone", "ManagedCluster gone"}},
		Lost:    []Lost{{"left", []string{"left/x"}}, {"managed-one", []string{"managed-one/x"}}},
	}}
	if err := result.forgive(t.Context(), of(hub)); err != nil {
		t.Fatal(err)
	}
	want := Proof{Missing: []Missing{{"managed-one", "Namespace managed-one"}}, Lost: []Lost{{"managed-one", []string{"managed-one/x"}}}}
	if diff := cmp.Diff(want, result.Proof); diff != "" {
		t.Error(diff)
	}
}
