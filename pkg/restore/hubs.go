package restore

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/acmdr/kubectl-acmdr/pkg/velero"
)

// newestFirst are the backups that could be restored from.
func newestFirst(backups []velero.Backup, partial bool) []*velero.Backup {
	var good []*velero.Backup
	for i := range backups {
		if usable(&backups[i], partial) == nil {
			good = append(good, &backups[i])
		}
	}
	slices.SortStableFunc(good, func(a, b *velero.Backup) int { return velero.Stamp(b).Compare(velero.Stamp(a)) })
	return good
}

// candidatesOf are the good backups of one hub, newest first: the one that was asked for, else the only other one that wrote
// to the bucket, else this one, else whoever's they are. When several others wrote to it, somebody has to say which is meant.
func candidatesOf(backups []velero.Backup, choice Choice, this types.UID) ([]*velero.Backup, error) {
	byHub := map[string][]*velero.Backup{}
	var hubs []string
	for _, backup := range newestFirst(backups, choice.AcceptPartial) {
		if velero.Selected(backup.Labels) {
			continue // of some clusters only: by its name alone
		}
		hub := ""
		if velero.Made(backup.Labels) {
			hub = backup.Labels[velero.HubLabel]
		}
		if len(byHub[hub]) == 0 {
			hubs = append(hubs, hub)
		}
		byHub[hub] = append(byHub[hub], backup)
	}
	hub, err := whichHub(hubs, byHub, choice.Hub, string(this))
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(byHub[hub], func(backup *velero.Backup) bool {
		return !choice.At.IsZero() && velero.Stamp(backup).After(choice.At)
	}), nil
}

// whichHub chooses among the hubs with good backups, the one with the newest first; "" is the unknown one.
func whichHub(hubs []string, byHub map[string][]*velero.Backup, wanted, this string) (string, error) {
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
	for _, hub := range hubs {
		if hub != "" && hub != this {
			others = append(others, hub)
		}
	}
	switch {
	case len(others) == 1:
		return others[0], nil
	case len(others) == 0 && len(byHub[this]) > 0:
		return this, nil
	case len(others) == 0:
		return "", nil
	}
	var lines []string
	for _, hub := range others {
		newest := byHub[hub][0]
		lines = append(lines, fmt.Sprintf("%s (newest: %s, taken %s)", hub, newest.Name, velero.Stamp(newest).UTC().Format(time.RFC3339)))
	}
	return "", fmt.Errorf("backups of %d other hubs are in the bucket; choose one with --from-hub: %s", len(others), strings.Join(lines, ", "))
}
