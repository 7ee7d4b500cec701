package get

import (
	"context"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/kubectl/pkg/util/templates"

	"github.com/acmdr/kubectl-acmdr/pkg/cmd/cmdutil"
	"github.com/acmdr/kubectl-acmdr/pkg/velero"
)

var locationsExample = templates.Examples(`
	# Where backups are kept, and whether Velero can use it
	kubectl acmdr get locations

	# With the S3 server, and why a location is Unavailable
	kubectl acmdr get locations -o wide

	# The phase of the default location
	kubectl acmdr get locations default -o jsonpath='{.status.phase}'`)

// locations lists BackupStorageLocations.
func locations() kind {
	return kind{
		use:      "locations",
		aliases:  []string{"location", "backupstoragelocations", "backupstoragelocation", "bsl"},
		short:    "List the locations that Velero keeps backups in",
		example:  locationsExample,
		resource: velero.LocationResource,
		columns:  cmdutil.LocationColumns(),
		velero:   true,
		rows:     locationRows,
	}
}

func locationRows(context.Context, source, []unstructured.Unstructured) (rowFunc, error) {
	return func(object *unstructured.Unstructured, now time.Time) (metav1.TableRow, error) {
		location := &velero.Location{}
		if err := runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, location); err != nil {
			return metav1.TableRow{}, err
		}
		row := cmdutil.LocationRow(location, now)
		row.Object.Object = object
		return row, nil
	}, nil
}
