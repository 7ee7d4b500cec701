package backup

import (
	"context"
	"fmt"
	"slices"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/acmdr/kubectl-acmdr/pkg/velero"
)

// unfinished finds the plugin's own backup of this hub that is to be gone on with, and the clusters that it was chosen for: the
// named one, unless it was verified already, and a failed one, to be made again; or, without a name, one of the same wishes
// that is still in progress. A named one of any other kind is an error.
func unfinished(ctx context.Context, hub Hub, options Options, chosen []string) (found *velero.Backup, of []string, err error) {
	if options.Name != "" {
		return unfinishedNamed(ctx, hub, options, chosen)
	}
	existing, err := hub.Velero.Backups.List(ctx, velero.ManagedByLabel+"="+velero.ManagedBy)
	if err != nil {
		return nil, nil, fmt.Errorf("listing backups: %w", err)
	}
	for i := range existing {
		if ended, _ := velero.BackupEnded(existing[i].Status.Phase); ended || !onDemand(&existing[i], hub.UID) || options.unlike(&existing[i]) != "" {
			continue
		}
		of, err := choice(ctx, hub, &existing[i])
		if err != nil {
			return nil, nil, err
		}
		if slices.Equal(of, chosen) {
			return &existing[i], of, nil
		}
	}
	return nil, nil, nil
}

func unfinishedNamed(ctx context.Context, hub Hub, options Options, chosen []string) (found *velero.Backup, of []string, err error) {
	name := options.Name
	existing, err := hub.Velero.Backups.Get(ctx, name)
	if apierrors.IsNotFound(err) {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, fmt.Errorf("reading backup %s: %w", name, err)
	}
	ended, ok := velero.BackupEnded(existing.Status.Phase)
	if !onDemand(existing, hub.UID) || ended && !hasFailed(existing) && (!ok || existing.Annotations[velero.FinishedAnnotation] != "") {
		return nil, nil, fmt.Errorf("backup %s/%s exists already (%s): choose another name", existing.Namespace, name, phase(existing))
	}
	if of, err = choice(ctx, hub, existing); err != nil {
		return nil, nil, err
	}
	if !slices.Equal(of, chosen) {
		return nil, nil, fmt.Errorf("backup %s/%s exists already (%s), of other clusters: choose another name",
			existing.Namespace, name, phase(existing))
	}
	if with := options.unlike(existing); with != "" && !hasFailed(existing) {
		return nil, nil, fmt.Errorf("backup %s/%s exists already (%s), %s: choose another name", existing.Namespace, name, phase(existing), with)
	}
	return existing, of, nil
}

// unlike says what was asked for, beside the clusters, and a backup that is there is not; empty for nothing.
func (o *Options) unlike(backup *velero.Backup) string {
	spec := backup.Spec
	switch {
	case o.Location != "" && o.Location != spec.StorageLocation:
		return "in location " + spec.StorageLocation
	case o.TTL != 0 && o.TTL != spec.TTL.Duration:
		return "with another --ttl"
	case o.BareMetalHosts && !slices.Contains(spec.IncludedNamespaceScopedResources, hosts):
		return "without BareMetalHosts"
	}
	return ""
}

// choice are the clusters that a backup was chosen for, which its content policy names; nil when it is of a whole hub.
func choice(ctx context.Context, hub Hub, backup *velero.Backup) ([]string, error) {
	if !velero.Selected(backup.Labels) || backup.Spec.ResourcePolicy == nil {
		return nil, nil
	}
	name := backup.Spec.ResourcePolicy.Name
	content, err := hub.Kube.CoreV1().ConfigMaps(backup.Namespace).Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return nil, fmt.Errorf("reading ConfigMap %s, the content of backup %s: %w", name, backup.Name, err)
	}
	return chosenIn(content)
}

// onDemand tells whether the plugin made a backup of this hub, and not by a schedule.
func onDemand(backup *velero.Backup, hub types.UID) bool {
	return velero.Made(backup.Labels) && backup.Labels[velero.HubLabel] == string(hub) && backup.Labels[velero.ScheduleLabel] == ""
}

// hasFailed tells whether Velero gave a backup up, so that no fleet is restored from it; or whether one that was never verified is
// being deleted, as by an earlier run that was to make it again.
func hasFailed(backup *velero.Backup) bool {
	switch backup.Status.Phase {
	case velero.BackupFailed, velero.BackupFailedValidation:
		return true
	case velero.BackupDeleting:
		return backup.Annotations[velero.FinishedAnnotation] == ""
	}
	return false
}

func phase(backup *velero.Backup) string {
	if backup.Status.Phase == "" {
		return "New"
	}
	return string(backup.Status.Phase)
}
