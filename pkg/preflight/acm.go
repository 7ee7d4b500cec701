package preflight

import (
	"context"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"

	"github.com/acmdr/kubectl-acmdr/pkg/ocm"
)

// acmRestoring are the phases in which ACM's Restore makes Velero Restores, now or again (stolostron/cluster-backup-operator
// api/v1beta1/restore_types.go): Enabled is one that syncs every half hour.
var acmRestoring = map[string]bool{"": true, "Started": true, "Running": true, "Enabled": true, "EnabledWithErrors": true, "Unknown": true}

// ACM checks that ACM's own operator neither restores onto the hub beside Velero, nor backs up what is half restored. There is no
// row where the hub does not have the kinds, or the user may not list them.
func ACM(ctx context.Context, hub dynamic.Interface) ([]Row, error) {
	var rows []Row
	for _, check := range []struct {
		resource schema.GroupVersionResource
		row      func([]unstructured.Unstructured) Row
	}{{ocm.RestoreResource, acmRestores}, {ocm.BackupScheduleResource, acmSchedules}} {
		list, err := hub.Resource(check.resource).List(ctx, metav1.ListOptions{})
		if apierrors.IsNotFound(err) || apierrors.IsForbidden(err) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("listing %s: %w", check.resource.GroupResource(), err)
		}
		rows = append(rows, check.row(list.Items))
	}
	return rows, nil
}

func acmRestores(restores []unstructured.Unstructured) Row {
	const name = "ACM's restores"
	for i := range restores {
		restore := &restores[i]
		phase, _, _ := unstructured.NestedString(restore.Object, "status", "phase")
		if !acmRestoring[phase] {
			continue
		}
		if phase == "" {
			phase = "New"
		}
		return Row{
			Name: name, Result: Fail, Reason: fmt.Sprintf("Restore %s/%s of ACM is %s: it restores onto this hub too",
				restore.GetNamespace(), restore.GetName(), phase),
			Remedy: fmt.Sprintf("wait until it has ended, or stop it with 'kubectl delete %s %s -n %s'",
				ocm.RestoreResource.GroupResource(), restore.GetName(), restore.GetNamespace()),
		}
	}
	return Passed(name, "none is in progress")
}

func acmSchedules(schedules []unstructured.Unstructured) Row {
	const name = "ACM's schedule"
	for i := range schedules {
		schedule := &schedules[i]
		phase, _, _ := unstructured.NestedString(schedule.Object, "status", "phase")
		paused, _, _ := unstructured.NestedBool(schedule.Object, "spec", "paused")
		if paused || phase == "BackupCollision" || phase == "FailedValidation" {
			continue
		}
		return Row{
			Name: name, Result: Warn, Reason: fmt.Sprintf("BackupSchedule %s/%s of ACM may back up this hub while it is half restored",
				schedule.GetNamespace(), schedule.GetName()),
			Remedy: fmt.Sprintf(`pause it with 'kubectl patch %s %s -n %s --type merge -p "{spec: {paused: true}}"'`,
				ocm.BackupScheduleResource.GroupResource(), schedule.GetName(), schedule.GetNamespace()),
		}
	}
	return Passed(name, "none runs")
}
