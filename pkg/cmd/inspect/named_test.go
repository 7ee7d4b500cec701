package inspect

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/acmdr/kubectl-acmdr/pkg/cmd/cmdutil"
	"github.com/acmdr/kubectl-acmdr/pkg/inspect"
	"github.com/acmdr/kubectl-acmdr/pkg/internal/testutil"
	"github.com/acmdr/kubectl-acmdr/pkg/velero"
)

// named runs the verb for backups of two hubs and a set that ACM made of a third.
func named(t *testing.T, names ...string) (out, errOut string, err error) {
	t.Helper()
	by := func(hub string) map[string]string {
		return map[string]string{velero.ManagedByLabel: velero.ManagedBy, velero.HubLabel: hub}
	}
	acm := map[string]string{"cluster.open-cluster-management.io/backup-cluster": "a-version"}
	location := &velero.Location{ObjectMeta: metav1.ObjectMeta{Namespace: "velero", Name: "default"}}
	objects, files := []runtime.Object{testutil.VeleroServer(), testutil.Object(t, velero.LocationResource, location)}, map[string][]byte{}
	for name, labels := range map[string]map[string]string{
		"ours": by("this-uid"), "theirs": by("that-uid"), "acm-managed-clusters-schedule-20261125040000": acm,
		"acm-credentials-schedule-20261125040000": acm, "acm-resources-schedule-20261125040000": acm,
		"acm-resources-generic-schedule-20261125040000": acm,
	} {
		backup := &velero.Backup{ObjectMeta: metav1.ObjectMeta{Namespace: "velero", Name: name, Labels: labels}}
		backup.Spec.StorageLocation, backup.Status.Phase = "default", velero.BackupCompleted
		objects = append(objects, testutil.Object(t, velero.BackupResource, backup))
		files["BackupContents/"+name], _ = testutil.Contents(t, time.Unix(0, 0), testutil.ManagedCluster("c1"))
	}
	hub := testutil.NewHub(t, objects...)
	testutil.NewStore(t, files).Serve(hub)
	flags := &Flags{}
	flags.output.SetDefault("json")
	printer, err := flags.output.ToPrinter()
	if err != nil {
		t.Fatal(err)
	}
	streams, _, stdout, stderr := genericiooptions.NewTestIOStreams()
	o := &Options{
		Names: names, Hub: inspect.Hub{UID: "this-uid", Dynamic: hub.Dynamic},
		Store:   &velero.Downloader{API: velero.In(hub.Dynamic, "velero"), Kube: hub.Kube, Clock: testutil.Instant{}},
		Streams: streams, Print: printer, Clock: testutil.Instant{},
	}
	err = o.Run(t.Context())
	return stdout.String(), stderr.String(), err
}

// The list says which hub was backed up, by the id by which the backup says it.
func TestHub(t *testing.T) {
	for name, want := range map[string]string{"ours": "this-uid", "theirs": "that-uid", "acm-20261125040000": "a-version"} {
		out, errOut, err := named(t, name)
		if !errors.Is(err, cmdutil.ErrReported) { // no cluster has a credential
			t.Fatal(err)
		}
		var list struct {
			Hub   string
			Items []json.RawMessage
		}
		if err := json.Unmarshal([]byte(out), &list); err != nil || list.Hub != want || len(list.Items) != 1 {
			t.Errorf("%s: %v, of hub %q, want %q", name, err, list.Hub, want)
		}
		if another := strings.Contains(errOut, "warning: backup "+name+" is of another hub than this one: "+want+"\n"); another == (name == "ours") {
			t.Errorf("%s: %s", name, errOut)
		}
	}
}

func TestTwoBackups(t *testing.T) {
	for names, want := range map[[2]string]bool{{"ours", "theirs"}: true, {"ours", "ours"}: false, {"ours", "acm-20261125040000"}: true} {
		out, errOut, err := named(t, names[:]...)
		if err != nil || !strings.Contains(out, `"kind": "ClusterChangeList"`) {
			t.Errorf("%s: %v, %s", names, err, out)
		}
		if strings.Contains(errOut, "warning: they are of two hubs: ours of this-uid, "+names[1]+" of ") != want {
			t.Errorf("%s: %s", names, errOut)
		}
	}
}
