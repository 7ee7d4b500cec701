package restore

import (
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/duration"

	"github.com/acmdr/kubectl-acmdr/pkg/ocm"
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
	return duration.HumanDuration(r.Clock.Since(taken(backup)).Round(time.Second))
}

// Notes are what the operator should know before the plan is carried out.
func (p *Plan) Notes() []string {
	var notes []string
	for _, kind := range p.LeftOut {
		if kind.Unknown {
			notes = append(notes, fmt.Sprintf("%d %s are not restored: %s", kind.Count, kind.Resource, kind.Why))
		}
	}
	if p.manifest == nil {
		return notes
	}
	configured := 0
	for i, cluster := range p.manifest.clusters {
		if p.Clusters[i].ManagedCluster == ToCreate && cluster.Annotations[ocm.KlusterletConfigAnnotation] != "" {
			configured++
		}
	}
	if configured > 0 {
		notes = append(notes, fmt.Sprintf("KlusterletConfigs are used by %d of %d managed clusters: make sure that none names the old hub's URL",
			configured, len(p.Clusters)))
	}
	return notes
}
