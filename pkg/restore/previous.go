package restore

import (
	"context"
	"fmt"
	"slices"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/acmdr/kubectl-acmdr/pkg/velero"
)

// recallParts fills in what an earlier run has begun of each part.
func (r *Restorer) recallParts(ctx context.Context, parts []Part, choice string) (err error) {
	for i := range parts {
		if parts[i].Restore, err = r.previous(ctx, parts[i].name, parts[i].Backup.Name, choice); err != nil {
			return err
		}
	}
	return nil
}

// begun tells whether an earlier run has begun with a source.
func (r *Restorer) begun(ctx context.Context, source *velero.Generation, choice string) (bool, error) {
	parts := partsOf(source, "")
	err := r.recallParts(ctx, parts, choice)
	return slices.ContainsFunc(parts, func(p Part) bool { return p.Restore != nil }), err
}

// previous finds the plugin's own restore of a backup, with the same choice of clusters, that is to be gone on with: one that
// is in progress, or that has completed. One that failed is history, unless its name is wanted.
func (r *Restorer) previous(ctx context.Context, name, backup, choice string) (*velero.Restore, error) {
	if name != "" {
		return r.previousNamed(ctx, name, backup, choice)
	}
	restores, err := r.Hub.Velero.Restores.List(ctx, velero.ManagedByLabel+"="+velero.ManagedBy)
	if err != nil {
		return nil, fmt.Errorf("listing restores: %w", err)
	}
	slices.SortStableFunc(restores, func(a, b velero.Restore) int { return b.CreationTimestamp.Compare(a.CreationTimestamp.Time) })
	for i := range restores {
		if restores[i].Spec.BackupName != backup || restores[i].Annotations[velero.ChoiceAnnotation] != choice {
			continue
		}
		if ended, good := ended(&restores[i]); good || !ended {
			return &restores[i], nil
		}
	}
	return nil, nil
}

func (r *Restorer) previousNamed(ctx context.Context, name, backup, choice string) (*velero.Restore, error) {
	restore, err := r.Hub.Velero.Restores.Get(ctx, name)
	if apierrors.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading restore %s: %w", name, err)
	}
	ended, good := ended(restore)
	switch {
	case !velero.Made(restore.Labels):
		return nil, fmt.Errorf("restore %s/%s exists already and was made by somebody else: choose another name", restore.Namespace, name)
	case restore.Spec.BackupName != backup:
		return nil, fmt.Errorf("restore %s/%s exists already, of backup %s: choose another name",
			restore.Namespace, name, restore.Spec.BackupName)
	case restore.Annotations[velero.ChoiceAnnotation] != choice:
		return nil, fmt.Errorf("restore %s/%s exists already, of other clusters or with another --existing: choose another name",
			restore.Namespace, name)
	case ended && !good:
		return nil, fmt.Errorf("restore %s/%s exists already, is %s and did not restore everything: choose another name, or give none",
			restore.Namespace, name, restore.Status.Phase)
	}
	return restore, nil
}

// ended tells whether a restore is through, and whether it restored every cluster.
func ended(restore *velero.Restore) (ended, good bool) {
	ended, good = velero.RestoreEnded(restore.Status.Phase)
	return ended, good && restore.Annotations[velero.PartialAnnotation] == ""
}
