package cmdutil

import (
	"context"

	"github.com/acmdr/kubectl-acmdr/pkg/backup"
	"github.com/acmdr/kubectl-acmdr/pkg/factory"
)

// BackupHub opens the hub of the current context with its Velero, to back it up.
func BackupHub(ctx context.Context, f *factory.Factory, flags *VeleroFlags) (backup.Hub, error) {
	hub, err := f.Hub(ctx)
	if err != nil {
		return backup.Hub{}, err
	}
	api, err := flags.API(ctx, hub)
	if err != nil {
		return backup.Hub{}, err
	}
	uid, err := factory.ClusterUID(ctx, hub.Kube)
	if err != nil {
		return backup.Hub{}, err
	}
	return backup.Hub{Kube: hub.Kube, Dynamic: hub.Dynamic, Velero: api, UID: uid}, nil
}
