package status

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/util/duration"

	"github.com/acmdr/kubectl-acmdr/pkg/ocm"
	"github.com/acmdr/kubectl-acmdr/pkg/velero"
)

// newestBackup is what the fleet would be brought back from: the newest of this hub's backups, or on a standby hub, which may only
// read the bucket or has not written there, the newest of another's. A set of ACM's is one backup, and one of some clusters only is
// none. Where the newest is not good, the newest that is is told.
func (p *page) newestBackup(ctx context.Context) ([]Item, error) {
	backups, err := p.hub.Velero.Backups.List(ctx, "")
	if err != nil {
		return nil, fmt.Errorf("listing backups: %w", err)
	}
	sources := velero.Sources(backups)
	ids, err := velero.HubIDs(p.hub.UID, sources, func() (string, error) { return ocm.ClusterVersionID(ctx, p.hub.Dynamic) })
	if err != nil {
		return nil, err
	}
	hub := p.chosen(velero.Hubs(sources, ids))
	if hub == nil {
		return []Item{p.noBackup()}, nil
	}
	newest := hub.Sources[0]
	item := Item{Component: "backup", Name: newest.Name, Status: string(newest.Phase()), Since: newest.Taken()}
	if item.Status == "" {
		item.Status = "New"
	}
	item.Detail = fmt.Sprintf("newest of %d of %s", len(hub.Sources), whose(hub))
	if newest.Phase() != velero.BackupCompleted {
		item.Detail += "; " + lastGood(hub.Sources, time.Now())
	}
	return []Item{item}, nil
}

// chosen is the hub that is brought back: on a standby hub the other one with the newest backup, elsewhere this one; at last the one
// that its backups do not name. nil when there is none.
func (p *page) chosen(hubs []*velero.Hub) *velero.Hub {
	own, others, unknown := velero.Apart(hubs)
	if len(others) > 0 && (own == nil || p.readOnly()) {
		return others[0]
	}
	return cmp.Or(own, unknown)
}

// whose says which hub was backed up.
func whose(hub *velero.Hub) string {
	switch {
	case hub.Own:
		return "this hub"
	case hub.ID == "":
		return "a hub that they do not name"
	}
	return "hub " + hub.ID
}

// lastGood says which is the newest that is Completed, of sources, the newest first.
func lastGood(sources []*velero.Generation, now time.Time) string {
	at := slices.IndexFunc(sources, func(source *velero.Generation) bool { return source.Phase() == velero.BackupCompleted })
	if at < 0 {
		return "none is Completed"
	}
	return fmt.Sprintf("the last Completed one is %s, %s old", sources[at].Name, duration.HumanDuration(now.Sub(sources[at].Taken())))
}

// noBackup says that there is none, or why that is not known.
func (p *page) noBackup() Item {
	item := Item{Component: "backup", Status: "Unknown"}
	switch {
	case p.down != nil:
		item.Detail = "Velero, which would find what is in the bucket, is not running"
	case !slices.ContainsFunc(p.locations, available):
		item.Detail = "the bucket cannot be read"
	case !slices.ContainsFunc(p.locations, func(l velero.Location) bool { return available(l) && velero.Listed(&l) }):
		item.Detail = "Velero has not listed the bucket yet"
	default:
		item.Status, item.Detail = "None", "no backup of a whole hub in the bucket: run 'kubectl acmdr backup' on the active hub"
	}
	return item
}

func available(location velero.Location) bool {
	return location.Status.Phase == velero.LocationAvailable
}

// readOnly tells whether this hub may write to no location, as a standby hub should not.
func (p *page) readOnly() bool {
	return !slices.ContainsFunc(p.locations, func(l velero.Location) bool { return l.Spec.AccessMode != velero.LocationReadOnly })
}
