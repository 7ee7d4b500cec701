package inspect_test

import (
	"testing"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/sets"
	clocktesting "k8s.io/utils/clock/testing"

	"github.com/acmdr/kubectl-acmdr/pkg/inspect"
	"github.com/acmdr/kubectl-acmdr/pkg/internal/testutil"
	"github.com/acmdr/kubectl-acmdr/pkg/velero"
)

// ACM names a hub by its ClusterVersion, the plugin by its kube-system: a backup of either is not one of another hub.
func TestHubs(t *testing.T) {
	made := func(name string, labels map[string]string) *stored {
		return &stored{name: name, labels: labels, phase: velero.BackupCompleted, written: now, objects: []runtime.Object{testutil.ManagedCluster("c1")}}
	}
	by := func(hub string) map[string]string {
		return map[string]string{velero.ManagedByLabel: velero.ManagedBy, velero.HubLabel: hub}
	}
	backups := []*stored{made("ours", by("this-uid")), made("theirs", by("that-uid")), made("nobodys", nil)}
	backups = append(backups, set(acmSet("this-version"), "20261125040000")...)
	backups = append(backups, set(acmSet("that-version"), "20261125050000")...)
	hub, store, _ := bucket(t, "this-version", backups...)
	reports := map[string]*inspect.Report{}
	for name, want := range map[string]struct {
		hub     string
		another bool
	}{
		"ours": {"this-uid", false}, "theirs": {"that-uid", true}, "nobodys": {"", false},
		"acm-20261125040000": {"this-version", false}, "acm-20261125050000": {"that-version", true},
	} {
		report, err := inspect.Named(t.Context(), store, hub, clocktesting.NewFakeClock(now), name)
		if err != nil {
			t.Fatal(err)
		}
		warned := len(report.Warnings) > 0 && report.Warnings[len(report.Warnings)-1] == "backup "+name+" is of another hub than this one: "+want.hub
		if report.Hub != want.hub || warned != want.another {
			t.Errorf("%s is of hub %q, warnings %q", name, report.Hub, report.Warnings)
		}
		reports[name] = report
	}
	for _, test := range []struct {
		one, other string
		want       bool
	}{
		{"ours", "theirs", true}, {"ours", "ours", false}, {"ours", "nobodys", false},
		{"ours", "acm-20261125040000", false}, {"ours", "acm-20261125050000", true}, {"theirs", "acm-20261125040000", true},
		{"acm-20261125040000", "acm-20261125050000", true},
		{"theirs", "acm-20261125050000", false}, // one hub may have both ids
	} {
		if one, other := reports[test.one], reports[test.other]; one.OtherHub(other) != test.want || other.OtherHub(one) != test.want {
			t.Errorf("%s and %s are of two hubs: want %t", test.one, test.other, test.want)
		}
	}
}

// Where ACM made none of the backups, its id is not asked for: the right to read it is not needed.
func TestIDs(t *testing.T) {
	fake := testutil.NewHub(t)
	hub := inspect.Hub{UID: "this-uid", Dynamic: fake.Dynamic}
	alone := velero.Alone(&velero.Backup{})
	if ids, err := hub.IDs(t.Context(), alone); err != nil || !ids.Equal(sets.New("this-uid")) {
		t.Errorf("got %v, %v", ids, err)
	}
	if actions := fake.Dynamic.Actions(); len(actions) > 0 {
		t.Errorf("it asked for %v", actions)
	}
}
