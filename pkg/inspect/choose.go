package inspect

import (
	"context"
	"fmt"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/acmdr/kubectl-acmdr/pkg/velero"
	"github.com/acmdr/kubectl-acmdr/pkg/wait"
)

// OfHub adds a warning to what is in a backup of another hub than the one with this id.
func (r *Report) OfHub(id string) {
	if r.Hub != "" && r.Hub != id {
		r.Warnings = append(r.Warnings, "it is of another hub than this one: "+r.Hub)
	}
}

// Named reads the backup of that name, or all of the generation that ACM made, and says what is in it.
func Named(ctx context.Context, store *velero.Downloader, clock wait.Clock, name string) (*Report, error) {
	backups, warnings, err := find(ctx, store.API, name)
	if err != nil {
		return nil, err
	}
	inventory := New()
	for i := range backups {
		backup := &backups[i]
		ended, ok := velero.BackupEnded(backup.Status.Phase)
		if !ended {
			return nil, fmt.Errorf("backup %s has not ended: it is %s", backup.Name, phase(backup))
		}
		if !ok {
			warnings = append(warnings, fmt.Sprintf("backup %s is %s", backup.Name, phase(backup)))
		}
		if _, err := inventory.Backup(ctx, store, backup); err != nil {
			return nil, err
		}
	}
	report := inventory.Report(ctx, clock.Now())
	report.Hub = backups[0].Labels[velero.HubLabel]
	report.Warnings = append(warnings, report.Warnings...)
	return report, nil
}

func find(ctx context.Context, api *velero.API, name string) (found []velero.Backup, warnings []string, err error) {
	all, err := api.Backups.List(ctx, "")
	if err != nil {
		return nil, nil, fmt.Errorf("listing backups: %w", err)
	}
	if generation := velero.FindGeneration(all, name); generation != nil {
		if len(generation.Missing) > 0 {
			warnings = append(warnings, fmt.Sprintf("generation %s lacks %s", generation.Name, strings.Join(generation.Missing, ", ")))
		}
		return generation.Backups, warnings, nil
	}
	backup, err := api.Backups.Get(ctx, name)
	if apierrors.IsNotFound(err) {
		return nil, nil, fmt.Errorf("backup %s/%s does not exist: see 'kubectl acmdr get backups'", api.Namespace, name)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("reading backup %s: %w", name, err)
	}
	return []velero.Backup{*backup}, nil, nil
}

func phase(backup *velero.Backup) string {
	if backup.Status.Phase == "" {
		return "New"
	}
	return string(backup.Status.Phase)
}
