package restore

import (
	"time"

	"github.com/acmdr/kubectl-acmdr/pkg/velero"
)

// Part is one backup of what is restored, and the Velero Restore that brings it. There is one part, or, of a set that ACM made,
// one for each of its backups.
type Part struct {
	Backup *velero.Backup
	// Restore was begun, or ended, by an earlier run, or made by this one; nil when there is none yet.
	Restore *velero.Restore

	// name is what the user wants the Restore to be called; empty for one made of the backup's name and the time.
	name string
}

// partsOf are the parts of a source. The name that the user gave is that of the Restore, or begins those of a set.
func partsOf(source *velero.Generation, name string) []Part {
	parts := make([]Part, len(source.Backups))
	for i := range source.Backups {
		parts[i] = Part{Backup: &source.Backups[i], name: name}
		if part := velero.Part(parts[i].Backup); name != "" && part != "" {
			parts[i].name = name + "-" + part
		}
	}
	return parts
}

// finished tells whether an earlier run has done all of a part.
func (p *Part) finished() bool {
	return p.Restore != nil && p.Restore.Annotations[velero.FinishedAnnotation] != ""
}

// Items is the number of objects that Velero went through.
func (p *Part) Items() int {
	if p.Restore.Status.Progress == nil {
		return 0
	}
	return p.Restore.Status.Progress.ItemsRestored
}

// Duration is how long Velero took.
func (p *Part) Duration() time.Duration {
	status := p.Restore.Status
	if status.StartTimestamp == nil || status.CompletionTimestamp == nil {
		return 0
	}
	return status.CompletionTimestamp.Sub(status.StartTimestamp.Time)
}
