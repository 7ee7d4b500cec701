package restore

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/sets"
	clienttesting "k8s.io/client-go/testing"

	"github.com/acmdr/kubectl-acmdr/pkg/internal/testutil"
	"github.com/acmdr/kubectl-acmdr/pkg/velero"
)

func TestCandidates(t *testing.T) {
	hour := func(h int) testutil.Edit[velero.Backup] { return takenAt(noon.Add(time.Duration(h) * time.Hour)) }
	here := []velero.Backup{*backup("here", velero.BackupCompleted, hour(9), ofHub(uid))}
	one := []velero.Backup{
		*backup("older", velero.BackupCompleted, hour(0)),
		*backup("newer", velero.BackupCompleted, hour(1)),
		*backup("half", velero.BackupPartiallyFailed, hour(2)),
		*backup("broken", velero.BackupFailed, hour(3)),
	}
	three := []velero.Backup{*backup("theirs", velero.BackupCompleted, hour(5), ofHub("hub-3"))}
	hand := []velero.Backup{*backup("by-hand", velero.BackupCompleted, byHand, hour(8))}
	some := []velero.Backup{*backup("some", velero.BackupCompleted, hour(6), func(b *velero.Backup) { b.Labels[velero.SelectedLabel] = "true" })}
	for name, test := range map[string]struct {
		backups []velero.Backup
		choice  Choice
		want    string
		err     string
	}{
		"the newest":           {one, Choice{}, "newer older", ""},
		"not this hub's own":   {append(here, one...), Choice{}, "newer older", ""},
		"this hub's, if alone": {here, Choice{}, "here", ""},
		"this hub's, if told":  {append(here, one...), Choice{Hub: uid}, "here", ""},
		"whoever's, at last":   {hand, Choice{}, "by-hand", ""},
		"not whoever's":        {append(hand, one...), Choice{}, "newer older", ""},
		"not of some clusters": {append(some, one...), Choice{}, "newer older", ""},
		"at a time":            {one, Choice{At: noon.Add(30 * time.Minute)}, "older", ""},
		"at that very time":    {one, Choice{At: noon.Add(time.Hour)}, "newer older", ""},
		"before all":           {one, Choice{At: noon.Add(-time.Hour)}, "", ""},
		"a partial one":        {one, Choice{AcceptPartial: true}, "half newer older", ""},
		"never mixed": {append(three, one...), Choice{}, "",
			"backups of 2 other hubs are in the bucket; choose one with --from-hub: hub-3 (newest: theirs, taken 2026-11-22T17:00:00Z), " +
				"hub-1 (newest: newer, taken 2026-11-22T13:00:00Z)"},
		"of the one told":     {append(three, one...), Choice{Hub: "hub-1"}, "newer older", ""},
		"of none":             {one, Choice{Hub: "hub-9"}, "", ""},
		"of several":          {append(three, one...), Choice{Hub: "hub"}, "", "--from-hub hub is the beginning of several hubs' ids: hub-3, hub-1"},
		"of the one, at last": {append(three, one...), Choice{Hub: "hub-3", At: noon.Add(4 * time.Hour)}, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := candidatesOf(velero.Sources(test.backups), test.choice, sets.New(uid))
			var names []string
			for _, b := range got {
				names = append(names, b.Name)
			}
			if joined := strings.Join(names, " "); joined != test.want {
				t.Errorf("got %q, want %q", joined, test.want)
			}
			if err == nil && test.err != "" || err != nil && err.Error() != test.err {
				t.Errorf("got %v, want %q", err, test.err)
			}
		})
	}
}

// A backup that does not hold what it should is no reason not to restore from the one before it.
func TestADamagedBackupIsPassedOver(t *testing.T) {
	at := func(name string, hours int) runtime.Object {
		return testutil.Object(t, velero.BackupResource,
			backup(name, velero.BackupCompleted, takenAt(noon.Add(time.Duration(hours)*time.Hour))))
	}
	hub := standby(t, at("good", 0), at("empty", 1), at("cut", 2))
	stores(t, hub, map[string][]byte{
		"BackupContents/good": contents(t), "BackupContents/empty": testutil.Packed(t), "BackupContents/cut": contents(t)[:100],
	})
	r := restorer(hub)
	var told []string
	r.Tell = func(line string) { told = append(told, line) }
	plan, err := r.Plan(t.Context(), Request{})
	if err != nil || plan.Source.Name != "good" {
		t.Fatalf("got %+v, %v", plan, err)
	}
	said := strings.Join(told, "\n")
	for _, want := range []string{"Backup cut is not used: the backup's contents are damaged: truncated.", "Backup empty holds no managed cluster."} {
		if !strings.Contains(said, want) {
			t.Errorf("nothing said %q:\n%s", want, said)
		}
	}
	if _, err := r.Plan(t.Context(), Request{Choice: Choice{Backup: "cut"}}); err == nil {
		t.Error("a damaged backup was taken, since it was named")
	}
}

// Velero brings the backups over one by one, in no order: the newest is known when it is through.
func TestTheFirstListingIsAwaited(t *testing.T) {
	for name, choice := range map[string]Choice{
		"the newest": {}, "a set, whatever it lacks": {Backup: "acm-" + stamp, AcceptPartial: true},
	} {
		t.Run(name, func(t *testing.T) {
			late := backup("tonight", velero.BackupCompleted, takenAt(noon.Add(time.Hour)))
			early := []runtime.Object{testutil.Object(t, velero.BackupResource, backup("old", velero.BackupCompleted))}
			want := "tonight"
			if choice.Backup != "" {
				early, want = setOfACM(t, "acm-hub-id", stamp, parts[1:]...), choice.Backup
				late = backup(member(parts[0], stamp), velero.BackupCompleted, ofACM("acm-hub-id"))
			}
			hub := standby(t, early...)
			listed(t, hub, nil)
			store := storesSet(t, hub, stamp)
			store.Files["BackupContents/old"], store.Files["BackupContents/tonight"] = contents(t), contents(t)
			looks := 0
			hub.Dynamic.PrependReactor("list", "backups", func(clienttesting.Action) (bool, runtime.Object, error) {
				switch looks++; looks {
				case 2:
					if err := hub.Dynamic.Tracker().Add(testutil.Object(t, velero.BackupResource, late)); err != nil {
						t.Error(err)
					}
				case 3:
					listed(t, hub, &noon)
				}
				return false, nil, nil
			})
			plan, err := restorer(hub).Plan(t.Context(), Request{Choice: choice})
			if err != nil || plan.Source.Name != want || len(plan.Source.Missing) > 0 {
				t.Errorf("got %+v, %v", plan, err)
			}
		})
	}
}

// listed has Velero say when it was through with listing the bucket; nil for not yet.
func listed(t *testing.T, hub *testutil.Hub, at *time.Time) {
	t.Helper()
	object, err := hub.Dynamic.Tracker().Get(velero.LocationResource, "velero", "default")
	if err != nil {
		t.Fatal(err)
	}
	location := object.(*unstructured.Unstructured).DeepCopy()
	unstructured.RemoveNestedField(location.Object, "status", "lastSyncedTime")
	if at != nil {
		if err := unstructured.SetNestedField(location.Object, at.Format(time.RFC3339), "status", "lastSyncedTime"); err != nil {
			t.Fatal(err)
		}
	}
	if err := hub.Dynamic.Tracker().Update(velero.LocationResource, location, "velero"); err != nil {
		t.Fatal(err)
	}
}

// The newest backup is taken, and it is told when an older one brings back more.
func TestABetterBackupIsNamed(t *testing.T) {
	brings := func(whole string, hours int) testutil.Edit[velero.Backup] {
		return func(b *velero.Backup) {
			takenAt(noon.Add(time.Duration(hours) * time.Hour))(b)
			b.Annotations[velero.FinishedAnnotation], b.Annotations[velero.WholeAnnotation], b.Annotations[velero.ClustersAnnotation] = "yes", whole, "2"
		}
	}
	for name, test := range map[string]struct {
		whole string
		want  []string
	}{
		"one":  {"1", []string{"backup new brings back only 1 of its 2 clusters by itself", "; old, of 2026-11-22T12:00:00Z, brings back 2"}},
		"both": {"2", nil},
	} {
		hub := standby(t, testutil.Object(t, velero.BackupResource, backup("old", velero.BackupCompleted, brings("2", 0))),
			testutil.Object(t, velero.BackupResource, backup("older", velero.BackupCompleted, brings("2", -1))),
			testutil.Object(t, velero.BackupResource, backup("new", velero.BackupCompleted, brings(test.whole, 1))))
		stores(t, hub, map[string][]byte{"BackupContents/new": contents(t)})
		plan, err := restorer(hub).Plan(t.Context(), Request{})
		if err != nil {
			t.Fatal(err)
		}
		told := strings.Join(plan.Notes(), "\n")
		if test.want == nil && told != "" {
			t.Errorf("%s: told %q", name, told)
		}
		for _, want := range test.want {
			if !strings.Contains(told, want) {
				t.Errorf("%s: told %q, want %q", name, told, want)
			}
		}
	}
}

// A backup that is named says in which location it is: the default one does not matter.
func TestABackupInAnotherLocation(t *testing.T) {
	hub := standby(t, testutil.Object(t, velero.BackupResource, backup("elsewhere", velero.BackupCompleted, func(b *velero.Backup) {
		b.Spec.StorageLocation = "other"
	})))
	stores(t, hub, map[string][]byte{"BackupContents/elsewhere": contents(t)})
	phase := func(name, phase string) {
		object, err := hub.Dynamic.Tracker().Get(velero.LocationResource, "velero", "default")
		if err != nil {
			t.Fatal(err)
		}
		location := object.(*unstructured.Unstructured).DeepCopy()
		location.SetName(name)
		if err := unstructured.SetNestedField(location.Object, phase, "status", "phase"); err != nil {
			t.Fatal(err)
		}
		if name == "default" {
			err = hub.Dynamic.Tracker().Update(velero.LocationResource, location, "velero")
		} else {
			err = hub.Dynamic.Tracker().Add(location)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	phase("other", string(velero.LocationAvailable))
	phase("default", "Unavailable")
	if plan, err := restorer(hub).Plan(t.Context(), Request{Choice: Choice{Backup: "elsewhere"}}); err != nil || plan.Err() != nil {
		t.Errorf("got %+v, %v", plan, err)
	}
	if _, err := restorer(hub).Plan(t.Context(), Request{}); err == nil || !strings.Contains(err.Error(), "velero/default is not Available") {
		t.Errorf("got %v", err)
	}
}

// A store that does not answer, or not as one, is no reason to take an older backup.
func TestAnUnreadableBackupIsAnError(t *testing.T) {
	for _, status := range []int{http.StatusServiceUnavailable, http.StatusForbidden, http.StatusNotFound} {
		hub := standby(t,
			testutil.Object(t, velero.BackupResource, backup("older", velero.BackupCompleted)),
			testutil.Object(t, velero.BackupResource, backup("newer", velero.BackupCompleted, takenAt(noon.Add(time.Hour)))))
		store := testutil.NewStore(t, map[string][]byte{"BackupContents/older": contents(t)})
		store.Server.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) })
		store.Serve(hub)
		_, err := restorer(hub).Plan(t.Context(), Request{})
		if err == nil || !strings.Contains(err.Error(), strconv.Itoa(status)) {
			t.Errorf("%d: got %v", status, err)
		}
	}
}

// What somebody deleted from the bucket, and Velero still lists, is told, and passed over; by its name it is an error.
func TestABackupThatIsNotInTheBucket(t *testing.T) {
	hub := standby(t,
		testutil.Object(t, velero.BackupResource, backup("older", velero.BackupCompleted)),
		testutil.Object(t, velero.BackupResource, backup("newer", velero.BackupCompleted, takenAt(noon.Add(time.Hour)))))
	stores(t, hub, map[string][]byte{"BackupContents/older": contents(t)})
	r := restorer(hub)
	var told []string
	r.Tell = func(line string) { told = append(told, line) }
	plan, err := r.Plan(t.Context(), Request{})
	if err != nil || plan.Source.Name != "older" || !slices.Contains(told, "Backup newer is not used: it is not in the bucket any more.") {
		t.Errorf("got %+v, %v, told %q", plan, err, told)
	}
	if _, err := r.Plan(t.Context(), Request{Choice: Choice{Backup: "newer"}}); err == nil || !strings.Contains(err.Error(), "NoSuchKey") {
		t.Errorf("got %v", err)
	}
}
