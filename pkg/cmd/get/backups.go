package get

import (
	"context"
	"strconv"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/duration"
	"k8s.io/kubectl/pkg/util/templates"

	"github.com/acmdr/kubectl-acmdr/pkg/factory"
	"github.com/acmdr/kubectl-acmdr/pkg/printing"
	"github.com/acmdr/kubectl-acmdr/pkg/velero"
)

var backupsExample = templates.Examples(`
	# The backups that this hub sees in the bucket, its own and those of other hubs
	kubectl acmdr get backups

	# With the hub that each was taken of
	kubectl acmdr get backups -o wide --context hub-dr2

	# The phase of one
	kubectl acmdr get backups before-upgrade -o jsonpath='{.status.phase}'`)

// backups lists Velero's Backups.
func backups() kind {
	return kind{
		use:      "backups",
		aliases:  []string{"backup"},
		short:    "List the backups that this hub sees",
		example:  backupsExample,
		resource: velero.BackupResource,
		columns: printing.Columns([]string{"Name", "Status", "Clusters", "Items", "Errors", "Warnings", "Taken", "Expires", "Location", "Age"},
			"Hub", "Duration"),
		velero: true,
		rows:   backupRows,
	}
}

func backupRows(context.Context, *factory.Clients) (rowFunc, error) {
	return func(object *unstructured.Unstructured, now time.Time) (metav1.TableRow, error) {
		backup := &velero.Backup{}
		if err := runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, backup); err != nil {
			return metav1.TableRow{}, err
		}
		row := backupRow(backup, now)
		row.Object.Object = object
		return row, nil
	}, nil
}

func backupRow(backup *velero.Backup, now time.Time) metav1.TableRow {
	status := backup.Status
	items := printing.None
	if status.Progress != nil {
		items = strconv.Itoa(status.Progress.ItemsBackedUp)
	}
	return printing.Row(
		backup.Name,
		phase(string(status.Phase)),
		orNone(backup.Annotations[velero.ClustersAnnotation]),
		items,
		status.Errors,
		status.Warnings,
		ago(now, status.StartTimestamp),
		until(now, status.Expiration),
		orNone(backup.Spec.StorageLocation),
		printing.Age(now, backup.CreationTimestamp.Time),
		orNone(backup.Labels[velero.HubLabel]),
		took(status.StartTimestamp, status.CompletionTimestamp),
	)
}

// phase is Velero's word for where it is; it sets none before it has looked.
func phase(phase string) string {
	if phase == "" {
		return "New"
	}
	return phase
}

// ago is when something began: the age of a backup's object on another hub tells only when it arrived there.
func ago(now time.Time, then *metav1.Time) string {
	if then == nil {
		return printing.None
	}
	return printing.Age(now, then.Time) + " ago"
}

func until(now time.Time, then *metav1.Time) string {
	if then == nil {
		return printing.None
	}
	return duration.HumanDuration(then.Sub(now))
}

func took(began, ended *metav1.Time) string {
	if began == nil || ended == nil {
		return printing.None
	}
	return printing.Elapsed(ended.Sub(began.Time))
}
