package restore

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"

	"github.com/acmdr/kubectl-acmdr/pkg/velero"
	"github.com/acmdr/kubectl-acmdr/pkg/wait"
)

// choose finds the backup to restore from: the named one, once Velero has brought it over from the bucket, or the newest
// good one.
func (r *Restorer) choose(ctx context.Context, name string) (*velero.Backup, error) {
	if name != "" {
		return r.named(ctx, name)
	}
	return r.newest(ctx)
}

// named waits until the backup is visible on this hub: Velero lists the bucket about once a minute.
func (r *Restorer) named(ctx context.Context, name string) (*velero.Backup, error) {
	var found *velero.Backup
	err := r.synced(ctx, func(ctx context.Context) (bool, string, error) {
		backup, err := r.Hub.Velero.Backups.Get(ctx, name)
		if apierrors.IsNotFound(err) {
			return false, "backup " + name + " is not visible on this hub", nil
		}
		found = backup
		return err == nil, "", err
	})
	if _, ok := errors.AsType[*wait.TimeoutError](err); ok {
		return nil, fmt.Errorf("backup %s/%s does not exist; %s", r.Hub.Velero.Namespace, name, r.others(ctx))
	}
	if err != nil {
		return nil, fmt.Errorf("looking for backup %s: %w", name, err)
	}
	return found, usable(found)
}

// newest is the newest good backup, preferably of another hub: on a hub that has made backups of its own, restore without a
// name means the hub that was lost.
func (r *Restorer) newest(ctx context.Context) (*velero.Backup, error) {
	var found *velero.Backup
	var seen int
	err := r.synced(ctx, func(ctx context.Context) (bool, string, error) {
		backups, err := r.Hub.Velero.Backups.List(ctx, "")
		if err != nil {
			return false, "", err
		}
		seen = len(backups)
		found, err = r.pick(ctx, backups)
		return found != nil, "no Completed backup with managed clusters is visible on this hub", err
	})
	if _, ok := errors.AsType[*wait.TimeoutError](err); ok {
		if seen == 0 {
			return nil, fmt.Errorf("no backup is visible in namespace %s: does the location point to the lost hub's bucket and prefix?",
				r.Hub.Velero.Namespace)
		}
		return nil, fmt.Errorf("none of the %d backups in namespace %s is Completed and holds managed clusters; %s",
			seen, r.Hub.Velero.Namespace, r.others(ctx))
	}
	if err != nil {
		return nil, fmt.Errorf("looking for a backup: %w", err)
	}
	return found, nil
}

// synced looks until ready, or until Velero has listed the whole bucket twice meanwhile: then what is not there by now is
// not in the bucket. The second listing is the first that surely began after we did.
func (r *Restorer) synced(ctx context.Context, ready func(context.Context) (bool, string, error)) error {
	ctx, cancel := context.WithTimeout(ctx, wait.Sync)
	defer cancel()
	listings := map[time.Time]bool{}
	told := false
	return wait.Until(ctx, r.Clock, r, func(ctx context.Context, _ *Restorer) (bool, string, error) {
		// The listing is read before the backups, or one could come between the two.
		location, err := r.Hub.Velero.Location(ctx, "")
		if err != nil {
			return false, "", err
		}
		if last := location.Status.LastSyncedTime; last != nil {
			listings[last.Time] = true
		}
		ok, why, err := ready(ctx)
		if ok || err != nil {
			return ok, why, err
		}
		if len(listings) > 2 {
			return false, "", &wait.TimeoutError{Why: why}
		}
		if !told {
			told = true
			r.tell("Waiting for Velero to list the bucket: %s.", why)
		}
		return false, why, nil
	})
}

// pick is the newest Completed backup: of the plugin's own of other hubs, else of its own at all, else of whoever's that holds
// managed clusters.
func (r *Restorer) pick(ctx context.Context, backups []velero.Backup) (*velero.Backup, error) {
	own, foreign := rank(backups, r.Hub.UID)
	if len(own) > 0 {
		return own[0], nil
	}
	for _, backup := range foreign {
		holds, err := r.holdsClusters(ctx, backup)
		if err != nil {
			return nil, err
		}
		if holds {
			return backup, nil
		}
	}
	return nil, nil
}

// rank sorts the Completed backups, best first, into those that the plugin made and others.
func rank(backups []velero.Backup, hub types.UID) (own, foreign []*velero.Backup) {
	for i := range backups {
		backup := &backups[i]
		switch {
		case backup.Status.Phase != velero.BackupCompleted:
		case velero.Selected(backup.Labels): // only by its name
		case velero.Made(backup.Labels):
			own = append(own, backup)
		default:
			foreign = append(foreign, backup)
		}
	}
	newer := func(a, b *velero.Backup) int { return taken(b).Compare(taken(a)) }
	slices.SortStableFunc(foreign, newer)
	slices.SortStableFunc(own, func(a, b *velero.Backup) int {
		if here := of(a, hub); here != of(b, hub) {
			if here {
				return 1
			}
			return -1
		}
		return newer(a, b)
	})
	return own, foreign
}

// of tells whether a backup was made of this hub.
func of(backup *velero.Backup, hub types.UID) bool {
	return backup.Labels[velero.HubLabel] == string(hub)
}

// taken is when a backup was taken. The object's own age says nothing: on another hub it is as old as its arrival there.
func taken(backup *velero.Backup) time.Time {
	if backup.Status.StartTimestamp != nil {
		return backup.Status.StartTimestamp.Time
	}
	return backup.CreationTimestamp.Time
}

// usable refuses a backup that is not whole.
func usable(backup *velero.Backup) error {
	status := backup.Status
	switch status.Phase {
	case velero.BackupCompleted:
		return nil
	case velero.BackupPartiallyFailed:
		return fmt.Errorf("backup %s is PartiallyFailed: it lacks %d objects that Velero could not read; restore from another",
			backup.Name, status.Errors)
	case velero.BackupFailed, velero.BackupFailedValidation:
		return fmt.Errorf("backup %s is %s: %s", backup.Name, status.Phase, velero.Failure(status.FailureReason, status.ValidationErrors))
	case velero.BackupDeleting:
		return fmt.Errorf("backup %s is being deleted", backup.Name)
	}
	phase := string(status.Phase)
	if phase == "" {
		phase = "New"
	}
	return fmt.Errorf("backup %s is %s: wait until it is Completed, or restore from another", backup.Name, phase)
}

// shown is how many backups an error offers.
const shown = 3

// others names the newest backups that could be restored from.
func (r *Restorer) others(ctx context.Context) string {
	// The time that was given may be over by now.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), wait.Probe)
	defer cancel()
	backups, err := r.Hub.Velero.Backups.List(ctx, "")
	if err != nil {
		return "the others cannot be listed: " + err.Error()
	}
	own, foreign := rank(backups, r.Hub.UID)
	var names []string
	for _, backup := range append(own, foreign...) {
		if len(names) == shown {
			break
		}
		names = append(names, backup.Name)
	}
	if len(names) == 0 {
		return "there is no Completed backup"
	}
	return "the newest Completed ones are " + strings.Join(names, ", ")
}
