package cmdutil

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/acmdr/kubectl-acmdr/pkg/factory"
)

// OldHubFlags name the hub that clusters leave.
type OldHubFlags struct {
	Kubeconfig string
	Context    string
}

// AddFlags registers --old-hub-kubeconfig and --old-hub-context.
func (f *OldHubFlags) AddFlags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.Kubeconfig, "old-hub-kubeconfig", "", "Kubeconfig file of the hub that the clusters leave, if it can be reached")
	cmd.Flags().StringVar(&f.Context, "old-hub-context", "", "Kubeconfig context of the hub that the clusters leave, if it can be reached")
	_ = cmd.MarkFlagFilename("old-hub-kubeconfig")
}

// Given tells whether the user named an old hub.
func (f *OldHubFlags) Given() bool { return f.Kubeconfig != "" || f.Context != "" }

// Open opens the old hub, which must not be the hub in hand. It is nil when the user named none.
func (f *OldHubFlags) Open(ctx context.Context, from *factory.Factory, hub *factory.Clients) (*factory.Clients, error) {
	old, err := from.OldHub(ctx, f.Kubeconfig, f.Context)
	if err != nil || old == nil {
		return nil, err
	}
	oldUID, oldErr := factory.ClusterUID(ctx, old.Kube)
	newUID, newErr := factory.ClusterUID(ctx, hub.Kube)
	if err := errors.Join(oldErr, newErr); err != nil {
		return nil, err
	}
	if oldUID == newUID {
		return nil, fmt.Errorf("the old hub and this hub are the same cluster (%s)", hub.Config.Host)
	}
	return old, nil
}
