package inspect

import (
	"context"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/client-go/dynamic"

	"github.com/acmdr/kubectl-acmdr/pkg/ocm"
	"github.com/acmdr/kubectl-acmdr/pkg/velero"
)

// Hub is the hub that is asked for a backup, which may be its own.
type Hub struct {
	// UID is that of its kube-system namespace.
	UID     types.UID
	Dynamic dynamic.Interface
}

// IDs are those by which these backups may say that they are of the hub: the UID, by which the plugin says it, and the
// ClusterVersion's id, by which ACM does. That is read only where there is one of ACM's sets.
func (h Hub) IDs(ctx context.Context, generations ...*velero.Generation) (sets.Set[string], error) {
	return velero.HubIDs(h.UID, generations, func() (string, error) { return ocm.ClusterVersionID(ctx, h.Dynamic) })
}

// of notes whose backup it is, and warns when that is another hub.
func (r *Report) of(ctx context.Context, hub Hub, generation *velero.Generation) error {
	ids, err := hub.IDs(ctx, generation)
	if err != nil {
		return err
	}
	r.Hub, r.set = generation.Hub(), generation.OfACM()
	r.own = ids.Has(r.Hub)
	if r.Hub != "" && !r.own {
		r.Warnings = append(r.Warnings, "backup "+generation.Name+" is of another hub than this one: "+r.Hub)
	}
	return nil
}

// OtherHub tells whether another backup is known to be of another hub. ACM and the plugin name one hub by two ids, so of two that
// are both not of this hub, and were not made by the same of them, it is not known.
func (r *Report) OtherHub(other *Report) bool {
	switch {
	case r.Hub == "" || other.Hub == "" || r.Hub == other.Hub || r.own && other.own:
		return false
	case r.own || other.own:
		return true
	}
	return r.set == other.set
}
