package velero

import (
	"context"
	"fmt"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/acmdr/kubectl-acmdr/pkg/wait"
)

// WaitBackup waits until a backup has ended, well or not, and returns it. observe may be nil.
func (api *API) WaitBackup(ctx context.Context, clock wait.Clock, name string, observe func(Progress)) (*Backup, error) {
	var last *Backup
	nudged := clock.Now()
	err := waitEnded(ctx, clock, "backup "+name, func(ctx context.Context) (bool, Progress, error) {
		current, err := api.Backups.Get(ctx, name)
		if err != nil {
			return false, Progress{}, err
		}
		last = current
		if current.Status.Phase == backupReadyToStart && clock.Since(nudged) > wait.Stuck {
			nudged = clock.Now()
			if err := api.nudge(ctx, name, nudged); err != nil {
				return false, Progress{}, err
			}
		}
		progress := Progress{Phase: string(current.Status.Phase)}
		if counted := current.Status.Progress; counted != nil {
			progress.Done, progress.Total = counted.ItemsBackedUp, counted.TotalItems
		}
		ended, _ := BackupEnded(current.Status.Phase)
		return ended, progress, nil
	}, observe)
	return last, err
}

// nudge changes a backup that is ready to start, so that Velero looks at it: a server that was restarted takes up only
// those that change from then on, and leaves this one lying for ever (pkg/controller/backup_controller.go).
func (api *API) nudge(ctx context.Context, name string, now time.Time) error {
	return api.Backups.MergePatch(ctx, name, map[string]any{
		"metadata": map[string]any{"annotations": map[string]string{NudgedAnnotation: now.UTC().Format(time.RFC3339)}},
	})
}

// WaitRestore is WaitBackup for restores.
func (api *API) WaitRestore(ctx context.Context, clock wait.Clock, name string, observe func(Progress)) (*Restore, error) {
	var last *Restore
	err := waitEnded(ctx, clock, "restore "+name, func(ctx context.Context) (bool, Progress, error) {
		current, err := api.Restores.Get(ctx, name)
		if err != nil {
			return false, Progress{}, err
		}
		last = current
		progress := Progress{Phase: string(current.Status.Phase)}
		if counted := current.Status.Progress; counted != nil {
			progress.Done, progress.Total = counted.ItemsRestored, counted.TotalItems
		}
		ended, _ := RestoreEnded(current.Status.Phase)
		return ended, progress, nil
	}, observe)
	return last, err
}

func waitEnded(
	ctx context.Context, clock wait.Clock, what string, look func(context.Context) (bool, Progress, error), observe func(Progress),
) error {
	return wait.Until(ctx, clock, what, func(ctx context.Context, what string) (bool, string, error) {
		ended, progress, err := look(ctx)
		if apierrors.IsNotFound(err) {
			return false, "", fmt.Errorf("%s was deleted while it ran", what)
		}
		if err != nil {
			return false, "", fmt.Errorf("looking at %s: %w", what, err)
		}
		if observe != nil {
			observe(progress)
		}
		if progress.Phase == "" {
			return ended, what + " has not been started by Velero", nil
		}
		return ended, fmt.Sprintf("%s is %s", what, progress.Phase), nil
	})
}

// Why says in one line why a backup did not complete.
func (r Results) Why() string {
	var reasons []string
	for _, cause := range r.Errors {
		reasons = append(reasons, fmt.Sprintf("%d× %s", cause.Count, cause.Reason))
	}
	return strings.Join(reasons, "; ")
}

// FailedError tells that Velero gave a backup or a restore up.
type FailedError struct {
	// What it is, as in: backup nightly.
	What, Phase string
	// Message is the reason in Velero's words.
	Message string
}

func (e *FailedError) Error() string { return fmt.Sprintf("%s is %s: %s", e.What, e.Phase, e.Message) }

// Failure says in one line what Velero itself gives as the reason of a backup or restore that failed.
func Failure(reason string, validation []string) string {
	if len(validation) > 0 {
		return strings.Join(validation, "; ")
	}
	if reason == "" {
		return "Velero gives no reason; see the log of its server"
	}
	return reason
}
