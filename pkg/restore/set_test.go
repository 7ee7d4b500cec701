package restore

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/vmware-tanzu/velero/pkg/util/results"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/acmdr/kubectl-acmdr/pkg/internal/testutil"
	"github.com/acmdr/kubectl-acmdr/pkg/ocm"
	"github.com/acmdr/kubectl-acmdr/pkg/preflight"
	"github.com/acmdr/kubectl-acmdr/pkg/velero"
)

const stamp = "20261122120000"

// parts are the needed backups of a set, sorted by name.
var parts = []string{"credentials", "managed-clusters", "resources-generic", "resources"}

func member(part, stamp string) string { return "acm-" + part + "-schedule-" + stamp }

// ofACM is a backup of a set that ACM made of a hub with that ClusterVersion id.
func ofACM(id string) testutil.Edit[velero.Backup] {
	return func(b *velero.Backup) {
		b.Labels, b.Annotations = map[string]string{"cluster.open-cluster-management.io/backup-cluster": id}, nil
	}
}

// setOfACM are the Backups of a set.
func setOfACM(t *testing.T, id, stamp string, parts ...string) []runtime.Object {
	t.Helper()
	var objects []runtime.Object
	for _, part := range parts {
		objects = append(objects, testutil.Object(t, velero.BackupResource, backup(member(part, stamp), velero.BackupCompleted, ofACM(id))))
	}
	return objects
}

// storesSet keeps the ManagedClusters, the credential and something else each in the backup that ACM has them in. As in any such set,
// there are no Namespaces.
func storesSet(t *testing.T, hub *testutil.Hub, stamps ...string) *testutil.Store {
	t.Helper()
	files := map[string][]byte{}
	for _, stamp := range stamps {
		files["BackupContents/"+member("managed-clusters", stamp)] = testutil.Packed(t,
			object(t, clusterPath+"managed-one", testutil.ManagedCluster("managed-one")),
			object(t, clusterPath+"managed-two", testutil.ManagedCluster("managed-two")))
		files["BackupContents/"+member("credentials", stamp)] = testutil.Packed(t,
			object(t, secretPath+"open-cluster-management-agent/bootstrap-hub-kubeconfig",
				testutil.Secret("open-cluster-management-agent", "bootstrap-hub-kubeconfig", nil)),
			object(t, secretPath+"managed-one/managed-one-admin-kubeconfig", testutil.Secret("managed-one", "managed-one-admin-kubeconfig", nil)))
		files["BackupContents/"+member("resources", stamp)] = testutil.Packed(t,
			object(t, secretPath+"managed-two/another", testutil.Secret("managed-two", "another", nil)))
		files["BackupContents/"+member("resources-generic", stamp)] = testutil.Packed(t,
			object(t, clusterPath+"managed-two", testutil.ManagedCluster("managed-two")))
	}
	store := testutil.NewStore(t, files)
	store.Serve(hub)
	return store
}

func created(hub *testutil.Hub) []string {
	var restores []string
	for _, write := range hub.Writes() {
		if name, ok := strings.CutPrefix(write, "create restores velero/"); ok {
			restores = append(restores, name)
		}
	}
	return restores
}

// All backups of a set are read as one, and all are restored; the run is finished only when all are.
func TestASetOfACM(t *testing.T) {
	for name, choice := range map[string]Choice{
		"the newest": {}, "the set": {Backup: "acm-" + stamp}, "one of it": {Backup: member("credentials", stamp)}, "of its hub": {Hub: "acm-hub"},
	} {
		t.Run(name, func(t *testing.T) {
			hub := standby(t, setOfACM(t, "acm-hub-id", stamp, parts...)...)
			storesSet(t, hub, stamp)
			runs(t, hub, velero.RestoreCompleted, 0)
			r := restorer(hub)
			request := Request{Name: "back", Choice: choice}
			plan, err := r.Plan(t.Context(), request)
			if err != nil {
				t.Fatal(err)
			}
			if notes := plan.Notes(); len(notes) != 1 || !strings.Contains(notes[0], "which holds no ManifestWorks") {
				t.Errorf("told %q", notes)
			}
			result, err := r.Run(t.Context(), plan)
			if err != nil {
				t.Fatal(err)
			}
			if !slices.ContainsFunc(plan.Checks, func(row preflight.Row) bool {
				return row.Result == preflight.Warn && strings.Contains(row.String(), "does not say what was installed on the old hub")
			}) {
				t.Errorf("nobody knows what was installed on the old hub, and yet %v", plan.Checks)
			}
			want := []Cluster{
				{Name: "managed-one", ManagedCluster: Created, Credential: "managed-one-admin-kubeconfig", Counts: Counts{Create: 1}},
				{Name: "managed-two", ManagedCluster: Created, Counts: Counts{Create: 1}},
			}
			if diff := cmp.Diff(want, result.Clusters); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff([]string{"back-credentials", "back-managed-clusters", "back-resources", "back-resources-generic"},
				slices.Sorted(slices.Values(created(hub)))); diff != "" {
				t.Error(diff)
			}
			for _, part := range result.Parts {
				if excluded := part.Restore.Spec.ExcludedNamespaces; !slices.Equal(excluded, []string{"open-cluster-management-agent"}) {
					t.Errorf("%s leaves out the namespaces %v", part.Restore.Name, excluded)
				}
			}
			before := len(hub.Writes())
			plan, err = r.Plan(t.Context(), request)
			if err != nil || !plan.Finished || len(plan.Clusters) != 2 || len(hub.Writes()) != before {
				t.Errorf("the second run found %+v, %v", plan, err)
			}
		})
	}
}

// Velero waits ten minutes for each namespace that is going away, and then leaves out what would be in it.
func TestASetIntoATerminatingNamespace(t *testing.T) {
	ending := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "managed-two"}}
	ending.Status.Phase = corev1.NamespaceTerminating
	hub := standby(t, append(setOfACM(t, "acm-hub-id", stamp, parts...), ending)...)
	storesSet(t, hub, stamp)
	plan, err := restorer(hub).Plan(t.Context(), Request{})
	if err != nil {
		t.Fatal(err)
	}
	if err := plan.Err(); err == nil || !strings.Contains(err.Error(), "managed-two") {
		t.Errorf("got %v", err)
	}
}

// A run that died after it had begun with one backup of a set, or of which one failed, goes on with the others.
func TestASetThatWasBegun(t *testing.T) {
	begun := func(part string, phase velero.RestorePhase) runtime.Object {
		restore := &velero.Restore{ObjectMeta: metav1.ObjectMeta{
			Namespace: "velero", Name: "earlier-" + part, Labels: map[string]string{velero.ManagedByLabel: velero.ManagedBy},
		}}
		restore.Spec.BackupName = member(part, stamp)
		restore.Status.Phase = phase
		return testutil.Object(t, velero.RestoreResource, restore)
	}
	hub := standby(t, append(setOfACM(t, "acm-hub-id", stamp, parts...),
		begun("credentials", velero.RestoreCompleted), begun("managed-clusters", velero.RestoreFailed))...)
	storesSet(t, hub, stamp)
	runs(t, hub, velero.RestoreCompleted, 0)
	r := restorer(hub)
	plan, err := r.Plan(t.Context(), Request{})
	if err != nil {
		t.Fatal(err)
	}
	result, err := r.Run(t.Context(), plan)
	if err != nil {
		t.Fatal(err)
	}
	if got := created(hub); len(got) != 3 || result.Parts[0].Restore.Name != "earlier-credentials" {
		t.Errorf("made %v, went on with %s", got, result.Parts[0].Restore.Name)
	}
	for _, part := range result.Parts {
		if !slices.Contains(hub.Writes(), "patch restores velero/"+part.Restore.Name) {
			t.Errorf("%s is not marked as finished", part.Restore.Name)
		}
	}
}

// One restore of a set that fails is a failure of all, and what the others brought is put right.
func TestASetOfWhichOneFails(t *testing.T) {
	imports := testutil.Secret("managed-one", "managed-one-import", nil)
	imports.Labels = map[string]string{ocm.ImportSecretLabel: "", velero.RestoreNameLabel: "back-credentials"}
	hub := standby(t, append(setOfACM(t, "acm-hub-id", stamp, parts...), imports)...)
	store := storesSet(t, hub, stamp)
	runs(t, hub, velero.RestorePartiallyFailed, 1)
	for _, part := range parts {
		store.Files["RestoreResults/back-"+part] = testutil.Gzip(t, map[string]results.Result{
			"errors": {Namespaces: map[string][]string{"managed-one": {`exceeded quota: small`}}},
		})
	}
	r := restorer(hub)
	plan, err := r.Plan(t.Context(), Request{Name: "back"})
	if err != nil {
		t.Fatal(err)
	}
	result, err := r.Run(t.Context(), plan)
	if err == nil || strings.Count(err.Error(), "is PartiallyFailed: 1× a resource quota") != 4 || result.Results.Errors[0].Count != 4 {
		t.Errorf("got %v, %+v", err, result)
	}
	if !slices.Contains(hub.Writes(), "delete secrets managed-one/managed-one-import") {
		t.Errorf("got %v", hub.Writes())
	}
}

// A set that is not all there is passed over, unless it is wanted with what it lacks.
func TestASetThatLacksOne(t *testing.T) {
	const older = "20261121120000"
	objects := append(setOfACM(t, "acm-hub-id", stamp, "managed-clusters", "resources"), setOfACM(t, "acm-hub-id", older, parts...)...)
	hub := standby(t, objects...)
	storesSet(t, hub, older, stamp)
	plan, err := restorer(hub).Plan(t.Context(), Request{})
	if err != nil || plan.Source.Name != "acm-"+older {
		t.Fatalf("got %+v, %v", plan, err)
	}
	syncs(t, hub)
	_, err = restorer(hub).Plan(t.Context(), Request{Choice: Choice{Backup: "acm-" + stamp}})
	want := "backup acm-20261122120000 is a set that lacks those of acm-credentials-schedule, acm-resources-generic-schedule; " +
		"restore from another, or see with --accept-partial --dry-run which clusters are whole in it"
	if err == nil || err.Error() != want {
		t.Errorf("got %v", err)
	}
	plan, err = restorer(hub).Plan(t.Context(), Request{Choice: Choice{Backup: "acm-" + stamp, AcceptPartial: true}})
	if err != nil || len(plan.Parts) != 2 {
		t.Fatalf("got %+v, %v", plan, err)
	}
	if notes := strings.Join(plan.Notes(), "\n"); !strings.Contains(notes, "lacks what acm-credentials-schedule, acm-resources-generic-schedule would hold") ||
		!strings.Contains(notes, "whole in it: managed-two; lacking objects: managed-one (1)") {
		t.Errorf("told %s", notes)
	}
}

// One that somebody deleted from the bucket is passed over, though Velero does not know yet.
func TestASetThatIsGone(t *testing.T) {
	const older = "20261121120000"
	hub := standby(t, append(setOfACM(t, "acm-hub-id", stamp, parts...), setOfACM(t, "acm-hub-id", older, parts...)...)...)
	storesSet(t, hub, older)
	plan, err := restorer(hub).Plan(t.Context(), Request{})
	if err != nil || plan.Source.Name != "acm-"+older {
		t.Fatalf("got %+v, %v", plan, err)
	}
}

// ACM knows a hub by the id of its ClusterVersion, the plugin by the UID of kube-system.
func TestTheHubOfASet(t *testing.T) {
	set := func(id string, hour int) []velero.Backup {
		var backups []velero.Backup
		for _, part := range parts {
			at := noon.Add(time.Duration(hour) * time.Hour)
			backups = append(backups, *backup(member(part, at.Format("20060102150405")), velero.BackupCompleted, ofACM(id), takenAt(at)))
		}
		return backups
	}
	ours := []velero.Backup{*backup("ours", velero.BackupCompleted)}
	told := []velero.Backup{*backup("told", velero.BackupCompleted, func(b *velero.Backup) { b.Labels[velero.ClusterVersionLabel] = "that-version" })}
	for name, test := range map[string]struct {
		backups []velero.Backup
		want    string
		err     string
	}{
		"not this hub's own":   {append(set("this-version", 2), set("that-version", 1)...), "acm-20261122130000", ""},
		"this hub's, alone":    {set("this-version", 2), "acm-20261122140000", ""},
		"two ways to write":    {append(set("that-version", 2), ours...), "", "backups of 2 other hubs are in the bucket"},
		"two ways, told":       {append(set("that-version", 2), told...), "acm-20261122140000", ""},
		"two ways, ours newer": {append(set("that-version", -2), told...), "told", ""},
		"of this hub twice":    {append(set("this-version", 2), ours...), "ours", ""},
	} {
		t.Run(name, func(t *testing.T) {
			hub := testutil.NewHub(t, &unstructured.Unstructured{Object: map[string]any{
				"apiVersion": "config.openshift.io/v1", "kind": "ClusterVersion",
				"metadata": map[string]any{"name": "version"}, "spec": map[string]any{"clusterID": "this-version"},
			}})
			all := velero.Sources(test.backups)
			ids, err := restorer(hub).ids(t.Context(), all)
			if err != nil {
				t.Fatal(err)
			}
			got, err := candidatesOf(all, Choice{}, ids)
			if test.err != "" {
				if err == nil || !strings.Contains(err.Error(), test.err) {
					t.Errorf("got %v", err)
				}
				return
			}
			if err != nil || len(got) == 0 || got[0].Name != test.want {
				t.Errorf("got %+v, %v", got, err)
			}
		})
	}
}
