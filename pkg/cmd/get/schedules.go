package get

import (
	"context"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/kubectl/pkg/util/templates"

	"github.com/acmdr/kubectl-acmdr/pkg/cmd/cmdutil"
	"github.com/acmdr/kubectl-acmdr/pkg/schedule"
	"github.com/acmdr/kubectl-acmdr/pkg/velero"
)

var schedulesExample = templates.Examples(`
	# The periodic backups, with their last and next run
	kubectl acmdr get schedules

	# With their location, how long backups are kept, and who owns the schedule
	kubectl acmdr get schedules -o wide

	# When one runs
	kubectl acmdr get schedules fleet -o jsonpath='{.spec.schedule}'`)

// schedules lists Velero's Schedules.
func schedules() kind {
	return kind{
		use:      "schedules",
		aliases:  []string{"schedule"},
		short:    "List the periodic backups of this hub",
		example:  schedulesExample,
		resource: velero.ScheduleResource,
		columns:  cmdutil.ScheduleColumns(),
		velero:   true,
		rows:     scheduleRows,
	}
}

// scheduleRows learns once which backups the schedules have made.
func scheduleRows(ctx context.Context, from source, _ []unstructured.Unstructured) (rowFunc, error) {
	backups, err := schedule.ReadBackups(ctx, from.velero)
	if err != nil {
		return nil, err
	}
	return func(object *unstructured.Unstructured, now time.Time) (metav1.TableRow, error) {
		decoded := &velero.Schedule{}
		if err := runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, decoded); err != nil {
			return metav1.TableRow{}, err
		}
		row := cmdutil.ScheduleRow(backups.State(decoded), now)
		row.Object.Object = object
		return row, nil
	}, nil
}
