package inspect

import (
	"context"
	"maps"
	"slices"

	"github.com/acmdr/kubectl-acmdr/pkg/access"
	"github.com/acmdr/kubectl-acmdr/pkg/kubeconfig"
)

// Holds tells whether a secret is in the backup and may hold a credential.
func (i *Inventory) Holds(namespace, name string) bool {
	kept := i.namespaces[namespace]
	return kept != nil && kept.secrets[name].Kept != nil
}

// HoldsAny tells whether an object of a kind, as resource.group, is in the backup.
func (i *Inventory) HoldsAny(resource string) bool { return i.resources[resource] > 0 }

// place is the hub as it would be after the backup was restored, for the sources of credentials.
type place struct{ *Inventory }

// AdminKubeconfig is what Hive made of a cluster.
func (p place) AdminKubeconfig(_ context.Context, cluster string) (string, error) {
	if name := p.hive.Choose(cluster); name != "" {
		return name, nil
	}
	return "", access.ErrNone
}

// HostedCluster names no secret: a restore drops the status.
func (p place) HostedCluster(_ context.Context, namespace, name string) (string, error) {
	if kept := p.namespaces[namespace]; kept == nil || !kept.hosted[name] {
		return "", access.ErrNone
	}
	return "", nil
}

// Secret is one secret.
func (p place) Secret(_ context.Context, namespace, name string) (*access.Kept, error) {
	if !p.Holds(namespace, name) {
		return nil, access.ErrNone
	}
	return p.namespaces[namespace].secrets[name].Kept, nil
}

// Accounts are the secrets with tokens of ManagedServiceAccounts.
func (p place) Accounts(_ context.Context, namespace string) ([]*access.Kept, error) {
	kept := p.namespaces[namespace]
	if kept == nil {
		return nil, nil
	}
	var accounts []*access.Kept
	for _, name := range slices.Sorted(maps.Keys(kept.secrets)) {
		if found := kept.secrets[name].Kept; found.Account {
			accounts = append(accounts, found)
		}
	}
	return accounts, nil
}

// Endpoint is what the ManagedCluster tells.
func (p place) Endpoint(_ context.Context, cluster string) (kubeconfig.Endpoint, error) {
	if found := p.clusters[cluster]; found != nil {
		return found.endpoint, nil
	}
	return kubeconfig.Endpoint{}, nil
}
