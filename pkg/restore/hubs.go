package restore

import (
	"context"
	"slices"

	"k8s.io/apimachinery/pkg/util/sets"

	"github.com/acmdr/kubectl-acmdr/pkg/ocm"
	"github.com/acmdr/kubectl-acmdr/pkg/velero"
)

// newestFirst are the sources that could be restored from, in their order.
func newestFirst(sources []*velero.Generation, partial bool) []*velero.Generation {
	return slices.DeleteFunc(slices.Clone(sources), func(g *velero.Generation) bool { return usable(g, partial) != nil })
}

// candidatesOf are the good backups of the hub whose fleet is restored, newest first.
func candidatesOf(all []*velero.Generation, choice Choice, this sets.Set[string]) ([]*velero.Generation, error) {
	hub, err := velero.ChooseHub(velero.Hubs(newestFirst(all, choice.AcceptPartial), this), choice.Hub)
	if err != nil || hub == nil {
		return nil, err
	}
	return slices.DeleteFunc(hub.Sources, func(generation *velero.Generation) bool {
		return !choice.At.IsZero() && generation.Taken().After(choice.At)
	}), nil
}

// ids are those by which backups may say that they are of this hub.
func (r *Restorer) ids(ctx context.Context, all []*velero.Generation) (sets.Set[string], error) {
	return velero.HubIDs(r.Hub.UID, all, func() (string, error) { return ocm.ClusterVersionID(ctx, r.Hub.Dynamic) })
}
