package access

import (
	"context"
	"errors"
	"slices"
)

// ManagedServiceAccount finds the token that a ManagedServiceAccount brought to the hub, with the server that the
// ManagedCluster names. ACM makes two that overlap for its own recovery, auto-import-account and auto-import-account-pair,
// which may get and update the bootstrap secret and nothing else (cluster-backup-operator controllers/utils.go).
type ManagedServiceAccount struct{ Place }

const managedServiceAccountLabel = "authentication.open-cluster-management.io/is-managed-serviceaccount"

// Name is the source's name in messages.
func (ManagedServiceAccount) Name() string { return "ManagedServiceAccount token" }

// Find returns the token that lasts longest, or ErrNone.
func (m ManagedServiceAccount) Find(ctx context.Context, cluster string) (*Credential, error) {
	accounts, err := m.Accounts(ctx, cluster)
	if err != nil {
		return nil, err
	}
	if len(accounts) == 0 {
		return nil, ErrNone
	}
	endpoint, err := m.Endpoint(ctx, cluster)
	if err != nil {
		return nil, err
	}
	if endpoint.Server == "" {
		return nil, errors.New("the ManagedCluster names no URL of the cluster (spec.managedClusterClientConfigs)")
	}
	known := endpoint.CAData
	var found []*Credential
	var failed []error
	for _, account := range accounts {
		endpoint.CAData = bundle(known, account.ca)
		credential, err := account.withEndpoint("ManagedServiceAccount", endpoint)
		if err != nil {
			failed = append(failed, err)
			continue
		}
		found = append(found, credential)
	}
	if len(found) == 0 {
		return nil, join(failed)
	}
	return slices.MaxFunc(found, func(a, b *Credential) int { return a.NotAfter.Compare(b.NotAfter) }), nil
}
