package cmdutil

import (
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/duration"

	"github.com/acmdr/kubectl-acmdr/pkg/printing"
	"github.com/acmdr/kubectl-acmdr/pkg/schedule"
	"github.com/acmdr/kubectl-acmdr/pkg/velero"
)

// ScheduleColumns are the columns of a table of Schedules.
func ScheduleColumns() []metav1.TableColumnDefinition {
	return printing.Columns([]string{"Name", "Status", "Cron", "Last", "Last Status", "Last Good", "Next", "Age"}, "TTL", "Location", "Owner")
}

// ScheduleRow is the row of one Schedule.
func ScheduleRow(state schedule.State, now time.Time) metav1.TableRow {
	s := state.Schedule
	status := string(s.Status.Phase)
	switch {
	case s.Spec.Paused:
		status = "Paused"
	case status == "":
		status = "New"
	}
	last, lastStatus, good, next := printing.None, printing.None, printing.None, printing.None
	if state.Last != nil {
		last = printing.Age(now, velero.Stamp(state.Last)) + " ago"
		if lastStatus = string(state.Last.Status.Phase); lastStatus == "" {
			lastStatus = "New"
		}
	}
	if age, ok := state.Age(now); ok {
		good = duration.HumanDuration(age) + " ago"
	}
	if !state.Next.IsZero() {
		next = "due"
		if state.Next.After(now) {
			next = "in " + duration.HumanDuration(state.Next.Sub(now))
		}
	}
	ttl, owner := "", ""
	if s.Spec.Template.TTL.Duration > 0 {
		ttl = duration.HumanDuration(s.Spec.Template.TTL.Duration)
	}
	if by := metav1.GetControllerOf(s); by != nil {
		owner = by.Kind + " " + by.Name
	}
	return printing.Row(s.Name, status, s.Spec.Schedule, last, lastStatus, good, next, printing.Age(now, s.CreationTimestamp.Time),
		ttl, s.Spec.Template.StorageLocation, owner)
}
