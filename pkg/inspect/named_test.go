package inspect_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/vmware-tanzu/velero/pkg/util/results"
	appsv1 "k8s.io/api/apps/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	kubefake "k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"
	clocktesting "k8s.io/utils/clock/testing"

	"github.com/acmdr/kubectl-acmdr/pkg/inspect"
	"github.com/acmdr/kubectl-acmdr/pkg/internal/testutil"
	"github.com/acmdr/kubectl-acmdr/pkg/velero"
)

const stamp = "20261125040000"

// stored is a backup in a location, with what it holds.
type stored struct {
	name    string
	labels  map[string]string
	phase   velero.BackupPhase
	written time.Time
	objects []runtime.Object
}

// acmSet is what ACM makes of a fleet of two clusters, of which one has a credential. Each backup holds what no other does.
func acmSet(hub string) map[string]*stored {
	part := func(objects ...runtime.Object) *stored {
		return &stored{
			labels: map[string]string{"cluster.open-cluster-management.io/backup-cluster": hub},
			phase:  velero.BackupCompleted, written: now, objects: objects,
		}
	}
	return map[string]*stored{
		"managed-clusters":  part(testutil.ManagedCluster("c1"), testutil.ManagedCluster("c2")),
		"credentials":       part(testutil.AdminKubeconfig("c1", "admin", now, kubeconfig(now.Add(time.Hour)))),
		"resources":         part(testutil.ClusterDeployment("c1", "c1", "admin"), namespace("c1")),
		"resources-generic": part(namespace("c2"), testutil.Secret("c2", "more", nil)),
	}
}

// set are the parts of a set as one list of backups.
func set(parts map[string]*stored, stamp string) []*stored {
	var backups []*stored
	for part, backup := range parts {
		backup.name = "acm-" + part + "-schedule-" + stamp
		backups = append(backups, backup)
	}
	return backups
}

// bucket is a hub of this ClusterVersion id that sees these backups.
func bucket(t *testing.T, id string, backups ...*stored) (inspect.Hub, *velero.Downloader, *testutil.Store) {
	t.Helper()
	objects := []runtime.Object{
		testutil.VeleroServer(),
		testutil.Object(t, velero.LocationResource, &velero.Location{ObjectMeta: metav1.ObjectMeta{Namespace: "velero", Name: "default"}}),
		&unstructured.Unstructured{Object: map[string]any{
			"apiVersion": "config.openshift.io/v1", "kind": "ClusterVersion",
			"metadata": map[string]any{"name": "version"}, "spec": map[string]any{"clusterID": id},
		}},
	}
	files := map[string][]byte{}
	for _, b := range backups {
		backup := &velero.Backup{ObjectMeta: metav1.ObjectMeta{Namespace: "velero", Name: b.name, Labels: b.labels}}
		backup.Spec.StorageLocation, backup.Status.Phase = "default", b.phase
		objects = append(objects, testutil.Object(t, velero.BackupResource, backup))
		files["BackupContents/"+b.name], _ = testutil.Contents(t, b.written, b.objects...)
		if b.phase == velero.BackupPartiallyFailed {
			files["BackupResults/"+b.name] = testutil.Gzip(t, map[string]results.Result{"errors": {Namespaces: map[string][]string{"c1": {"timeout"}}}})
		}
	}
	fake := testutil.NewHub(t, objects...)
	store := testutil.NewStore(t, files)
	store.Serve(fake)
	return inspect.Hub{UID: "this-uid", Dynamic: fake.Dynamic},
		&velero.Downloader{API: velero.In(fake.Dynamic, "velero"), Kube: fake.Kube, Clock: testutil.Instant{}}, store
}

// lines are what a report says of its clusters.
func lines(report *inspect.Report) []string {
	var found []string
	for _, c := range report.Clusters {
		found = append(found, fmt.Sprintf("%s %s %t", c.Name, c.Verdict, c.Namespace))
	}
	return found
}

// A set is read as one backup, by its own name and by that of any of its members.
func TestNamedSet(t *testing.T) {
	for _, name := range []string{"acm-" + stamp, "acm-resources-generic-schedule-" + stamp} {
		hub, store, _ := bucket(t, "this-version", set(acmSet("this-version"), stamp)...)
		report, err := inspect.Named(t.Context(), store, hub, clocktesting.NewFakeClock(now), name)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{"c1 OK true", "c2 NoCredential true"}, lines(report)); diff != "" {
			t.Error(diff)
		}
		if report.Hub != "this-version" || report.Objects != 7 || len(report.Warnings) > 0 {
			t.Errorf("of hub %q, %d objects, warnings %q", report.Hub, report.Objects, report.Warnings)
		}
	}
}

func TestNamedSetIsNotWhole(t *testing.T) {
	for name, test := range map[string]struct {
		edit     func(parts map[string]*stored)
		clusters []string
		warning  string
		err      string
	}{
		"one is missing": {func(parts map[string]*stored) { delete(parts, "credentials") }, []string{"c1 Unusable true", "c2 NoCredential true"},
			"generation acm-" + stamp + " lacks acm-credentials-schedule", ""},
		"two are missing": {func(parts map[string]*stored) { delete(parts, "managed-clusters"); delete(parts, "credentials") },
			[]string{"c1 Incomplete true", "c2 Incomplete true"}, "lacks acm-credentials-schedule, acm-managed-clusters-schedule", ""},
		"one failed in part": {func(parts map[string]*stored) { parts["resources"].phase = velero.BackupPartiallyFailed },
			[]string{"c1 Incomplete true", "c2 NoCredential true"}, "backup acm-resources-schedule-" + stamp + " is PartiallyFailed", ""},
		"one is written later": {func(parts map[string]*stored) { parts["credentials"].written = now.Add(6 * time.Minute) },
			[]string{"c1 OK true", "c2 NoCredential true"},
			"mixed generations: what is in it was written from 2026-11-25T04:00:00Z to 2026-11-25T04:06:00Z, with a pause", ""},
		"one goes on": {func(parts map[string]*stored) { parts["resources"].phase = velero.BackupInProgress }, nil, "",
			"backup acm-resources-schedule-" + stamp + " has not ended: it is InProgress"},
	} {
		t.Run(name, func(t *testing.T) {
			parts := acmSet("this-version")
			test.edit(parts)
			hub, store, _ := bucket(t, "this-version", set(parts, stamp)...)
			report, err := inspect.Named(t.Context(), store, hub, clocktesting.NewFakeClock(now), "acm-"+stamp)
			if test.err != "" {
				if err == nil || err.Error() != test.err {
					t.Errorf("got %v, want %s", err, test.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.clusters, lines(report)); diff != "" {
				t.Error(diff)
			}
			if whole := strings.HasPrefix(test.warning, "mixed"); report.Partial == whole {
				t.Errorf("is it partial? %v", report.Partial)
			}
			if len(report.Warnings) != 1 || !strings.Contains(report.Warnings[0], test.warning) {
				t.Errorf("warnings %q, want %q", report.Warnings, test.warning)
			}
		})
	}
}

// One damaged member makes all of the set worth nothing, and is named.
func TestNamedSetIsDamaged(t *testing.T) {
	hub, store, files := bucket(t, "this-version", set(acmSet("this-version"), stamp)...)
	member := "acm-resources-schedule-" + stamp
	tarball := files.Files["BackupContents/"+member]
	files.Files["BackupContents/"+member] = tarball[:len(tarball)-30]
	_, err := inspect.Named(t.Context(), store, hub, clocktesting.NewFakeClock(now), "acm-"+stamp)
	var bad *velero.BadContents
	if !errors.As(err, &bad) || !strings.Contains(err.Error(), member) {
		t.Errorf("got %v", err)
	}
	if _, err := inspect.Named(t.Context(), store, hub, clocktesting.NewFakeClock(now), "acm-20261125050000"); err == nil ||
		!strings.Contains(err.Error(), "backup velero/acm-20261125050000 does not exist") {
		t.Errorf("got %v", err)
	}
}

// A backup that Velero has not brought over yet is not said to be none.
func TestNamedIsNotListedYet(t *testing.T) {
	hub, store, _ := bucket(t, "this-version")
	refused := func(want string) {
		t.Helper()
		_, err := inspect.Named(t.Context(), store, hub, clocktesting.NewFakeClock(now), "nightly")
		if err == nil || err.Error() != "backup velero/nightly does not exist: "+want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	refused("Velero has not listed the bucket yet, which it does about once a minute: try again then")
	synced := map[string]any{"status": map[string]any{"lastSyncedTime": now.Format(time.RFC3339)}}
	if err := store.API.Locations.MergePatch(t.Context(), "default", synced); err != nil {
		t.Fatal(err)
	}
	refused("see 'kubectl acmdr get backups'; Velero lists the bucket about once a minute, and did so last at 2026-11-25T04:00:00Z: " +
		"if the backup, or the location, is newer, try again")
}

// Files may be of several sets, in any order: what was written with a pause does not belong together.
func TestFilesOfTwoSets(t *testing.T) {
	early, soon, late := now, now.Add(4*time.Minute), now.Add(time.Hour)
	for _, test := range []struct {
		written []time.Time
		mixed   bool
	}{
		{[]time.Time{early, soon}, false}, {[]time.Time{soon, early}, false},
		{[]time.Time{early, soon, late}, true}, {[]time.Time{late, soon}, true},
	} {
		inventory := inspect.New()
		for at, written := range test.written {
			tarball, _ := testutil.Contents(t, written, cluster(fmt.Sprintf("c%d", at))...)
			if err := inventory.Read(bytes.NewReader(tarball)); err != nil {
				t.Fatal(err)
			}
		}
		warnings := inventory.Report(t.Context(), now).Warnings
		if mixed := len(warnings) == 1 && strings.HasPrefix(warnings[0], "mixed generations: "); mixed != test.mixed || !mixed && len(warnings) > 0 {
			t.Errorf("written at %s: warnings %q", test.written, warnings)
		}
	}
}

// Two backups of the plugin's, or one twice, are no set.
func TestFilesOfNoSet(t *testing.T) {
	tarball, _ := testutil.Contents(t, now, cluster("c1")...)
	inventory := inspect.New()
	for _, want := range []int{0, 1} {
		if err := inventory.Read(bytes.NewReader(tarball)); err != nil {
			t.Fatal(err)
		}
		warnings := inventory.Report(t.Context(), now).Warnings
		if len(warnings) != want || want == 1 && !strings.Contains(warnings[0], "not the backups of one set") {
			t.Errorf("warnings %q", warnings)
		}
	}
}

// A Velero that does not run is not asked for the backup; who may not read its Deployment asks.
func TestNamedWithoutVelero(t *testing.T) {
	hub, store, _ := bucket(t, "this-version", set(acmSet("this-version"), stamp)...)
	kube, _ := store.Kube.(*kubefake.Clientset)
	var answer error
	kube.PrependReactor("get", "deployments", func(clienttesting.Action) (bool, runtime.Object, error) {
		return true, &appsv1.Deployment{}, answer
	})
	read := func() error {
		_, err := inspect.Named(t.Context(), store, hub, clocktesting.NewFakeClock(now), "acm-"+stamp)
		return err
	}
	if err := read(); err == nil || !strings.Contains(err.Error(), "Velero is not running") {
		t.Errorf("got %v", err)
	}
	answer = apierrors.NewForbidden(appsv1.Resource("deployments"), "velero", nil)
	if err := read(); err != nil {
		t.Errorf("got %v", err)
	}
}
