package restore

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/acmdr/kubectl-acmdr/pkg/velero"
	"github.com/acmdr/kubectl-acmdr/pkg/wait"
)

// Choice says which backup to restore from. The zero value is the newest good one of the hub that was lost.
type Choice struct {
	// Backup is its name; it excludes the others but AcceptPartial.
	Backup string
	// At is the moment that it must not have been taken after; zero for none.
	At time.Time
	// Hub is the beginning of the id of the hub that it must be of; empty for any other than this one.
	Hub string
	// AcceptPartial allows one that is PartiallyFailed.
	AcceptPartial bool
}

// choose finds the backup to restore from: the named one, once Velero has brought it over from the bucket, or the newest
// good one, which is read; what it holds comes with it. Of a set that ACM made all backups are meant, since only together they
// hold the fleet. chosen is the sum by which an earlier run of the same choice is known.
func (r *Restorer) choose(ctx context.Context, choice Choice, chosen string) (*velero.Generation, *manifest, error) {
	if choice.Backup != "" {
		found, err := r.named(ctx, choice)
		return found, nil, err
	}
	return r.newest(ctx, choice, chosen)
}

// named waits until the backup is visible on this hub: Velero lists the bucket about once a minute.
func (r *Restorer) named(ctx context.Context, choice Choice) (*velero.Generation, error) {
	name := choice.Backup
	var found *velero.Generation
	err := r.synced(ctx, func(ctx context.Context, listed bool) (bool, string, error) {
		backups, err := r.Hub.Velero.Backups.List(ctx, "")
		if err != nil {
			return false, "", err
		}
		if found, err = velero.FindGeneration(backups, name); err != nil {
			return false, "", err
		}
		if found != nil {
			return len(found.Missing) == 0 || choice.AcceptPartial && listed, "of set " + found.Name + " not all is visible on this hub", nil
		}
		for i := range backups {
			if backups[i].Name == name {
				found = velero.Alone(&backups[i])
				return true, "", nil
			}
		}
		return false, "backup " + name + " is not visible on this hub", nil
	})
	_, late := errors.AsType[*wait.TimeoutError](err)
	switch {
	case late && found == nil:
		return nil, fmt.Errorf("backup %s/%s does not exist; %s", r.Hub.Velero.Namespace, name, r.others(ctx, choice))
	case err != nil && !late:
		return nil, fmt.Errorf("looking for backup %s: %w", name, err)
	}
	if found.Name != name {
		r.tell("Backup %s is one of the set %s: all of it is restored.", name, found.Name)
	}
	return found, usable(found, choice.AcceptPartial)
}

// newest is the newest good backup. One whose bytes are damaged, or that holds no managed cluster, is told, and passed over
// for the next older one of the same hub.
func (r *Restorer) newest(ctx context.Context, choice Choice, chosen string) (*velero.Generation, *manifest, error) {
	var candidates []*velero.Generation
	var seen int
	err := r.synced(ctx, func(ctx context.Context, listed bool) (bool, string, error) {
		backups, err := r.Hub.Velero.Backups.List(ctx, "")
		if err != nil {
			return false, "", err
		}
		all := velero.Sources(backups)
		seen = len(all)
		this, err := r.ids(ctx, all)
		if err != nil {
			return false, "", err
		}
		candidates, err = candidatesOf(all, choice, this)
		if err == nil && len(candidates) > 0 {
			return listed, "a newer backup than " + candidates[0].Name + " may not be visible on this hub yet", nil
		}
		return false, "no " + choice.words() + " is visible on this hub", err
	})
	if _, ok := errors.AsType[*wait.TimeoutError](err); ok {
		switch {
		case seen == 0:
			return nil, nil, r.nothing(ctx)
		case len(candidates) > 0:
			return nil, nil, fmt.Errorf("the bucket is not listed to its end by Velero, and the newest backup may not be visible yet: "+
				"run the same command again, or name one with --from-backup; %s", r.others(ctx, choice))
		}
		return nil, nil, fmt.Errorf("no %s is among the %d in namespace %s; %s",
			choice.words(), seen, r.Hub.Velero.Namespace, r.others(ctx, choice))
	}
	if err != nil {
		return nil, nil, fmt.Errorf("looking for a backup: %w", err)
	}
	return r.firstGood(ctx, candidates, chosen)
}

// nothing says what to look at when no backup came from the bucket: Velero passes over what it cannot read without a word.
func (r *Restorer) nothing(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), wait.Probe) // the time that was given is over
	defer cancel()
	err := fmt.Errorf("no backup is visible in namespace %s: does the location point to the lost hub's bucket and prefix?",
		r.Hub.Velero.Namespace)
	location, unread := r.Hub.Velero.StoredLocation(ctx, "")
	if unread != nil || !velero.HasCustomerKey(location) {
		return err
	}
	return fmt.Errorf("%w And is the customer key of location %s the one that they were written with?", err, location.Name)
}

// firstGood reads the candidates, best first, until one is whole and holds managed clusters.
func (r *Restorer) firstGood(ctx context.Context, candidates []*velero.Generation, chosen string) (*velero.Generation, *manifest, error) {
	var refused []string
	for _, source := range candidates {
		if begun, err := r.begun(ctx, source, chosen); err != nil || begun {
			return source, nil, err // it was good enough to be begun with
		}
		if !velero.Made(source.Backups[0].Labels) {
			// Of somebody else's backups most are of something else, and their list is quicker to read. One that cannot be read is
			// told with its contents, below.
			if holds, err := r.holdsClusters(ctx, source); err == nil && !holds {
				refused = append(refused, "backup "+source.Name+" holds no managed cluster")
				continue
			}
		}
		manifest, err := r.read(ctx, source)
		if velero.IsNotStored(err) {
			refused = append(refused, "backup "+source.Name+" is not used: it is not in the bucket any more")
		} else if bad, ok := errors.AsType[*velero.BadContents](err); ok {
			why := bad.Error()
			if len(source.Backups) > 1 {
				why = err.Error() // it says which of them
			}
			refused = append(refused, fmt.Sprintf("backup %s is not used: %s", source.Name, why))
		} else if err == nil && len(manifest.clusters) == 0 {
			refused = append(refused, "backup "+source.Name+" holds no managed cluster")
		} else {
			return source, manifest, err
		}
		r.tell("%s.", upperFirst(refused[len(refused)-1]))
	}
	return nil, nil, fmt.Errorf("no backup can be restored from: %s", strings.Join(refused, "; "))
}

func upperFirst(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

// words says what is asked of a backup.
func (c Choice) words() string {
	words := "Completed backup"
	if c.AcceptPartial {
		words = "Completed or PartiallyFailed backup"
	}
	if c.Hub != "" {
		words += " of hub " + c.Hub
	}
	if !c.At.IsZero() {
		words += " taken at " + c.At.UTC().Format(time.RFC3339) + " or before"
	}
	return words
}

// synced looks until ready, or until Velero has listed the whole bucket twice meanwhile: then what is not there by now is
// not in the bucket. The second listing is the first that surely began after we did. listed tells that there was a listing at all: until
// the first has ended Velero has brought over some of the backups, in no order.
func (r *Restorer) synced(ctx context.Context, ready func(ctx context.Context, listed bool) (bool, string, error)) error {
	ctx, cancel := context.WithTimeout(ctx, wait.Sync)
	defer cancel()
	listings := map[time.Time]bool{}
	told := false
	return wait.Until(ctx, r.Clock, r, func(ctx context.Context, _ *Restorer) (bool, string, error) {
		// The listing is read before the backups, or one could come between the two.
		location, unusable := r.Hub.Velero.Location(ctx, "")
		ok, why, err := ready(ctx, unusable == nil && velero.Listed(location))
		if ok || err != nil {
			return ok, why, err
		}
		if unusable != nil {
			return false, "", unusable
		}
		if last := location.Status.LastSyncedTime; last != nil {
			listings[last.Time] = true
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

// usable refuses a backup, or a set, that is not whole, unless a partial one is accepted.
func usable(source *velero.Generation, partial bool) error {
	if len(source.Missing) > 0 && !partial {
		return fmt.Errorf("backup %s is a set that lacks those of %s; "+
			"restore from another, or see with --accept-partial --dry-run which clusters are whole in it", source.Name, strings.Join(source.Missing, ", "))
	}
	for i := range source.Backups {
		if err := whole(&source.Backups[i], partial); err != nil {
			return err
		}
	}
	return nil
}

func whole(backup *velero.Backup, partial bool) error {
	status := backup.Status
	switch status.Phase {
	case velero.BackupCompleted:
		return nil
	case velero.BackupPartiallyFailed:
		if partial {
			return nil
		}
		return fmt.Errorf("backup %s is PartiallyFailed: it lacks %d objects that Velero could not read; "+
			"restore from another, or see with --accept-partial --dry-run which clusters are whole in it", backup.Name, status.Errors)
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
func (r *Restorer) others(ctx context.Context, choice Choice) string {
	// The time that was given may be over by now.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), wait.Probe)
	defer cancel()
	backups, err := r.Hub.Velero.Backups.List(ctx, "")
	if err != nil {
		return "the others cannot be listed: " + err.Error()
	}
	var names []string
	for _, backup := range newestFirst(velero.Sources(backups), choice.AcceptPartial) {
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
