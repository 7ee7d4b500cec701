package velero_test

import (
	"testing"

	"github.com/vmware-tanzu/velero/pkg/util/results"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/acmdr/kubectl-acmdr/pkg/internal/testutil"
	"github.com/acmdr/kubectl-acmdr/pkg/velero"
)

// TestEveryMessageHasItsClass has messages as Velero v1.18.3, API servers and S3 write them.
func TestEveryMessageHasItsClass(t *testing.T) {
	for message, want := range map[string]string{
		`could not restore, Secret "a" already exists. Warning: the in-cluster version is different than the backed-up version`:                               "Secret exists already: kept as it is on the hub",
		`error restoring secrets/a/b: Secret "b" is invalid: data: Forbidden: field is immutable when ` + "`immutable` is set":                                "Secret is immutable on the hub and kept as it is: delete it there and restore again, if that of the backup is wanted",
		`error restoring placements.cluster.open-cluster-management.io/a/b: Placement.cluster.open-cluster-management.io "b" is invalid: spec: unknown field`: "the hub refuses Placement as invalid: its software may be of another version than the old hub's",
		`Operation cannot be fulfilled on manifestworks.work.open-cluster-management.io "a": the object has been modified`:                                    "somebody else changed the object at the same time: restore again",
		`error restoring configmaps/a/b: etcdserver: request is too large`:                                                                                    "the object is larger than the hub takes",
		`error restoring configmaps/a/b: etcdserver: request timed out`:                                                                                       "the hub's API server did not answer in time: restore again",
		`timed out waiting for terminating namespace a to disappear before restoring: context deadline exceeded`:                                              "the namespace is being deleted on the hub: wait until it is gone and restore again",
		`namespace a created and marked for termination after timeout`:                                                                                        "the namespace is being deleted on the hub: wait until it is gone and restore again",
		`error decoding "resources/secrets/namespaces/a/b.json": invalid character`:                                                                           "the backup's contents are damaged: restore from another",
		`error in applying patch error in applying JSON Patch doc is missing path`:                                                                            "a part that is not true of this hub could not be scrubbed",
		`error copying Backup to temp file: write /scratch/1: no space left on device`:                                                                        "the disk that Velero unpacks backups on, its TMPDIR, is full",
		`error getting object store: operation error S3: GetObject, https response error StatusCode: 403, api error AccessDenied: Access Denied`:              "the object store answered AccessDenied",
		`error executing RestoreItemAction: rpc error: code = Unavailable desc = error reading from server: EOF`:                                              "one of Velero's plugins ended: see the log of its server, then restore again",
		`conversion webhook for hive.openshift.io/v1, Kind=ClusterDeployment failed: Post "https://x": no endpoints`:                                          "the conversion webhook of the kind ClusterDeployment does not answer",
		`error restoring secrets/a/b: failed calling webhook "x.example.com": Post`:                                                                           "the admission webhook x.example.com does not answer",
		`secrets "a" is forbidden: User "x" cannot create resource`:                                                                                           "Velero's service account may not do it",
	} {
		stored := map[string]results.Result{"errors": {Namespaces: map[string][]string{"a": {message}}}}
		store := testutil.NewStore(t, map[string][]byte{"RestoreResults/r": testutil.Gzip(t, stored)})
		files, _ := downloader(t, store, location("default"))
		got, err := files.RestoreResults(t.Context(), "default", &velero.Restore{ObjectMeta: metav1.ObjectMeta{Name: "r"}})
		if err != nil {
			t.Fatal(err)
		}
		if got.Errors[0].Reason != want {
			t.Errorf("%s:\n got %s\nwant %s", message, got.Errors[0].Reason, want)
		}
		if got.ErrorsIn["a"] != 1 || got.ErrorsIn[""] != 0 {
			t.Errorf("errors are in %v", got.ErrorsIn)
		}
	}
}
