package cmdutil

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/acmdr/kubectl-acmdr/pkg/factory"
	"github.com/acmdr/kubectl-acmdr/pkg/velero"
)

// VeleroFlags say where Velero lives on the hub.
type VeleroFlags struct {
	Namespace string
}

// AddFlags registers --velero-namespace.
func (f *VeleroFlags) AddFlags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.Namespace, "velero-namespace", "",
		"Namespace of Velero on the hub (default: the one that holds the default BackupStorageLocation)")
}

// API returns Velero's API on the hub, or velero.ErrNotInstalled.
func (f *VeleroFlags) API(ctx context.Context, hub *factory.Clients) (*velero.API, error) {
	namespace, err := velero.Find(ctx, hub.Dynamic, f.Namespace)
	if err != nil {
		return nil, err
	}
	return velero.In(hub.Dynamic, namespace), nil
}
