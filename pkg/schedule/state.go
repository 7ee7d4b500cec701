package schedule

import (
	"context"
	"fmt"
	"time"

	"github.com/acmdr/kubectl-acmdr/pkg/velero"
)

// State is how a schedule stands.
type State struct {
	Schedule *velero.Schedule
	// Last is its newest backup, Good its newest Completed one; nil for none.
	Last, Good *velero.Backup
	// Next is when Velero backs up next; zero when the schedule is paused or refused.
	Next time.Time
}

// Age is how old the newest good backup is.
func (s *State) Age(now time.Time) (age time.Duration, ok bool) {
	if s.Good == nil {
		return 0, false
	}
	return now.Sub(velero.Stamp(s.Good)), true
}

// Meets tells whether what is lost with the hub now is not older than rpo.
func (s *State) Meets(rpo time.Duration, now time.Time) bool {
	age, ok := s.Age(now)
	return ok && age <= rpo
}

// Backups are the backups of every schedule, by its name.
type Backups map[string][]*velero.Backup

// ReadBackups lists the backups that schedules have made.
func ReadBackups(ctx context.Context, api *velero.API) (Backups, error) {
	all, err := api.Backups.List(ctx, velero.ScheduleLabel)
	if err != nil {
		return nil, fmt.Errorf("listing backups: %w", err)
	}
	by := Backups{}
	for i := range all {
		name := all[i].Labels[velero.ScheduleLabel]
		by[name] = append(by[name], &all[i])
	}
	return by, nil
}

// List returns how every schedule of a hub stands.
func List(ctx context.Context, api *velero.API) ([]State, error) {
	schedules, err := api.Schedules.List(ctx, "")
	if err != nil {
		return nil, fmt.Errorf("listing schedules: %w", err)
	}
	backups, err := ReadBackups(ctx, api)
	if err != nil {
		return nil, err
	}
	states := make([]State, 0, len(schedules))
	for i := range schedules {
		states = append(states, backups.State(&schedules[i]))
	}
	return states, nil
}

// State is how one schedule stands, by its backups.
func (b Backups) State(schedule *velero.Schedule) State {
	state := State{Schedule: schedule, Next: next(schedule)}
	for _, backup := range b[schedule.Name] {
		if state.Last == nil || velero.Stamp(backup).After(velero.Stamp(state.Last)) {
			state.Last = backup
		}
		if backup.Status.Phase == velero.BackupCompleted && (state.Good == nil || velero.Stamp(backup).After(velero.Stamp(state.Good))) {
			state.Good = backup
		}
	}
	return state
}

// next is when Velero backs up next: the first time that matches after it last did, or skipped, or saw the schedule
// (pkg/controller/schedule_controller.go). It may be in the past: then it is due.
func next(schedule *velero.Schedule) time.Time {
	times, err := ParseCron(schedule.Spec.Schedule)
	if err != nil || schedule.Spec.Paused || schedule.Status.Phase == velero.ScheduleFailedValidation {
		return time.Time{}
	}
	last := schedule.CreationTimestamp.Time
	if schedule.Status.LastBackup != nil {
		last = schedule.Status.LastBackup.Time
	}
	if skipped := schedule.Status.LastSkipped; skipped != nil && skipped.After(last) {
		last = skipped.Time
	}
	return times.Next(last.UTC())
}
