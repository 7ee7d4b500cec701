package inspect

import (
	"context"
	"fmt"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/acmdr/kubectl-acmdr/pkg/velero"
	"github.com/acmdr/kubectl-acmdr/pkg/wait"
)

// Named reads the backup of that name, or all of the generation that ACM made, and says what is in it, and whether it is of
// another hub than the one that is asked.
func Named(ctx context.Context, store *velero.Downloader, hub Hub, clock wait.Clock, name string) (*Report, error) {
	generation, err := find(ctx, store.API, name)
	if err != nil {
		return nil, err
	}
	if err := store.API.Running(ctx, store.Kube); err != nil {
		return nil, err
	}
	var warnings []string
	if len(generation.Missing) > 0 {
		warnings = append(warnings, fmt.Sprintf("generation %s lacks %s", generation.Name, strings.Join(generation.Missing, ", ")))
	}
	inventory, lacks := New(), velero.Results{}
	for i := range generation.Backups {
		backup := &generation.Backups[i]
		ended, ok := velero.BackupEnded(backup.Status.Phase)
		if !ended {
			return nil, fmt.Errorf("backup %s has not ended: it is %s", backup.Name, phase(backup))
		}
		if !ok {
			warnings = append(warnings, fmt.Sprintf("backup %s is %s", backup.Name, phase(backup)))
		}
		if backup.Status.Phase == velero.BackupPartiallyFailed {
			of, err := store.BackupResults(ctx, backup)
			if err != nil {
				return nil, fmt.Errorf("which clusters are whole in backup %s cannot be told: %w", backup.Name, err)
			}
			lacks.Add(of)
		}
		if err := inventory.Backup(ctx, store, backup); err != nil {
			return nil, err
		}
	}
	report := inventory.Report(ctx, clock.Now())
	report.Partial = generation.Phase() != velero.BackupCompleted
	report.Warnings = append(warnings, report.Warnings...)
	report.lack(lacks.ErrorsIn)
	return report, report.of(ctx, hub, generation)
}

func find(ctx context.Context, api *velero.API, name string) (*velero.Generation, error) {
	all, err := api.Backups.List(ctx, "")
	if err != nil {
		return nil, fmt.Errorf("listing backups: %w", err)
	}
	if generation, err := velero.FindGeneration(all, name); err != nil || generation != nil {
		return generation, err
	}
	backup, err := api.Backups.Get(ctx, name)
	if apierrors.IsNotFound(err) {
		return nil, fmt.Errorf("backup %s/%s does not exist: %s", api.Namespace, name, listed(ctx, api))
	}
	if err != nil {
		return nil, fmt.Errorf("reading backup %s: %w", name, err)
	}
	return velero.Alone(backup), nil
}

// listed says when Velero last looked for backups in the bucket: one that is newer, or all of it on a hub that has just got its
// location, may only not be visible yet.
func listed(ctx context.Context, api *velero.API) string {
	const see = "see 'kubectl acmdr get backups'"
	location, err := api.StoredLocation(ctx, "")
	switch {
	case err != nil:
		return see // it only explains
	case location.Status.LastSyncedTime == nil:
		return "Velero has not listed the bucket yet, which it does about once a minute: try again then"
	}
	return fmt.Sprintf("%s; Velero lists the bucket about once a minute, and did so last at %s: "+
		"if the backup, or the location, is newer, try again", see, location.Status.LastSyncedTime.UTC().Format(time.RFC3339))
}

func phase(backup *velero.Backup) string {
	if backup.Status.Phase == "" {
		return "New"
	}
	return string(backup.Status.Phase)
}
