package backup

import (
	"context"
	"fmt"
	"strconv"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/acmdr/kubectl-acmdr/pkg/velero"
	"github.com/acmdr/kubectl-acmdr/pkg/wait"
)

// maxNames is how many names are tried for a backup that the user gave none.
const maxNames = 10

// Start makes the planned Backup, in the place of one that failed, unless the plan attaches to one that is there.
func (p *Plan) Start(ctx context.Context, clock wait.Clock, hub Hub) error {
	if p.Attached {
		return nil
	}
	if p.Replaces != nil {
		if err := hub.Velero.DeleteBackup(ctx, clock, p.Replaces); err != nil {
			return err
		}
	}
	if err := savePolicy(ctx, hub, p.Policy); err != nil {
		return err
	}
	created, err := hub.Velero.Backups.Create(ctx, p.Backup)
	for tries := 0; apierrors.IsAlreadyExists(err) && !p.unnamed.IsZero() && tries < maxNames; tries++ {
		// Another run had the same second.
		p.unnamed = p.unnamed.Add(time.Second)
		p.Backup.Name = nameAt(p.unnamed)
		created, err = hub.Velero.Backups.Create(ctx, p.Backup)
	}
	if apierrors.IsAlreadyExists(err) {
		return fmt.Errorf("backup %s/%s exists already: choose another name", p.Backup.Namespace, p.Backup.Name)
	}
	if err != nil {
		return fmt.Errorf("creating backup %s: %w", p.Backup.Name, err)
	}
	p.Backup = created
	return nil
}

// Progress is how far Velero has come.
type Progress = velero.Progress

// Result is a backup that has ended and what is known about it.
type Result struct {
	Backup *velero.Backup
	// Items is the number of objects in it, Size what it takes in the bucket; -1 when unknown.
	Items int
	Size  int64
	// Results are Velero's warnings and errors.
	Results velero.Results
	Proof   Proof
	// Warnings are about the backup as a whole.
	Warnings []string
	// Unread is why it is not known which credentials the hub has: the rights that the user lacks.
	Unread []error
}

// Clusters is the number of managed clusters that are in the backup, or that it was made for when that is not known.
func (r *Result) Clusters() string {
	if n := r.Proof.Held(); n > 0 {
		return strconv.Itoa(n)
	}
	return r.Backup.Annotations[velero.ClustersAnnotation]
}

// Duration is how long Velero took.
func (r *Result) Duration() time.Duration {
	status := r.Backup.Status
	if status.StartTimestamp == nil || status.CompletionTimestamp == nil {
		return 0
	}
	return status.CompletionTimestamp.Sub(status.StartTimestamp.Time)
}

// Wait waits until the planned Backup has ended, then reads what Velero wrote and proves it. A Backup that is not Completed,
// or that lacks something, is an error beside the result. observe may be nil.
func (p *Plan) Wait(ctx context.Context, clock wait.Clock, hub Hub, observe func(Progress)) (*Result, error) {
	ended, err := hub.Velero.WaitBackup(ctx, clock, p.Backup.Name, observe)
	if err != nil {
		return nil, err
	}
	result := &Result{Backup: ended, Items: items(ended), Size: -1}
	store := &velero.Downloader{API: hub.Velero, Kube: hub.Kube, Clock: clock}
	switch ended.Status.Phase {
	case velero.BackupCompleted:
	case velero.BackupPartiallyFailed:
		if result.Results, err = store.BackupResults(ctx, ended); err != nil {
			return result, fmt.Errorf("backup %s is PartiallyFailed with %d errors, which cannot be read: %w",
				ended.Name, ended.Status.Errors, err)
		}
		return result, fmt.Errorf("backup %s is PartiallyFailed: %s", ended.Name, result.Results.Why())
	default:
		return result, &velero.FailedError{
			What: "backup " + ended.Name, Phase: phase(ended),
			Message: velero.Failure(ended.Status.FailureReason, ended.Status.ValidationErrors),
		}
	}
	if p.Kinds == nil {
		// An earlier run made the backup.
		if p.Kinds, err = discover(ctx, hub); err != nil {
			return result, err
		}
	}
	if err := result.read(ctx, hub, store, p.Kinds, p.Clusters); err != nil {
		return result, fmt.Errorf("backup %s is Completed but could not be verified: %w", ended.Name, err)
	}
	// What the hub itself does not have is no fault of the backup: it is the best that can be had, and is noted as such.
	if result.Proof.Verified() {
		if err := result.finish(ctx, clock, hub); err != nil {
			return result, err
		}
	}
	return result, result.Proof.Err(ended.Name)
}

// finish notes on the Backup that it was verified, so that its name is not taken for that of an interrupted run, and of how much use it
// is.
func (r *Result) finish(ctx context.Context, clock wait.Clock, hub Hub) error {
	err := hub.Velero.Backups.MergePatch(ctx, r.Backup.Name, map[string]any{
		"metadata": map[string]any{"annotations": map[string]string{
			velero.FinishedAnnotation: clock.Now().UTC().Format(time.RFC3339),
			velero.WholeAnnotation:    strconv.Itoa(len(r.Proof.Whole)),
		}},
	})
	if err != nil {
		return fmt.Errorf("noting that backup %s is verified: %w", r.Backup.Name, err)
	}
	return nil
}

func items(backup *velero.Backup) int {
	if backup.Status.Progress == nil {
		return 0
	}
	return backup.Status.Progress.ItemsBackedUp
}
