package backup

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/sets"

	"github.com/acmdr/kubectl-acmdr/pkg/velero"
	"github.com/acmdr/kubectl-acmdr/pkg/wait"
)

// Retention says which backups are no longer wanted. One of both is set.
type Retention struct {
	// Keep is how many good backups of the whole hub are kept; what is older than all of them is not.
	Keep int
	// OlderThan is the age from which backups are not kept.
	OlderThan time.Duration
}

// Pruning is what a prune will delete.
type Pruning struct {
	// Backups are the unwanted ones, the oldest first.
	Backups []velero.Backup
	// Kept is how many backups of this hub, made by the plugin, stay.
	Kept int
	// Newest is the newest good backup, which always stays; nil when there is none.
	Newest *velero.Backup
}

// NewPruning decides which of the plugin's backups of this hub are to go. Backups of other hubs and of others stay, so do those
// that are not ended, that a restore reads, and the newest good one. It changes nothing.
func NewPruning(ctx context.Context, clock wait.Clock, hub Hub, retention Retention) (*Pruning, error) {
	all, err := hub.Velero.Backups.List(ctx, velero.ManagedByLabel+"="+velero.ManagedBy+","+velero.HubLabel+"="+string(hub.UID))
	if err != nil {
		return nil, fmt.Errorf("listing backups: %w", err)
	}
	slices.SortStableFunc(all, func(a, b velero.Backup) int { return velero.Stamp(&b).Compare(velero.Stamp(&a)) })
	pruning := &Pruning{Kept: len(all)}
	var good []*velero.Backup
	keep := sets.New[string]()
	for i := range all {
		if all[i].Status.Phase == velero.BackupCompleted && !velero.Selected(all[i].Labels) {
			good = append(good, &all[i])
		}
	}
	if len(good) == 0 {
		// Whatever there is may be all that there is.
		return pruning, nil
	}
	pruning.Newest = good[0]
	keep.Insert(good[0].Name)
	// What was proven to be whole is worth more than what only says so, and what brings back more clusters more than what is newer.
	keep.Insert(slices.MaxFunc(good, func(a, b *velero.Backup) int { return cmp.Compare(velero.Whole(a), velero.Whole(b)) }).Name)
	read, err := reading(ctx, hub)
	if err != nil {
		return nil, err
	}
	limit := clock.Now().Add(-retention.OlderThan)
	if retention.Keep > 0 {
		limit = velero.Stamp(good[min(retention.Keep, len(good))-1])
	}
	for i := range all {
		ended, _ := velero.BackupEnded(all[i].Status.Phase)
		if ended && velero.Stamp(&all[i]).Before(limit) && !keep.Has(all[i].Name) && !read.Has(all[i].Name) {
			pruning.Backups = append(pruning.Backups, all[i])
		}
	}
	slices.Reverse(pruning.Backups)
	pruning.Kept -= len(pruning.Backups)
	return pruning, pruning.deletable(ctx, hub)
}

// reading are the backups that a restore on this hub has not done with.
func reading(ctx context.Context, hub Hub) (sets.Set[string], error) {
	restores, err := hub.Velero.Restores.List(ctx, "")
	if err != nil {
		return nil, fmt.Errorf("listing restores: %w", err)
	}
	names := sets.New[string]()
	for i := range restores {
		if ended, _ := velero.RestoreEnded(restores[i].Status.Phase); !ended {
			names.Insert(restores[i].Spec.BackupName)
		}
	}
	return names, nil
}

// deletable makes sure that Velero can delete the backups: it refuses when their location is read-only or not Available.
func (p *Pruning) deletable(ctx context.Context, hub Hub) error {
	checked := sets.New[string]()
	for i := range p.Backups {
		name := p.Backups[i].Spec.StorageLocation
		if checked.Has(name) {
			continue
		}
		checked.Insert(name)
		location, err := hub.Velero.Location(ctx, name)
		if err != nil {
			return err
		}
		if err := velero.Writable(location); err != nil {
			return err
		}
	}
	if len(p.Backups) == 0 {
		return nil
	}
	return hub.Velero.Running(ctx, hub.Kube)
}

// Delete asks Velero to delete one backup, with all that it keeps in the bucket, and waits until that is done. One that is gone
// is done already.
func Delete(ctx context.Context, clock wait.Clock, hub Hub, backup *velero.Backup) error {
	return hub.Velero.DeleteBackup(ctx, clock, backup)
}

// DeletePolicies removes the content policies that no backup and no schedule refers to any more.
func DeletePolicies(ctx context.Context, hub Hub) error {
	// The policies first: one that is made meanwhile is not among them.
	policies, err := hub.Kube.CoreV1().ConfigMaps(hub.Velero.Namespace).List(ctx, metav1.ListOptions{
		LabelSelector: velero.ManagedByLabel + "=" + velero.ManagedBy,
	})
	if err != nil {
		return fmt.Errorf("listing content policies: %w", err)
	}
	backups, failed := hub.Velero.Backups.List(ctx, "")
	schedules, err := hub.Velero.Schedules.List(ctx, "")
	if err := errors.Join(failed, err); err != nil {
		return fmt.Errorf("looking who refers to content policies: %w", err)
	}
	used := sets.New[string]()
	use := func(spec *velero.BackupSpec) {
		if spec.ResourcePolicy != nil {
			used.Insert(spec.ResourcePolicy.Name)
		}
	}
	for i := range backups {
		use(&backups[i].Spec)
	}
	for i := range schedules {
		use(&schedules[i].Spec.Template)
	}
	for i := range policies.Items {
		name := policies.Items[i].Name
		if !isPolicy(name) || used.Has(name) {
			continue
		}
		if err := hub.Kube.CoreV1().ConfigMaps(hub.Velero.Namespace).Delete(ctx, name, metav1.DeleteOptions{}); err != nil {
			return fmt.Errorf("deleting ConfigMap %s, which nothing refers to: %w", name, err)
		}
	}
	return nil
}
