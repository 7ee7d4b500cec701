package restore

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/util/duration"
	"k8s.io/apimachinery/pkg/util/sets"

	"github.com/acmdr/kubectl-acmdr/pkg/velero"
)

// origin says in words of which hub a backup is.
func origin(source *velero.Generation, this sets.Set[string]) string {
	switch {
	case source.Hub() == "":
		return "of an unknown hub"
	case this.Has(source.Hub()):
		return "of this very hub"
	}
	return "of another hub"
}

func (r *Restorer) age(source *velero.Generation) string {
	return duration.HumanDuration(r.Clock.Since(source.Taken()).Round(time.Second))
}

// Notes are what the operator should know before the plan is carried out, beside the checks.
func (p *Plan) Notes() []string {
	notes := p.notes
	if p.manifest == nil {
		return notes
	}
	if p.Source.OfACM() {
		notes = append(notes, "backup "+p.Source.Name+" is a set that ACM made, which holds no ManifestWorks: restore a backup of the plugin's too, "+
			"or reregister will not move clusters that would lose their workloads")
	}
	if backup := p.Parts[0].Backup; velero.Whole(backup) >= 0 && velero.Whole(backup) < velero.MadeFor(backup) {
		note := fmt.Sprintf("backup %s brings back only %d of its %d clusters by itself, as was found when it was made: see 'kubectl acmdr inspect %s'",
			backup.Name, velero.Whole(backup), velero.MadeFor(backup), backup.Name)
		if p.better != nil {
			note += fmt.Sprintf("; %s, of %s, brings back %d", p.better.Name, velero.Stamp(p.better).UTC().Format(time.RFC3339), velero.Whole(p.better))
		}
		notes = append(notes, note)
	}
	if kind := p.manifest.objects[klusterletConfigsIn]; kind != nil {
		var names []string
		for at, object := range kind.objects {
			if object.server != 0 && object.state == absent {
				names = append(names, at.name)
			}
		}
		slices.Sort(names)
		if len(names) > 0 {
			notes = append(notes, "KlusterletConfigs that say where the old hub is are restored without that, so that agents are sent to "+
				"this hub: "+strings.Join(names, ", "))
		}
	}
	return notes
}

// better is the newest backup of the same hub that brings back more clusters than the chosen one; nil for none.
func (r *Restorer) better(ctx context.Context, source *velero.Generation) (*velero.Backup, error) {
	chosen := &source.Backups[0]
	if velero.Whole(chosen) < 0 {
		return nil, nil
	}
	backups, err := r.Hub.Velero.Backups.List(ctx, velero.HubLabel+"="+chosen.Labels[velero.HubLabel])
	if err != nil {
		return nil, fmt.Errorf("listing backups: %w", err)
	}
	var better *velero.Backup
	for i := range backups {
		backup := &backups[i]
		if whole(backup, false) == nil && velero.Whole(backup) > velero.Whole(chosen) &&
			(better == nil || velero.Stamp(backup).After(velero.Stamp(better))) {
			better = backup
		}
	}
	return better, nil
}
