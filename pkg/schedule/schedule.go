// Package schedule has Velero back a hub up again and again, with the content that package backup decides.
package schedule

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/acmdr/kubectl-acmdr/pkg/backup"
	"github.com/acmdr/kubectl-acmdr/pkg/ocm"
	"github.com/acmdr/kubectl-acmdr/pkg/velero"
	"github.com/acmdr/kubectl-acmdr/pkg/wait"
)

// Options are the user's wishes for a schedule.
type Options struct {
	Name string
	// Cron is when to back up, in the time zone of Velero's server.
	Cron string
	// TTL is how long Velero keeps each backup; 0 for Velero's own default.
	TTL time.Duration
	// Location is the BackupStorageLocation; empty for the default one.
	Location string
	Paused   bool
	// BareMetalHosts are backed up too.
	BareMetalHosts bool
}

// Plan is what a run will do.
type Plan struct {
	Schedule *velero.Schedule
	// Exists tells that the very same schedule is there already.
	Exists bool
	// Renews tells that the one that is there notes other software than the hub has by now.
	Renews bool
	// Policy is what Schedule refers to; nil for a Velero without filter policies.
	Policy *corev1.ConfigMap
	Kinds  *backup.Kinds
	Server velero.Version

	content *backup.Content
}

// NewPlan looks at the hub and decides what the schedule's backups hold. One of that name with other settings is an error. It
// changes nothing.
func NewPlan(ctx context.Context, clock wait.Clock, hub backup.Hub, options Options) (*Plan, error) {
	if _, err := ParseCron(options.Cron); err != nil {
		return nil, err
	}
	all, err := ocm.ManagedClusters(hub.Dynamic).List(ctx, "")
	if err != nil {
		return nil, fmt.Errorf("listing ManagedClusters: %w", err)
	}
	content, err := backup.NewContent(ctx, clock, hub, all, backup.Extent{
		BareMetalHosts: options.BareMetalHosts, Location: options.Location,
	})
	if err != nil {
		return nil, err
	}
	wanted := &velero.Schedule{
		TypeMeta:   metav1.TypeMeta{APIVersion: velero.APIVersion, Kind: velero.ScheduleKind},
		ObjectMeta: metav1.ObjectMeta{Namespace: hub.Velero.Namespace, Name: options.Name, Labels: content.Labels},
	}
	wanted.Spec.Schedule, wanted.Spec.Paused, wanted.Spec.Template = options.Cron, options.Paused, content.Spec
	wanted.Spec.Template.TTL.Duration = options.TTL
	software, err := ocm.FindSoftware(ctx, hub.Dynamic)
	if err != nil {
		return nil, err
	}
	if err := velero.MarkSoftware(wanted, software); err != nil {
		return nil, err
	}
	plan := &Plan{Schedule: wanted, Policy: content.Policy, Kinds: content.Kinds, Server: content.Server, content: content}
	existing, err := hub.Velero.Schedules.Get(ctx, options.Name)
	switch {
	case apierrors.IsNotFound(err):
		return plan, nil
	case err != nil:
		return nil, fmt.Errorf("reading schedule %s: %w", options.Name, err)
	}
	if with := unlike(existing, wanted); with != "" {
		return nil, fmt.Errorf("schedule %s/%s exists already, %s; its backups stay", existing.Namespace, existing.Name, with)
	}
	plan.Exists, plan.Schedule = true, existing
	noted, known := velero.SoftwareOf(existing)
	plan.Renews = !known || !maps.Equal(noted, software)
	return plan, velero.MarkSoftware(existing, software)
}

// unlike says in what a schedule is not what would be created, and what to do; empty for nothing. Velero itself sets SkipImmediately.
func unlike(existing, wanted *velero.Schedule) string {
	const remedy = ": delete it first"
	is, shall := existing.Spec.Template, wanted.Spec.Template
	switch {
	case !velero.Made(existing.Labels):
		return "made by somebody else: choose another name"
	case existing.Spec.Schedule != wanted.Spec.Schedule:
		return fmt.Sprintf("with another --schedule (%q)", existing.Spec.Schedule) + remedy
	case is.TTL != shall.TTL:
		return fmt.Sprintf("with another --ttl (%s)", is.TTL.Duration) + remedy
	case is.StorageLocation != shall.StorageLocation:
		return "in location " + is.StorageLocation + remedy
	case !equality.Semantic.DeepEqual(is, shall):
		return "with other content than this hub's backups have by now" + remedy
	case existing.Spec.Paused && !wanted.Spec.Paused:
		return "paused: 'kubectl acmdr schedule resume " + existing.Name + "' starts it"
	case existing.Spec.Paused != wanted.Spec.Paused:
		return "and is not paused: 'kubectl acmdr schedule pause " + existing.Name + "' stops it"
	}
	return ""
}

// Create makes the planned schedule, unless it is there, and waits until Velero has taken it.
func (p *Plan) Create(ctx context.Context, clock wait.Clock, hub backup.Hub) error {
	if !p.Exists {
		if err := p.content.Save(ctx, hub); err != nil {
			return err
		}
		if _, err := hub.Velero.Schedules.Create(ctx, p.Schedule); err != nil && !apierrors.IsAlreadyExists(err) {
			return fmt.Errorf("creating schedule %s: %w", p.Schedule.Name, err)
		}
	}
	if p.Renews {
		note := map[string]any{velero.SoftwareAnnotation: p.Schedule.Annotations[velero.SoftwareAnnotation]}
		if err := hub.Velero.Schedules.MergePatch(ctx, p.Schedule.Name, map[string]any{"metadata": map[string]any{"annotations": note}}); err != nil {
			return fmt.Errorf("changing schedule %s: %w", p.Schedule.Name, err)
		}
	}
	ctx, cancel := context.WithTimeout(ctx, wait.Established)
	defer cancel()
	return wait.Until(ctx, clock, p.Schedule.Name, func(ctx context.Context, name string) (bool, string, error) {
		current, err := hub.Velero.Schedules.Get(ctx, name)
		if err != nil {
			return false, "", fmt.Errorf("reading schedule %s: %w", name, err)
		}
		p.Schedule = current
		switch current.Status.Phase {
		case velero.ScheduleEnabled:
			return true, "", nil
		case velero.ScheduleFailedValidation:
			return false, "", p.refused(ctx, hub)
		}
		// A paused schedule is not looked at (velero pkg/controller/schedule_controller.go).
		return current.Spec.Paused, "Velero has not looked at schedule " + name + "; is its server running?", nil
	})
}

// refused takes a schedule that Velero does not take away again, unless it was there before.
func (p *Plan) refused(ctx context.Context, hub backup.Hub) error {
	name, why := p.Schedule.Name, velero.Failure("", p.Schedule.Status.ValidationErrors)
	if p.Exists {
		return fmt.Errorf("schedule %s is refused: %s", name, why)
	}
	if err := hub.Velero.Schedules.Delete(ctx, name); err != nil && !apierrors.IsNotFound(err) {
		return fmt.Errorf("schedule %s is refused: %s; it is there still, since it cannot be deleted: %w", name, why, err)
	}
	return fmt.Errorf("schedule %s is refused, and deleted again: %s", name, why)
}

// Pause stops or starts a schedule; changed is false when it is so already.
func Pause(ctx context.Context, api *velero.API, name string, paused bool) (schedule *velero.Schedule, changed bool, err error) {
	schedule, err = get(ctx, api, name)
	if err != nil || schedule.Spec.Paused == paused {
		return schedule, false, err
	}
	if err := api.Schedules.MergePatch(ctx, name, map[string]any{"spec": map[string]any{"paused": paused}}); err != nil {
		return schedule, false, fmt.Errorf("changing schedule %s: %w", name, err)
	}
	schedule.Spec.Paused = paused
	return schedule, true, nil
}

// Delete removes a schedule and leaves its backups.
func Delete(ctx context.Context, api *velero.API, name string) error {
	schedule, err := get(ctx, api, name)
	if err != nil {
		return err
	}
	if owned := schedule.Spec.UseOwnerReferencesInBackup; owned != nil && *owned {
		return fmt.Errorf("schedule %s owns its backups (useOwnerReferencesInBackup), which would be deleted with it: pause it instead", name)
	}
	if err := api.Schedules.Delete(ctx, name); err != nil && !apierrors.IsNotFound(err) {
		return fmt.Errorf("deleting schedule %s: %w", name, err)
	}
	return nil
}

// get reads a schedule that may be changed: one of ACM's is its operator's, which would set it back.
func get(ctx context.Context, api *velero.API, name string) (*velero.Schedule, error) {
	schedule, err := api.Schedules.Get(ctx, name)
	if apierrors.IsNotFound(err) {
		return nil, fmt.Errorf("schedule %s/%s does not exist", api.Namespace, name)
	}
	if err != nil {
		return nil, fmt.Errorf("reading schedule %s: %w", name, err)
	}
	if owner := metav1.GetControllerOf(schedule); owner != nil {
		return nil, fmt.Errorf("schedule %s belongs to %s %s, which would set it back: change that instead", name, owner.Kind, owner.Name)
	}
	return schedule, nil
}

// ErrNone tells that a hub has no schedule.
var ErrNone = errors.New("this hub has no schedule: make one with: " + Example)

// Example is the command that makes a usual schedule, whole.
const Example = "kubectl acmdr schedule create fleet --schedule '0 */6 * * *'"
