package restore

import (
	"context"
	"fmt"
	"strings"

	"github.com/acmdr/kubectl-acmdr/pkg/velero"
)

// partial says of each cluster how much of it is missing in a backup that is PartiallyFailed: Velero's errors name the
// namespace of what it could not read.
func (r *Restorer) partial(ctx context.Context, plan *Plan) error {
	if plan.Source.Phase() == velero.BackupCompleted {
		return nil
	}
	if len(plan.Source.Missing) > 0 {
		plan.notes = append(plan.notes, fmt.Sprintf("backup %s lacks what %s would hold, of every cluster",
			plan.Source.Name, strings.Join(plan.Source.Missing, ", ")))
	}
	var results velero.Results
	for i := range plan.Parts {
		backup := plan.Parts[i].Backup
		if backup.Status.Phase != velero.BackupPartiallyFailed {
			continue
		}
		of, err := r.store().BackupResults(ctx, backup)
		if err != nil {
			return fmt.Errorf("which clusters are whole in backup %s cannot be told: %w", backup.Name, err)
		}
		plan.notes = append(plan.notes, fmt.Sprintf("backup %s is PartiallyFailed: %s", backup.Name, of.Why()))
		results.Add(of)
	}
	var whole, lacking []string
	for i := range plan.Clusters {
		cluster := &plan.Clusters[i]
		cluster.Lacks = results.ErrorsIn[cluster.Name]
		_, held := plan.manifest.namespaces[cluster.Name]
		if plan.Source.OfACM() {
			held = plan.manifest.inside.Has(cluster.Name)
		}
		if !held {
			cluster.Lacks++
		}
		if cluster.Lacks > 0 {
			lacking = append(lacking, fmt.Sprintf("%s (%d)", cluster.Name, cluster.Lacks))
		} else {
			whole = append(whole, cluster.Name)
		}
	}
	plan.notes = append(plan.notes, "whole in it: "+orNone(whole)+"; lacking objects: "+orNone(lacking))
	if elsewhere := results.ErrorsIn[""]; elsewhere > 0 {
		plan.notes = append(plan.notes, fmt.Sprintf("%d objects outside of namespaces are missing, or the errors do not say where", elsewhere))
	}
	return nil
}

func orNone(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}
