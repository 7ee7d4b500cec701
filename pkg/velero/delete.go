package velero

import (
	"context"
	"fmt"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/rand"

	velerov1 "github.com/vmware-tanzu/velero/pkg/apis/velero/v1"

	"github.com/acmdr/kubectl-acmdr/pkg/wait"
)

// DeleteBackup has Velero delete a backup: its files in the bucket, and then the object; deleting the object alone would only
// bring it back from the bucket. It waits until the object is gone.
func (api *API) DeleteBackup(ctx context.Context, clock wait.Clock, backup *Backup) error {
	request := &velerov1.DeleteBackupRequest{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: api.Namespace,
			Name:      "acmdr-delete-" + rand.String(10),
			Labels:    map[string]string{ManagedByLabel: ManagedBy, velerov1.BackupUIDLabel: string(backup.UID)},
		},
		Spec: velerov1.DeleteBackupRequestSpec{BackupName: backup.Name},
	}
	if _, err := api.DeleteRequests.Create(ctx, request); err != nil {
		return fmt.Errorf("asking Velero to delete backup %s: %w", backup.Name, err)
	}
	ctx, cancel := context.WithTimeout(ctx, wait.Delete)
	defer cancel()
	return wait.Until(ctx, clock, backup.Name, func(ctx context.Context, name string) (bool, string, error) {
		_, err := api.Backups.Get(ctx, name)
		if apierrors.IsNotFound(err) {
			return true, "", nil
		}
		if err != nil {
			return false, "", fmt.Errorf("reading backup %s: %w", name, err)
		}
		current, err := api.DeleteRequests.Get(ctx, request.Name)
		if apierrors.IsNotFound(err) {
			// Velero removes the requests of a backup just before the backup itself.
			return false, "backup " + name + " is still there", nil
		}
		if err != nil {
			return false, "", fmt.Errorf("reading DeleteBackupRequest %s: %w", request.Name, err)
		}
		if errs := current.Status.Errors; current.Status.Phase == velerov1.DeleteBackupRequestPhaseProcessed && len(errs) > 0 {
			return false, "", fmt.Errorf("Velero could not delete backup %s: %s", name, strings.Join(errs, "; ")) //nolint:staticcheck // a name
		}
		return false, "Velero has not deleted backup " + name, nil
	})
}
