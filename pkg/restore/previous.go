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
		part := &parts[i]
		if part.name == "" {
			part.Restore, err = r.previous(ctx, part.Backup.Name, choice)
		} else {
			part.Restore, part.name, err = r.previousNamed(ctx, part.name, part.Backup.Name, choice)
		}
		if err != nil {
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
// is in progress, or that has completed. One that failed is history.
func (r *Restorer) previous(ctx context.Context, backup, choice string) (*velero.Restore, error) {
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

// previousNamed finds the same by its name. The next number is for the one that takes the place of one that failed: name,
// name-2, name-3. It returns the name of the one to make where there is none to go on with.
func (r *Restorer) previousNamed(ctx context.Context, wanted, backup, choice string) (*velero.Restore, string, error) {
	name, failed := wanted, ""
	for number := 2; ; number++ {
		restore, err := r.Hub.Velero.Restores.Get(ctx, name)
		if apierrors.IsNotFound(err) {
			if failed != "" {
				r.tell("Restore %s did not restore everything: the next one is %s.", failed, name)
			}
			return nil, name, nil
		}
		if err != nil {
			return nil, "", fmt.Errorf("reading restore %s: %w", name, err)
		}
		switch {
		case !velero.Made(restore.Labels):
			return nil, "", fmt.Errorf("restore %s/%s exists already and was made by somebody else: choose another name", restore.Namespace, name)
		case restore.Spec.BackupName != backup:
			return nil, "", fmt.Errorf("restore %s/%s exists already, of backup %s: choose another name",
				restore.Namespace, name, restore.Spec.BackupName)
		case restore.Annotations[velero.ChoiceAnnotation] != choice:
			return nil, "", fmt.Errorf("restore %s/%s exists already, of other clusters or with another --existing: choose another name",
				restore.Namespace, name)
		}
		if ended, good := ended(restore); good || !ended {
			return restore, name, nil
		}
		failed, name = name, fmt.Sprintf("%s-%d", wanted, number)
	}
}

// ended tells whether a restore is through, and whether it restored every cluster.
func ended(restore *velero.Restore) (ended, good bool) {
	ended, good = velero.RestoreEnded(restore.Status.Phase)
	return ended, good && restore.Annotations[velero.PartialAnnotation] == ""
}
