package cmdutil

import (
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/acmdr/kubectl-acmdr/pkg/printing"
	"github.com/acmdr/kubectl-acmdr/pkg/storage"
	"github.com/acmdr/kubectl-acmdr/pkg/velero"
)

// LocationColumns are the columns of a table of BackupStorageLocations.
func LocationColumns() []metav1.TableColumnDefinition {
	return printing.Columns(
		[]string{"Name", "Provider", "Bucket", "Prefix", "Phase", "Last Validated", "Access Mode", "Default", "Age"},
		"Region", "S3 URL", "Reason")
}

// LocationRow is the row of one BackupStorageLocation.
func LocationRow(location *velero.Location, now time.Time) metav1.TableRow {
	bucket := storage.BucketOf(location)
	phase, mode, reason := string(location.Status.Phase), string(location.Spec.AccessMode), ""
	if phase == "" {
		phase = printing.Unknown
	}
	if mode == "" {
		mode = velero.ReadWrite // what Velero takes it for
	}
	if location.Status.Message != "" {
		reason = storage.Explain(location.Status.Message).String()
	}
	validated := printing.Unknown
	if at := location.Status.LastValidationTime; at != nil {
		validated = printing.Age(now, at.Time)
	}
	return printing.Row(location.Name, location.Spec.Provider, bucket.Name, bucket.Prefix, phase, validated, mode,
		location.Spec.Default, printing.Age(now, location.CreationTimestamp.Time),
		bucket.Region, bucket.URL, reason)
}
