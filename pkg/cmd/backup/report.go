package backup

import (
	"fmt"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/acmdr/kubectl-acmdr/pkg/backup"
	"github.com/acmdr/kubectl-acmdr/pkg/cmd/cmdutil"
	"github.com/acmdr/kubectl-acmdr/pkg/printing"
)

// maxNamed clusters are named in a line; of more, only the number is told.
const maxNamed = 5

// show prints the objects that a run would create.
func (o *Options) show(plan *backup.Plan) error {
	if plan.Attached {
		fmt.Fprintf(o.Streams.ErrOut, "Backup %s, which an earlier run began, would be waited for.\n", plan.Backup.Name)
	}
	manifests, err := cmdutil.Manifests(plan.Policy, plan.Backup)
	if err != nil {
		return err
	}
	return o.Print(o.Streams.Out, manifests, nil)
}

// tell says on stderr what the table has no room for.
func (o *Options) tell(result *backup.Result) {
	cmdutil.TellCauses(o.Streams.ErrOut, "warning", result.Results.Warnings, true, o.HubFlags)
	cmdutil.TellCauses(o.Streams.ErrOut, "error", result.Results.Errors, true, o.HubFlags)
	for _, warning := range result.Warnings {
		fmt.Fprintf(o.Streams.ErrOut, "warning: %s\n", warning)
	}
	for _, err := range result.Unread {
		fmt.Fprintf(o.Streams.ErrOut, "warning: whether each credential that the hub has is in the backup is not known: %v\n", err)
	}
	cmdutil.TellAllowed(o.Streams.ErrOut, o.Program, "backup", result.Unread...)
	if n := len(result.Proof.Uncredentialed); n > 0 {
		names := result.Proof.Uncredentialed[:min(n, maxNamed)]
		more := ""
		if n > maxNamed {
			more = ", ..."
		}
		fmt.Fprintf(o.Streams.ErrOut, "warning: no credential in the backup for %s (%s%s): to move them, give reregister a kubeconfig for each\n",
			printing.Count(n, "managed cluster"), strings.Join(names, ", "), more)
	}
}

// conclude is the last word on a backup.
func (o *Options) conclude(result *backup.Result) {
	proof := result.Proof
	if !proof.Verified() {
		return
	}
	verdict := "VERIFIED: backup"
	if len(proof.Unusable) > 0 {
		verdict = "Backup" // that is an error, and a script may look for the word
	}
	fmt.Fprintf(o.Streams.ErrOut, "%s %s holds %s; %d could be brought back by it alone.\n", verdict, result.Backup.Name,
		printing.Count(proof.Held(), "managed cluster"), len(proof.Whole))
}

func table(result *backup.Result) *metav1.Table {
	b := result.Backup
	status, took, items := string(b.Status.Phase), printing.None, printing.None
	if status == "" {
		status = "New"
	}
	if b.Status.CompletionTimestamp != nil {
		took = printing.Elapsed(result.Duration())
	}
	if result.Items > 0 {
		items = fmt.Sprint(result.Items)
	}
	expires := printing.None
	if b.Status.Expiration != nil {
		expires = b.Status.Expiration.UTC().Format("2006-01-02")
	}
	return &metav1.Table{
		ColumnDefinitions: printing.Columns([]string{"Name", "Status", "Clusters", "Items", "Size", "Duration"}, "Location", "Expires"),
		Rows: []metav1.TableRow{printing.Row(b.Name, status, result.Clusters(), items, printing.Size(result.Size), took,
			b.Spec.StorageLocation, expires)},
	}
}
