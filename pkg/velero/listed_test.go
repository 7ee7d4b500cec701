package velero_test

import (
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/acmdr/kubectl-acmdr/pkg/velero"
)

func TestListed(t *testing.T) {
	at := func(minute int) *metav1.Time {
		return &metav1.Time{Time: time.Date(2026, 11, 22, 12, minute, 0, 0, time.UTC)}
	}
	wrote := func(fields string, minute int) metav1.ManagedFieldsEntry {
		return metav1.ManagedFieldsEntry{Time: at(minute), FieldsV1: metav1.NewFieldsV1(fields)}
	}
	spec, status := `{"f:spec":{"f:objectStorage":{"f:bucket":{}}}}`, `{"f:status":{"f:lastSyncedTime":{}}}`
	for name, test := range map[string]struct {
		last   *metav1.Time
		fields []metav1.ManagedFieldsEntry
		want   bool
	}{
		"never":                       {nil, nil, false},
		"once":                        {at(1), nil, true},
		"after it was made":           {at(2), []metav1.ManagedFieldsEntry{wrote(spec, 1), wrote(status, 3)}, true},
		"of another bucket":           {at(2), []metav1.ManagedFieldsEntry{wrote(spec, 1), wrote(spec, 3)}, false},
		"in the second of the change": {at(2), []metav1.ManagedFieldsEntry{wrote(spec, 2)}, false},
		"nobody says when":            {at(2), []metav1.ManagedFieldsEntry{{}}, true},
	} {
		location := &velero.Location{ObjectMeta: metav1.ObjectMeta{ManagedFields: test.fields}}
		location.Status.LastSyncedTime = test.last
		if got := velero.Listed(location); got != test.want {
			t.Errorf("%s: got %v", name, got)
		}
	}
}
