package restore

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/util/sets"

	"github.com/acmdr/kubectl-acmdr/pkg/ocm"
	"github.com/acmdr/kubectl-acmdr/pkg/velero"
)

// newestFirst are the generations that could be restored from.
func newestFirst(generations []*velero.Generation, partial bool) []*velero.Generation {
	good := slices.DeleteFunc(slices.Clone(generations), func(g *velero.Generation) bool { return usable(g, partial) != nil })
	slices.SortStableFunc(good, func(a, b *velero.Generation) int { return b.Taken().Compare(a.Taken()) })
	return good
}

// candidatesOf are the good backups of one hub, newest first: the one that was asked for, else the only other one that wrote
// to the bucket, else this one, else whoever's they are. When several others wrote to it, somebody has to say which is meant.
func candidatesOf(all []*velero.Generation, choice Choice, this sets.Set[string]) ([]*velero.Generation, error) {
	byHub := map[string][]*velero.Generation{}
	var hubs []string
	for _, generation := range newestFirst(all, choice.AcceptPartial) {
		if velero.Selected(generation.Backups[0].Labels) {
			continue // of some clusters only: by its name alone
		}
		hub := generation.Hub()
		if len(byHub[hub]) == 0 {
			hubs = append(hubs, hub)
		}
		byHub[hub] = append(byHub[hub], generation)
	}
	hub, err := whichHub(hubs, byHub, choice.Hub, this)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(byHub[hub], func(generation *velero.Generation) bool {
		return !choice.At.IsZero() && generation.Taken().After(choice.At)
	}), nil
}

// whichHub chooses among the hubs with good backups, the one with the newest first; "" is the unknown one.
func whichHub(hubs []string, byHub map[string][]*velero.Generation, wanted string, this sets.Set[string]) (string, error) {
	if wanted != "" {
		var matching []string
		for _, hub := range hubs {
			if strings.HasPrefix(hub, wanted) {
				matching = append(matching, hub)
			}
		}
		switch len(matching) {
		case 0:
			return wanted, nil // its backups may yet come
		case 1:
			return matching[0], nil
		}
		return "", fmt.Errorf("--from-hub %s is the beginning of several hubs' ids: %s", wanted, strings.Join(matching, ", "))
	}
	var others []string
	own := ""
	for _, hub := range hubs {
		switch {
		case this.Has(hub) && own == "":
			own = hub
		case hub != "" && !this.Has(hub):
			others = append(others, hub)
		}
	}
	switch len(others) {
	case 0:
		return own, nil
	case 1:
		return others[0], nil
	}
	var lines []string
	for _, hub := range others {
		newest := byHub[hub][0]
		lines = append(lines, fmt.Sprintf("%s (newest: %s, taken %s)", hub, newest.Name, newest.Taken().UTC().Format(time.RFC3339)))
	}
	return "", fmt.Errorf("backups of %d other hubs are in the bucket; choose one with --from-hub: %s", len(others), strings.Join(lines, ", "))
}

// ids are those by which backups may say that they are of this hub.
func (r *Restorer) ids(ctx context.Context, all []*velero.Generation) (sets.Set[string], error) {
	return velero.HubIDs(r.Hub.UID, all, func() (string, error) { return ocm.ClusterVersionID(ctx, r.Hub.Dynamic) })
}
