package restore

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vmware-tanzu/velero/pkg/util/results"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/acmdr/kubectl-acmdr/pkg/internal/testutil"
	"github.com/acmdr/kubectl-acmdr/pkg/velero"
)

// fleetOf is a cluster with its namespace and a secret.
func fleetOf(secret string) []runtime.Object {
	return []runtime.Object{
		testutil.ManagedCluster("managed-one"), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "managed-one"}},
		testutil.Secret("managed-one", secret, nil),
	}
}

// A tarball that is whole but is not the one that Velero recorded is never restored from: not by its name, and not as the newest.
func TestASwappedTarballIsRefused(t *testing.T) {
	own := fleetOf("credential")
	later := noon.Add(time.Hour)
	for name, test := range map[string]struct {
		stored  []runtime.Object
		written time.Time
		want    string
	}{
		"another's": {fleetOf("other"), later,
			"1 of the 3 objects that Velero recorded are not in it (it was cut short, or is another backup's): v1/Secret managed-one/credential"},
		"less": {own[:2], later,
			"1 of the 3 objects that Velero recorded are not in it (it was cut short, or is another backup's): v1/Secret managed-one/credential"},
		"more": {append(own[:3:3], testutil.Secret("managed-one", "smuggled", nil)), later,
			"1 objects are in it that Velero did not record: it is another backup's"},
		"of another time": {own, noon, "it was written from 2026-11-22T12:00:00Z to 2026-11-22T12:00:00Z and the backup was made " +
			"from 2026-11-22T13:00:00Z to 2026-11-22T13:00:07Z: it is another backup's"},
	} {
		t.Run(name, func(t *testing.T) {
			hub := standby(t, testutil.Object(t, velero.BackupResource, backup("good", velero.BackupCompleted)),
				testutil.Object(t, velero.BackupResource, backup("swapped", velero.BackupCompleted, takenAt(later), func(b *velero.Backup) {
					b.Status.CompletionTimestamp = &metav1.Time{Time: later.Add(7 * time.Second)}
				})))
			good, list := testutil.Contents(t, noon, own...)
			swapped, _ := testutil.Contents(t, test.written, test.stored...)
			stores(t, hub, map[string][]byte{
				"BackupContents/good": good, "BackupContents/swapped": swapped, "BackupResourceList/swapped": testutil.Gzip(t, list),
			})
			r := restorer(hub)
			var told []string
			r.Tell = func(line string) { told = append(told, line) }
			_, err := r.Plan(t.Context(), Request{Choice: Choice{Backup: "swapped"}})
			var bad *velero.BadContents
			if !errors.As(err, &bad) || err.Error() != "backup swapped: the backup's contents are damaged: "+test.want {
				t.Errorf("by its name: got %v, want %q", err, test.want)
			}
			plan, err := r.Plan(t.Context(), Request{})
			if err != nil || plan.Source.Name != "good" {
				t.Errorf("the newest: got %+v, %v", plan, err)
			}
			if want := "Backup swapped is not used: the backup's contents are damaged: " + test.want + "."; !slices.Contains(told, want) {
				t.Errorf("told %q, want %q", told, want)
			}
		})
	}
}

// What is in an object must be what its place in the archive names: the place is compared, and Velero makes what is in it.
func TestAnObjectThatIsAnotherIsRefused(t *testing.T) {
	for name, test := range map[string]struct{ body, want string }{
		"another":        {`{"apiVersion":"v1","kind":"Secret","metadata":{"namespace":"c1","name":"t"}}`, "is not what its place in the archive says"},
		"not an object":  {`"s3cr3t`, "is not a JSON object"},
		"without a kind": {`{"metadata":{"namespace":"c1","name":"s"}}`, "is not what its place in the archive says"},
	} {
		t.Run(name, func(t *testing.T) {
			hub := standby(t, testutil.Object(t, velero.BackupResource, backup("nightly", velero.BackupCompleted)))
			stores(t, hub, map[string][]byte{"BackupContents/nightly": testutil.Packed(t,
				testutil.Entry{Name: "resources/" + secretPath + "c1/s.json", Body: test.body})})
			_, err := restorer(hub).Plan(t.Context(), Request{Choice: Choice{Backup: "nightly"}})
			var bad *velero.BadContents
			if !errors.As(err, &bad) || !strings.HasSuffix(err.Error(), "secrets c1/s "+test.want) || strings.Contains(err.Error(), "s3cr3t") {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}

// Velero lists also what it could not write into a backup that is PartiallyFailed.
func TestAPartialBackupLacksWhatIsListed(t *testing.T) {
	hub := standby(t, testutil.Object(t, velero.BackupResource, backup("half", velero.BackupPartiallyFailed)))
	own := fleetOf("credential")
	_, list := testutil.Contents(t, noon, own...)
	half, _ := testutil.Contents(t, noon, own[:2]...)
	stores(t, hub, map[string][]byte{
		"BackupContents/half": half, "BackupResourceList/half": testutil.Gzip(t, list),
		"BackupResults/half": testutil.Gzip(t, map[string]results.Result{}),
	})
	if _, err := restorer(hub).Plan(t.Context(), Request{Choice: Choice{Backup: "half", AcceptPartial: true}}); err != nil {
		t.Error(err)
	}
}

// A list that is damaged in the bucket is as bad as damaged contents: the choice goes on with the next older backup.
func TestADamagedListIsPassedOver(t *testing.T) {
	hub := standby(t, testutil.Object(t, velero.BackupResource, backup("good", velero.BackupCompleted)),
		testutil.Object(t, velero.BackupResource, backup("newer", velero.BackupCompleted, takenAt(noon.Add(time.Hour)))))
	stores(t, hub, map[string][]byte{
		"BackupContents/good": contents(t), "BackupContents/newer": contents(t), "BackupResourceList/newer": []byte("<html>"),
	})
	r := restorer(hub)
	told := ""
	r.Tell = func(line string) { told += line }
	plan, err := r.Plan(t.Context(), Request{})
	if err != nil || plan.Source.Name != "good" ||
		!strings.Contains(told, "Backup newer is not used: the backup's contents are damaged: BackupResourceList of newer: it is not gzip") {
		t.Errorf("got %+v, %v, told %q", plan, err, told)
	}
}
