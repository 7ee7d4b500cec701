package velero_test

import (
	"errors"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime"
	clienttesting "k8s.io/client-go/testing"

	"github.com/acmdr/kubectl-acmdr/pkg/internal/testutil"
	"github.com/acmdr/kubectl-acmdr/pkg/velero"
)

// TestFind has locations in these namespaces, the default one in the first.
func TestFind(t *testing.T) {
	const wrong = "Velero is in namespace velero, not nope: leave --velero-namespace out"
	for name, test := range map[string]struct {
		namespaces []string
		given      string
		list       error
		want       string
		err        string
	}{
		"found":           {namespaces: []string{"dr", "velero"}, want: "dr"},
		"given":           {namespaces: []string{"velero", "dr"}, given: "dr", want: "dr"},
		"mistyped":        {namespaces: []string{"velero"}, given: "nope", err: wrong},
		"may not look":    {given: "dr", list: apierrors.NewForbidden(velero.LocationResource.GroupResource(), "", nil), want: "dr"},
		"none":            {err: velero.ErrNotInstalled.Error()},
		"none yet":        {given: "dr", want: "dr"},
		"no such kind":    {given: "dr", list: apierrors.NewNotFound(velero.LocationResource.GroupResource(), ""), err: velero.ErrNotInstalled.Error()},
		"does not answer": {given: "dr", list: errors.New("refused"), err: "listing BackupStorageLocations: refused"},
	} {
		t.Run(name, func(t *testing.T) {
			var objects []runtime.Object
			for i, namespace := range test.namespaces {
				l := location("default")
				l.Namespace, l.Spec.Default = namespace, i == 0
				objects = append(objects, testutil.Object(t, velero.LocationResource, l))
			}
			hub := testutil.NewHub(t, objects...)
			if test.list != nil {
				hub.Dynamic.PrependReactor("list", "backupstoragelocations", func(clienttesting.Action) (bool, runtime.Object, error) {
					return true, nil, test.list
				})
			}
			got, err := velero.Find(t.Context(), hub.Dynamic, test.given)
			if got != test.want || test.err == "" && err != nil || test.err != "" && (err == nil || err.Error() != test.err) {
				t.Errorf("got %q, %v; want %q, %q", got, err, test.want, test.err)
			}
		})
	}
}
