package check

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/sets"
	clocktesting "k8s.io/utils/clock/testing"
	clusterv1 "open-cluster-management.io/api/cluster/v1"

	"github.com/acmdr/kubectl-acmdr/pkg/access"
	"github.com/acmdr/kubectl-acmdr/pkg/inspect"
	"github.com/acmdr/kubectl-acmdr/pkg/internal/testutil"
	"github.com/acmdr/kubectl-acmdr/pkg/preflight"
	"github.com/acmdr/kubectl-acmdr/pkg/velero"
	"github.com/acmdr/kubectl-acmdr/pkg/workloads"
)

var now = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

const (
	this  = "11111111-aaaa"
	other = "22222222-bbbb"
	// thisVersion is what ACM calls this hub.
	thisVersion = "33333333-cccc"
)

// made is a whole backup of a hub, so many hours old.
func made(name, hub string, hours int, edits ...func(*velero.Backup)) velero.Backup {
	backup := velero.Backup{ObjectMeta: metav1.ObjectMeta{
		Name: name, Labels: map[string]string{velero.ManagedByLabel: velero.ManagedBy, velero.HubLabel: hub}, Annotations: map[string]string{velero.FinishedAnnotation: "yes"},
	}}
	at := metav1.NewTime(now.Add(-time.Duration(hours) * time.Hour))
	backup.CreationTimestamp, backup.Status.StartTimestamp, backup.Status.CompletionTimestamp = at, &at, &at
	backup.Status.Phase = velero.BackupCompleted
	for _, edit := range edits {
		edit(&backup)
	}
	return backup
}

func byHand(b *velero.Backup) { b.Labels = nil }

func newChecker(mode string, backups ...velero.Backup) *checker {
	location := &velero.Location{ObjectMeta: metav1.ObjectMeta{Namespace: "velero", Name: "default"}}
	if mode == "ReadOnly" {
		location.Spec.AccessMode = velero.LocationReadOnly
	}
	return &checker{
		hub: Hub{UID: this, Clock: clocktesting.NewFakeClock(now)}, options: Options{RPO: 24 * time.Hour, Soon: time.Hour},
		location: location, hubs: hubsOf(velero.Sources(backups), sets.New(this, thisVersion)), clusters: []clusterv1.ManagedCluster{*testutil.ManagedCluster("c1")},
	}
}

func expect(t *testing.T, row Row, result preflight.Result, reason string) {
	t.Helper()
	if row.Result != result || !strings.Contains(row.Reason, reason) {
		t.Errorf("%s %s, want %s with %q", row.Result, row, result, reason)
	}
	if row.Result != preflight.Pass && row.Remedy == "" {
		t.Errorf("%s says not what to do", row)
	}
}

// setOfACM are the first n backups of a set that ACM made of a hub, so many hours old.
func setOfACM(hub string, hours, n int) []velero.Backup {
	var backups []velero.Backup
	for _, part := range []string{"credentials", "managed-clusters", "resources", "resources-generic"}[:n] {
		stamp := now.Add(-time.Duration(hours) * time.Hour).Format("20060102150405")
		backups = append(backups, made("acm-"+part+"-schedule-"+stamp, "", hours, func(b *velero.Backup) {
			b.Labels = map[string]string{"cluster.open-cluster-management.io/backup-cluster": hub}
		}))
	}
	return backups
}

func TestBest(t *testing.T) {
	failed := func(b *velero.Backup) { b.Status.Phase = velero.BackupPartiallyFailed }
	some := func(b *velero.Backup) { b.Labels[velero.SelectedLabel] = "true" }
	for name, c := range map[string]struct {
		checker *checker
		want    string
	}{
		"newest of this hub":       {newChecker("", made("old", this, 9), made("new", this, 1), made("theirs", other, 0)), "new"},
		"neither bad nor part":     {newChecker("", made("old", this, 9), made("bad", this, 1, failed), made("part", this, 0, some)), "old"},
		"of the lost hub":          {newChecker("", made("theirs", other, 1)), "theirs"},
		"read-only takes no own":   {newChecker("ReadOnly", made("own", this, 0), made("theirs", other, 1)), "theirs"},
		"nothing":                  {newChecker(""), ""},
		"a set of ACM's":           {newChecker("", append(setOfACM(thisVersion, 1, 4), made("old", this, 9))...), "acm-20260301110000"},
		"a set of the lost hub's":  {newChecker("", setOfACM(other, 1, 4)...), "acm-20260301110000"},
		"not all of a set":         {newChecker("", append(setOfACM(thisVersion, 1, 3), made("old", this, 9))...), "old"},
		"standby with nothing yet": {newChecker("ReadOnly", made("own", this, 0)), ""},
		"not of an unknown hub":    {newChecker("ReadOnly", made("apps", "", 1, byHand), made("theirs", other, 99)), "theirs"},
		"nor here":                 {newChecker("", made("apps", "", 1, byHand), made("own", this, 99)), "own"},
		"at last":                  {newChecker("", made("apps", "", 1, byHand)), "apps"},
		"each of several":          {newChecker("", append(setOfACM("third", 1, 4), made("theirs", other, 2))...), "acm-20260301110000 theirs"},
	} {
		best, err := c.checker.best()
		var names []string
		for _, hub := range best {
			names = append(names, hub.Sources[0].Name)
		}
		if got := strings.Join(names, " "); got != c.want || (err != nil) != (len(names) > 1) {
			t.Errorf("%s: %q, %v, want %q", name, got, err, c.want)
		}
	}
}

// A hub whose only backups do not say of which hub they are is no standby: its clusters are looked for in them, and its schedule
// is missed.
func TestBackupsByHandMakeNoStandby(t *testing.T) {
	c := newChecker("", made("apps", "", 1, byHand))
	if c.standby() {
		t.Error("a standby hub")
	}
	expect(t, c.content("content", c.hubs[0].Sources[0], &inspect.Report{}), preflight.Fail, "1 of the 1 managed clusters are not in apps: c1")
	hub := testutil.NewHub(t)
	c.hub.Velero = velero.In(hub.Dynamic, "velero")
	rows, err := c.schedules(t.Context())
	if err != nil || len(rows) != 1 {
		t.Fatal(rows, err)
	}
	expect(t, rows[0], preflight.Warn, "nothing backs this hub up by itself")
}

// Where restore asks which hub is meant, that is told, and each is looked at.
func TestSeveralHubs(t *testing.T) {
	rows, err := newChecker("ReadOnly", made("third", "33333333-dddd", 1), made("theirs", other, 99)).newest(t.Context())
	if err != nil || len(rows) != 3 {
		t.Fatal(rows, err)
	}
	expect(t, rows[0], preflight.Warn, "33333333-dddd (newest: third, taken 2026-03-01T11:00:00Z), "+other)
	expect(t, rows[1], preflight.Pass, "third is 60m old")
	expect(t, rows[2], preflight.Fail, "theirs is 4d3h old")
}

func TestAge(t *testing.T) {
	c := newChecker("")
	young, old := made("b", this, 23), made("b", this, 25)
	expect(t, c.age("age", velero.Alone(&young)), preflight.Pass, "b is 23h old")
	expect(t, c.age("age", velero.Alone(&old)), preflight.Fail, "more than --rpo 24h")
}

func TestContent(t *testing.T) {
	whole := func(edit func(*inspect.Cluster)) *inspect.Report {
		cluster := inspect.Cluster{Name: "c1", Verdict: inspect.OK, Namespace: true}
		edit(&cluster)
		return &inspect.Report{Clusters: []inspect.Cluster{cluster}}
	}
	made := made("b", this, 1)
	b := velero.Alone(&made)
	good := whole(func(*inspect.Cluster) {})
	set := velero.Sources(setOfACM(thisVersion, 1, 4))[0]
	expect(t, newChecker("").content("content", set, whole(func(c *inspect.Cluster) { c.Namespace = false })), preflight.Warn,
		"1 managed clusters are in acm-20260301110000, and none of the workloads")
	expect(t, newChecker("").content("content", b, good), preflight.Pass, "1 managed clusters are in b, and could be brought back by it alone")
	expect(t, newChecker("ReadOnly").content("content", b, good), preflight.Pass, "1 managed clusters")
	expect(t, newChecker("ReadOnly").content("content", b, &inspect.Report{}), preflight.Fail, "no managed cluster")
	expired := whole(func(c *inspect.Cluster) { c.Verdict = inspect.Expired })
	expect(t, newChecker("").content("content", b, expired), preflight.Warn, "1 of 1 managed clusters could not be brought back by b alone: c1 (Expired)")
	for _, lacking := range []*inspect.Report{
		whole(func(c *inspect.Cluster) { c.Namespace = false }), whole(func(c *inspect.Cluster) { c.Verdict = inspect.Incomplete }), {},
	} {
		expect(t, newChecker("").content("content", b, lacking), preflight.Fail, "1 of the 1 managed clusters are not in b: c1")
	}
}

func TestOtherHubs(t *testing.T) {
	for name, c := range map[string]struct {
		checker *checker
		result  preflight.Result
		reason  string
	}{
		"alone":             {newChecker("", made("b", this, 1)), preflight.Pass, "none has written"},
		"both write":        {newChecker("", made("b", this, 1), made("t", other, 2)), preflight.Warn, "22222222 wrote 120m ago, and this hub writes"},
		"took over":         {newChecker("", made("b", this, 1), made("t", other, 99)), preflight.Pass, "none since"},
		"standby may write": {newChecker("", made("t", other, 2)), preflight.Warn, "may write and delete"},
		"ACM writes too":    {newChecker("", append(setOfACM(thisVersion, 1, 4), made("b", this, 1))...), preflight.Pass, "none has written"},
		"standby reads":     {newChecker("ReadOnly", made("t", other, 2)), preflight.Pass, "only reads"},
	} {
		t.Run(name, func(t *testing.T) {
			c.checker.location.Status.Phase = velero.LocationAvailable
			rows, err := c.checker.otherHubs(context.Background())
			if err != nil || len(rows) != 1 {
				t.Fatal(rows, err)
			}
			expect(t, rows[0], c.result, c.reason)
		})
	}
}

// What only Velero, or the bucket, could tell is not waited for and not made up.
func TestWhatCannotBeHad(t *testing.T) {
	for reason, edit := range map[string]func(*checker){
		"Velero is not running":         func(c *checker) { c.down = true },
		"the location is not Available": func(c *checker) { c.location.Status.Phase = "Unavailable" },
	} {
		c := newChecker("", made("b", this, 1)) // to be asked for its contents, Velero would have to be there
		c.location.Status.Phase = velero.LocationAvailable
		edit(c)
		var rows []Row
		for _, check := range []func(context.Context) ([]Row, error){c.newest, c.unread, c.otherHubs} {
			more, err := check(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			rows = append(rows, more...)
		}
		if len(rows) != 3 {
			t.Fatal(rows)
		}
		expect(t, rows[0], preflight.Pass, "b is 60m old")
		expect(t, rows[1], preflight.Warn, "not looked at: "+reason)
		expect(t, rows[2], preflight.Warn, "not known: "+reason)
	}
	c := newChecker("")
	c.location.Status.Phase = velero.LocationAvailable
	if rows, err := c.unread(t.Context()); err != nil || len(rows) > 0 {
		t.Error(rows, err)
	}
}

// A backup is made on the active hub, and a location made read-only on the standby hub: where that is another hub than the one that
// is looked at, the remedy says so.
func TestRemediesSayWhichHub(t *testing.T) {
	const backUp, readOnly = "run 'kubectl acmdr backup'", "run: kubectl patch backupstoragelocation default -n velero "
	for name, test := range map[string]struct {
		checker          *checker
		backUp, readOnly string
	}{
		"active":  {newChecker("", made("b", this, 30), made("t", other, 2)), backUp + ", and", "on the standby hub " + readOnly},
		"standby": {newChecker("", made("t", other, 2)), backUp + " on the active hub, and", readOnly},
	} {
		old := made("old", this, 99)
		if row := test.checker.age("age", velero.Alone(&old)); !strings.HasPrefix(row.Remedy, test.backUp) {
			t.Errorf("%s: %s", name, row)
		}
		if rows, err := test.checker.otherHubs(t.Context()); err != nil || len(rows) != 1 || !strings.HasPrefix(rows[0].Remedy, test.readOnly) {
			t.Errorf("%s: %v, %v", name, rows, err)
		}
	}
}

// What the store answers counts, whatever the location asks for.
func TestEncryption(t *testing.T) {
	asks := newChecker("").location
	asks.Spec.Config = map[string]string{"kmsKeyId": "dr"}
	silent := newChecker("").location
	expect(t, encryption(asks, "b", &velero.File{}), preflight.Fail, "asks for aws:kms with key dr, but the store does not say")
	expect(t, encryption(silent, "b", &velero.File{}), preflight.Warn, "kubeconfigs of the fleet are in it")
	expect(t, encryption(silent, "b", &velero.File{Encryption: "AES256"}), preflight.Pass, "kept under AES256")
	expect(t, encryption(asks, "b", &velero.File{Encryption: "aws:kms with key dr"}), preflight.Pass, "kept under aws:kms")
}

func TestFleet(t *testing.T) {
	loss := []workloads.Loss{{Work: "w", Objects: []workloads.Object{{Resource: "configmaps", Namespace: "app", Name: "settings"}}}}
	rows := Fleet([]Cluster{
		{Name: "good", Source: "Hive", NotAfter: now.Add(48 * time.Hour)},
		{Name: "forever", Source: "File"},
		{Name: "late", Source: "Hive", NotAfter: now.Add(time.Minute)},
		{Name: "none", Err: access.ErrNoCredential},
		{Name: "refused", Err: errors.New("it is\nrefused")},
		{Name: "risky", Losses: loss},
		{Name: "blind", WorksErr: workloads.ErrHidden},
	}, Options{Soon: time.Hour}, now)
	want := []struct {
		name   string
		result preflight.Result
		reason string
	}{
		{"credentials", preflight.Fail, "5 of 7 managed clusters can be opened; the first to expire is that of late, in 60s"},
		{"credential of late", preflight.Warn, "expires in 60s, on 2026-03-01T12:01:00Z"},
		{"credential of none", preflight.Fail, "the hub has none"},
		{"credential of refused", preflight.Fail, "it is; refused"},
		{"works", preflight.Warn, "4 clusters looked at, 1 would lose workloads by a move to this hub; of 1 the credential may not list"},
		{"works of risky", preflight.Warn, "configmaps/app/settings (work w)"},
	}
	if len(rows) != len(want) {
		t.Fatalf("%d rows, want %d: %v", len(rows), len(want), rows)
	}
	for i, w := range want {
		if rows[i].Name != w.name {
			t.Errorf("row %d is %s, want %s", i, rows[i].Name, w.name)
		}
		expect(t, rows[i], w.result, w.reason)
	}
}

// A server whose image does not tell its version is asked, and nothing is left behind.
func TestVelero(t *testing.T) {
	server := &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Namespace: "velero", Name: "velero"}}
	server.Spec.Template.Spec.Containers = []corev1.Container{{Name: "velero", Image: "registry.example.com/oadp/velero@sha256:abc"}}
	server.Status.AvailableReplicas = 1
	hub := testutil.NewHub(t, server)
	hub.Version = "v1.18.1-OADP"
	c := newChecker("")
	c.hub.Kube, c.hub.Dynamic, c.hub.Velero = hub.Kube, hub.Dynamic, velero.In(hub.Dynamic, "velero")
	rows, err := c.velero(t.Context())
	if err != nil || len(rows) != 4 {
		t.Fatal(rows, err)
	}
	expect(t, rows[0], preflight.Pass, "it runs in namespace velero")
	expect(t, rows[1], preflight.Fail, "v1.18.1-OADP lists every namespace")
	expect(t, rows[2], preflight.Warn, "100 requests a second")
	if left, err := c.hub.Velero.StatusRequests.List(t.Context(), ""); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// A Velero that is scaled to 0 is found before anything is asked of it.
func TestVeleroIsDown(t *testing.T) {
	hub := testutil.NewHub(t, &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Namespace: "velero", Name: "velero"}})
	c := newChecker("")
	c.hub.Kube, c.hub.Dynamic, c.hub.Velero = hub.Kube, hub.Dynamic, velero.In(hub.Dynamic, "velero")
	c.location.Status.Phase = velero.LocationAvailable
	rows, err := c.velero(t.Context())
	if err != nil || len(rows) != 1 || c.usable() {
		t.Fatal(rows, err)
	}
	expect(t, rows[0], preflight.Fail, "Velero is not running")
}

// A hub without Velero is still looked at for all else.
func TestReadWithoutVelero(t *testing.T) {
	hub := testutil.NewHub(t)
	hub.Authenticate("admin", func(what string) bool { return !strings.Contains(what, "configmaps") })
	rows, err := Read(context.Background(), Hub{
		Kube: hub.Kube, Dynamic: hub.Dynamic, UID: this, Clock: clocktesting.NewFakeClock(now),
	}, Options{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	byName := map[string]Row{}
	for _, row := range rows {
		byName[row.Name] = row
	}
	expect(t, byName["velero"], preflight.Fail, "not installed")
	expect(t, byName["permissions"], preflight.Fail, "this user may not create configmaps")
	expect(t, byName["API services"], preflight.Pass, "")
	if writes := hub.Changes()(); len(writes) > 0 {
		t.Errorf("it wrote %v", writes)
	}
}

// The remedies about schedules are commands that do as they are.
func TestSchedules(t *testing.T) {
	paused := &velero.Schedule{ObjectMeta: metav1.ObjectMeta{Namespace: "velero", Name: "fleet"}}
	paused.Spec.Paused = true
	for name, test := range map[string]struct {
		mode      string
		schedules []runtime.Object
		want      string
	}{
		"none":    {"", nil, "run: kubectl acmdr schedule create fleet --schedule '0 */6 * * *'"},
		"paused":  {"", []runtime.Object{testutil.Object(t, velero.ScheduleResource, paused)}, "run: kubectl acmdr schedule resume fleet"},
		"standby": {"ReadOnly", []runtime.Object{testutil.Object(t, velero.ScheduleResource, &velero.Schedule{ObjectMeta: paused.ObjectMeta})}, "run: kubectl acmdr schedule pause fleet"},
	} {
		hub := testutil.NewHub(t, test.schedules...)
		c := newChecker(test.mode)
		c.hub.Velero = velero.In(hub.Dynamic, "velero")
		rows, err := c.schedules(t.Context())
		if err != nil || len(rows) != 1 || !strings.HasSuffix(rows[0].Remedy, test.want) {
			t.Errorf("%s: %v, %v, want %q", name, rows, err, test.want)
		}
	}
}
