package restore

import (
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/duration"

	"github.com/acmdr/kubectl-acmdr/pkg/velero"
)

// origin says in words of which hub a backup is.
func origin(backup *velero.Backup, hub types.UID) string {
	switch {
	case backup.Labels[velero.HubLabel] == "":
		return "of an unknown hub"
	case of(backup, hub):
		return "of this very hub"
	}
	return "of another hub"
}

func (r *Restorer) age(backup *velero.Backup) string {
	return duration.HumanDuration(r.Clock.Since(velero.Stamp(backup)).Round(time.Second))
}

// Notes are what the operator should know before the plan is carried out, beside the checks.
func (p *Plan) Notes() []string {
	notes := p.notes
	if p.manifest == nil {
		return notes
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
