package velero

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/sets"
)

// HubIDs are those by which sources may say that they are of a hub: its kube-system's UID, and in ACM's sets that of its
// ClusterVersion, which is asked for only where there is one.
func HubIDs(uid types.UID, sources []*Generation, clusterVersion func() (string, error)) (sets.Set[string], error) {
	ids := sets.New(string(uid))
	if !slices.ContainsFunc(sources, (*Generation).OfACM) {
		return ids, nil
	}
	id, err := clusterVersion()
	if err != nil {
		return nil, err
	}
	return ids.Insert(id).Delete(""), nil
}

// Hub is one that sources are of.
type Hub struct {
	// ID is empty for the backups that do not say of which hub they are.
	ID string
	// Own tells that it is the hub that is asked, by whichever of its ids.
	Own bool
	// Sources are of its whole fleet, the newest first.
	Sources []*Generation

	// ids are all that its sources call it.
	ids sets.Set[string]
}

// Hubs are those that sources, the newest first, are of: the one with the newest first. A backup of some clusters only is of none:
// it is used by its name alone. this are the ids of the hub that is asked.
func Hubs(sources []*Generation, this sets.Set[string]) []*Hub {
	var hubs []*Hub
	for _, source := range sources {
		if Selected(source.Backups[0].Labels) {
			continue
		}
		id := source.Hub()
		own := this.Has(id)
		at := slices.IndexFunc(hubs, func(hub *Hub) bool { return hub.Own && own || hub.ID == id })
		if at < 0 {
			at = len(hubs)
			hubs = append(hubs, &Hub{ID: id, Own: own, ids: sets.New[string]()})
		}
		hubs[at].ids.Insert(source.hubIDs()...)
		hubs[at].Sources = append(hubs[at].Sources, source)
	}
	return hubs
}

// ChooseHub is the hub whose fleet is restored: the one of which an id begins as wanted, else the only other one that wrote to the
// bucket, else the one that is asked, else the unknown one. nil when there is none. When several others wrote to the bucket,
// somebody has to say which is meant.
func ChooseHub(hubs []*Hub, wanted string) (*Hub, error) {
	if wanted != "" {
		return hubOf(hubs, wanted)
	}
	own, others, unknown := Apart(hubs)
	switch {
	case len(others) > 1:
		return nil, &SeveralHubs{Hubs: others}
	case len(others) == 1:
		return others[0], nil
	case own != nil:
		return own, nil
	}
	return unknown, nil
}

// Apart tells the hub that is asked, all others, and the unknown one; nil where there is none.
func Apart(hubs []*Hub) (own *Hub, others []*Hub, unknown *Hub) {
	for _, hub := range hubs {
		switch {
		case hub.Own:
			own = hub
		case hub.ID == "":
			unknown = hub
		default:
			others = append(others, hub)
		}
	}
	return own, others, unknown
}

func hubOf(hubs []*Hub, wanted string) (*Hub, error) {
	var matching []*Hub
	var ids []string
	for _, hub := range hubs {
		if slices.ContainsFunc(hub.ids.UnsortedList(), func(id string) bool { return strings.HasPrefix(id, wanted) }) {
			matching, ids = append(matching, hub), append(ids, hub.ID)
		}
	}
	switch len(matching) {
	case 0:
		return nil, nil // its backups may yet come
	case 1:
		return matching[0], nil
	}
	return nil, fmt.Errorf("--from-hub %s is the beginning of several hubs' ids: %s", wanted, strings.Join(ids, ", "))
}

// SeveralHubs is why it is not known whose fleet is to be restored.
type SeveralHubs struct{ Hubs []*Hub }

func (e *SeveralHubs) Error() string {
	var lines []string
	for _, hub := range e.Hubs {
		newest := hub.Sources[0]
		lines = append(lines, fmt.Sprintf("%s (newest: %s, taken %s)", hub.ID, newest.Name, newest.Taken().UTC().Format(time.RFC3339)))
	}
	return fmt.Sprintf("backups of %d other hubs are in the bucket; choose one with --from-hub: %s", len(e.Hubs), strings.Join(lines, ", "))
}
