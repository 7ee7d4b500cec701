package restore

import (
	"fmt"
	"strconv"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/acmdr/kubectl-acmdr/pkg/cmd/cmdutil"
	"github.com/acmdr/kubectl-acmdr/pkg/ocm"
	"github.com/acmdr/kubectl-acmdr/pkg/preflight"
	"github.com/acmdr/kubectl-acmdr/pkg/printing"
	"github.com/acmdr/kubectl-acmdr/pkg/restore"
	"github.com/acmdr/kubectl-acmdr/pkg/velero"
)

// clusterResource are ManagedClusters as a plan names the kind.
var clusterResource = ocm.ManagedClusterResource.GroupResource().String()

// show prints what a run would do.
func (o *Options) show(plan *restore.Plan) error {
	o.begin(plan)
	for _, kind := range plan.LeftOut {
		if kind.Resource == clusterResource {
			continue // Velero does not restore them, the plugin does: the table says what becomes of each
		}
		fmt.Fprintf(o.Streams.ErrOut, "not restored: %d %s (%s)\n", kind.Count, kind.Resource, kind.Why)
	}
	object, err := planObject(plan, o.Restorer.Restores(plan))
	if err != nil {
		return err
	}
	return o.Print(o.Streams.Out, object, planTable(plan))
}

// report prints how a run ended: what Velero found on stderr, the tables on stdout.
func (o *Options) report(result *restore.Result) error {
	cmdutil.TellCauses(o.Streams.ErrOut, "warning", result.Results.Warnings, o.ShowHarmless, o.HubFlags)
	cmdutil.TellCauses(o.Streams.ErrOut, "error", result.Results.Errors, o.ShowHarmless, o.HubFlags)
	var bare []string
	for _, cluster := range result.Clusters {
		if cluster.Credential == "" && cluster.Err == nil {
			bare = append(bare, cluster.Name)
		}
	}
	if len(bare) > 0 {
		fmt.Fprintf(o.Streams.ErrOut, "warning: no credential on this hub for %s (%s): to move them, give reregister a kubeconfig for each, "+
			"or restore a backup that has theirs\n", printing.Count(len(bare), "managed cluster"), preflight.Few(bare))
	}
	if err := o.Print(o.Streams.Out, restored(result.Parts), restoreTable(result.Parts)); err != nil || o.Machine {
		return err
	}
	fmt.Fprintln(o.Streams.Out)
	return o.Print(o.Streams.Out, restored(result.Parts), clusterTable(result.Clusters))
}

// restored is the Restore of the only part, or a list of those of a set.
func restored(parts []restore.Part) runtime.Object {
	if len(parts) == 1 {
		return parts[0].Restore
	}
	list := &velero.RestoreList{TypeMeta: metav1.TypeMeta{APIVersion: velero.APIVersion, Kind: velero.RestoreKind + "List"}}
	for _, part := range parts {
		list.Items = append(list.Items, *part.Restore)
	}
	return list
}

func restoreTable(parts []restore.Part) *metav1.Table {
	table := &metav1.Table{
		ColumnDefinitions: printing.Columns([]string{"Name", "Backup", "Status", "Items", "Errors", "Warnings", "Duration"}),
	}
	for i := range parts {
		part := &parts[i]
		status := part.Restore.Status
		took := printing.None
		if status.CompletionTimestamp != nil {
			took = printing.Elapsed(part.Duration())
		}
		table.Rows = append(table.Rows, printing.Row(part.Restore.Name, part.Backup.Name, string(status.Phase),
			strconv.Itoa(part.Items()), strconv.Itoa(status.Errors), strconv.Itoa(status.Warnings), took))
	}
	return table
}

// planTable says what becomes of every cluster's objects, and, in its last row, of those that belong to none.
func planTable(plan *restore.Plan) *metav1.Table {
	if plan.Finished {
		return clusterTable(plan.Clusters)
	}
	table := &metav1.Table{ColumnDefinitions: printing.Columns(
		[]string{"Name", "ManagedCluster", "Create", "Update", "Skip", "Conflict", "Scrub"}, "Missing")}
	add := func(name, outcome string, counts restore.Counts, missing int) {
		table.Rows = append(table.Rows, printing.Row(name, outcome, strconv.Itoa(counts.Create), strconv.Itoa(counts.Update),
			strconv.Itoa(counts.Skip), strconv.Itoa(counts.Conflict), strconv.Itoa(counts.Scrub), strconv.Itoa(missing)))
	}
	for _, cluster := range plan.Clusters {
		add(cluster.Name, string(cluster.ManagedCluster), cluster.Counts, cluster.Lacks)
	}
	add(shared, printing.None, plan.Shared, 0)
	return table
}

// shared stands for what belongs to no cluster; no cluster can have that name.
const shared = "(shared)"

func clusterTable(clusters []restore.Cluster) *metav1.Table {
	table := &metav1.Table{ColumnDefinitions: printing.Columns([]string{"Name", "ManagedCluster", "Credential"}, "Secret")}
	for _, cluster := range clusters {
		found, secret := "missing", printing.None
		if cluster.Credential != "" {
			found, secret = "found", cluster.Credential
		}
		table.Rows = append(table.Rows, printing.Row(cluster.Name, string(cluster.ManagedCluster), found, secret))
	}
	return table
}
