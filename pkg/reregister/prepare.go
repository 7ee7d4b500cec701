package reregister

import (
	"context"
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/acmdr/kubectl-acmdr/pkg/bootstrap"
	"github.com/acmdr/kubectl-acmdr/pkg/fence"
	"github.com/acmdr/kubectl-acmdr/pkg/kubeconfig"
	"github.com/acmdr/kubectl-acmdr/pkg/ocm"
)

// isPrepared tells whether the new hub has all that the agent needs. The ManagedCluster is there: check saw it.
func (m *Mover) isPrepared(ctx context.Context, move *Move) (bool, error) {
	if move.poisoned {
		return false, nil
	}
	return bootstrap.HasIdentity(ctx, m.Hub.Kube, move.Name)
}

// prepare adds the bootstrap identity to the new hub. The ManagedCluster is older than the namespace: an ACM hub deletes a
// namespace that carries the managed-cluster label when there is none.
func (m *Mover) prepare(ctx context.Context, move *Move) error {
	if move.poisoned {
		if err := bootstrap.DeleteImportSecret(ctx, m.Hub.Kube, move.Name); err != nil {
			return err
		}
	}
	return bootstrap.EnsureIdentity(ctx, m.Hub.Kube, move.Name)
}

// isFenced: without an old hub that can be reached, or when it does not know the cluster, there is nothing to fence.
func (m *Mover) isFenced(ctx context.Context, move *Move) (bool, error) {
	if m.OldHub == nil {
		return true, nil
	}
	var err error
	move.fences, err = fence.PlanCluster(ctx, m.OldHub.Dynamic, move.Name, fence.Options{})
	return len(move.fences) == 0, err
}

// fence keeps the old hub from taking the cluster back.
func (m *Mover) fence(ctx context.Context, move *Move) error {
	for _, change := range move.fences {
		if err := fence.Apply(ctx, m.OldHub.Dynamic, change); err != nil {
			return err
		}
	}
	return nil
}

// mint makes the bootstrap kubeconfig and tries it, from here, before it goes anywhere. ACM's own was tried before: to use it
// spares the agent a second change when the import controller applies it.
func (m *Mover) mint(ctx context.Context, move *Move) error {
	token, err := bootstrap.Mint(ctx, m.Hub.Kube, move.Name, m.TokenLifetime)
	if err != nil {
		return err
	}
	move.issued = token.Issued
	if move.imported != nil {
		move.bootstrap = move.imported
		return nil
	}
	if err := m.Verify(ctx, move.endpoint, token.Value(), ocm.BootstrapUser(move.Name)); err != nil {
		return fmt.Errorf("%w%s", err, move.suspect())
	}
	// Half of what was asked for is what an operator has to know; the seconds that the request took are not.
	if granted := token.Expires.Sub(token.Issued); granted < m.TokenLifetime/2 {
		move.note("the hub granted a bootstrap token of %s, not %s: it is good until %s",
			granted, m.TokenLifetime, token.Expires.UTC().Format(time.RFC3339))
	}
	move.bootstrap, err = kubeconfig.Bootstrap(move.endpoint, token.Value())
	return err
}

func annotate(key string, value any) map[string]any {
	return map[string]any{"metadata": map[string]any{"annotations": map[string]any{key: value}}}
}

// managedMeta is the metadata of what the plugin adds on a managed cluster.
func managedMeta(name string) metav1.ObjectMeta {
	return metav1.ObjectMeta{Name: name, Labels: map[string]string{bootstrap.ManagedByLabel: bootstrap.ManagedBy}}
}
