package get

import (
	"context"
	"strconv"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/kubectl/pkg/util/templates"

	"github.com/acmdr/kubectl-acmdr/pkg/printing"
	"github.com/acmdr/kubectl-acmdr/pkg/velero"
)

var restoresExample = templates.Examples(`
	# What was restored onto this hub
	kubectl acmdr get restores

	# Follow a restore
	kubectl acmdr get restores -w --context hub-dr2

	# The names of the restores that the plugin made
	kubectl acmdr get restores -l app.kubernetes.io/managed-by=kubectl-acmdr -o name`)

// restores lists Velero's Restores.
func restores() kind {
	return kind{
		use:      "restores",
		aliases:  []string{"restore"},
		short:    "List the restores of this hub",
		example:  restoresExample,
		resource: velero.RestoreResource,
		columns: printing.Columns([]string{"Name", "Backup", "Status", "Items", "Errors", "Warnings", "Duration", "Age"},
			"Finished"),
		velero: true,
		rows:   restoreRows,
	}
}

func restoreRows(context.Context, source, []unstructured.Unstructured) (rowFunc, error) {
	return func(object *unstructured.Unstructured, now time.Time) (metav1.TableRow, error) {
		restore := &velero.Restore{}
		if err := runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, restore); err != nil {
			return metav1.TableRow{}, err
		}
		row := restoreRow(restore, now)
		row.Object.Object = object
		return row, nil
	}, nil
}

func restoreRow(restore *velero.Restore, now time.Time) metav1.TableRow {
	status := restore.Status
	items := printing.None
	if status.Progress != nil {
		items = strconv.Itoa(status.Progress.ItemsRestored)
	}
	return printing.Row(
		restore.Name,
		restore.Spec.BackupName,
		phase(string(status.Phase)),
		items,
		status.Errors,
		status.Warnings,
		took(status.StartTimestamp, status.CompletionTimestamp),
		printing.Age(now, restore.CreationTimestamp.Time),
		restore.Annotations[velero.FinishedAnnotation],
	)
}
