package get

import (
	"fmt"
	"io"
	"slices"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/acmdr/kubectl-acmdr/pkg/factory"
	"github.com/acmdr/kubectl-acmdr/pkg/internal/testutil"
	"github.com/acmdr/kubectl-acmdr/pkg/velero"
)

// made is a Completed backup with these labels.
func made(t *testing.T, name string, labels map[string]string) runtime.Object {
	backup := &velero.Backup{ObjectMeta: metav1.ObjectMeta{Namespace: "velero", Name: name, Labels: labels}}
	backup.Status.Phase = velero.BackupCompleted
	return testutil.Object(t, velero.BackupResource, backup)
}

// setOfACM are the backups that ACM makes of a hub at one moment.
func setOfACM(t *testing.T, stamp, version string) []runtime.Object {
	var backups []runtime.Object
	for _, part := range []string{"credentials", "managed-clusters", "resources", "resources-generic"} {
		schedule := "acm-" + part + "-schedule"
		backups = append(backups, made(t, schedule+"-"+stamp, map[string]string{
			velero.ScheduleLabel: schedule, "cluster.open-cluster-management.io/backup-cluster": version,
		}))
	}
	return backups
}

// shown are the rows of get backups: name, status and hub.
func shown(t *testing.T, selector string, names []string, objects ...runtime.Object) []string {
	t.Helper()
	hub := testutil.NewHub(t, objects...)
	kind, api := backups(), velero.In(hub.Dynamic, "velero")
	var rows []string
	l := &lister{
		kind: kind, client: hub.Dynamic.Resource(kind.resource).Namespace("velero"), names: names, selector: selector,
		source: source{
			hub: &factory.Clients{Kube: hub.Kube, Dynamic: hub.Dynamic}, velero: api, chosen: selector != "" || len(names) > 0, errOut: io.Discard,
		},
		streams: genericiooptions.NewTestIOStreamsDiscard(),
		print: func(_ io.Writer, _ runtime.Object, table *metav1.Table) error {
			at := slices.IndexFunc(table.ColumnDefinitions, func(c metav1.TableColumnDefinition) bool { return c.Name == "Hub" })
			for _, row := range table.Rows {
				rows = append(rows, fmt.Sprint(row.Cells[0], " ", row.Cells[1], " ", row.Cells[at]))
			}
			return nil
		},
	}
	if err := l.run(t.Context()); err != nil {
		t.Fatal(err)
	}
	return rows
}

// A hub is shown by one id, whoever made the backup: the one that restore takes too.
func TestOneHubHasOneID(t *testing.T) {
	objects := append(setOfACM(t, "20261125040000", "version"), made(t, "mine", map[string]string{
		velero.ManagedByLabel: velero.ManagedBy, velero.HubLabel: "uid", velero.ClusterVersionLabel: "version",
	}), made(t, "acm-validation-policy-schedule-20261125040000", nil))
	got := shown(t, "", nil, objects...)
	want := []string{
		"acm-20261125040000 Completed uid",
		"acm-validation-policy-schedule-20261125040000 Completed <none>",
		"mine Completed uid",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// What is chosen of a set is told of itself: the set is as whole as before.
func TestChosenOfASet(t *testing.T) {
	const credentials = "acm-credentials-schedule-20261125040000"
	all := func(t *testing.T) []runtime.Object {
		incomplete := setOfACM(t, "20261125050000", "version")[1:]
		return append(setOfACM(t, "20261125040000", "version"), incomplete...)
	}
	set, lacking, one := "acm-20261125040000 Completed version", "acm-20261125050000 PartiallyFailed version", credentials+" Completed version"
	for name, test := range map[string]struct {
		selector string
		names    []string
		want     []string
	}{
		"all":                {"", nil, []string{set, lacking}},
		"a set":              {"", []string{"acm-20261125040000"}, []string{set}},
		"one that lacks one": {"", []string{"acm-20261125050000"}, []string{lacking}},
		"one of a set":       {"", []string{credentials}, []string{one}},
		"a schedule's":       {velero.ScheduleLabel + "=acm-credentials-schedule", nil, []string{one}},
		"a hub's":            {"cluster.open-cluster-management.io/backup-cluster=version", nil, []string{set, lacking}},
	} {
		if got := shown(t, test.selector, test.names, all(t)...); !slices.Equal(got, test.want) {
			t.Errorf("%s: got %q, want %q", name, got, test.want)
		}
	}
}
