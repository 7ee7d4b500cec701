package restore

import (
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/acmdr/kubectl-acmdr/pkg/printing"
	"github.com/acmdr/kubectl-acmdr/pkg/restore"
	"github.com/acmdr/kubectl-acmdr/pkg/velero"
)

// planObject is the machine-readable form of a plan: all that a run would do, the Velero Restores and what they refer to included.
func planObject(plan *restore.Plan, restores []*velero.Restore) (*unstructured.Unstructured, error) {
	object := map[string]any{
		"apiVersion": printing.APIVersion, "kind": "RestorePlan", "metadata": map[string]any{"name": plan.Source.Name},
		"finished": plan.Finished, "shared": counts(plan.Shared),
	}
	var backups, clusters, leftOut, checks, notes, made, settings []any
	for _, part := range plan.Parts {
		backups = append(backups, part.Backup.Name)
	}
	for _, cluster := range plan.Clusters {
		view := counts(cluster.Counts)
		view["name"], view["managedCluster"], view["missing"] = cluster.Name, string(cluster.ManagedCluster), int64(cluster.Lacks)
		if cluster.Credential != "" {
			view["credential"] = cluster.Credential
		}
		if cluster.Err != nil {
			view["message"] = cluster.Err.Error()
		}
		clusters = append(clusters, view)
	}
	for _, kind := range plan.LeftOut {
		leftOut = append(leftOut, map[string]any{"resource": kind.Resource, "count": int64(kind.Count), "reason": kind.Why})
	}
	for _, row := range plan.Checks {
		checks = append(checks, map[string]any{"check": row.Name, "result": string(row.Result), "reason": row.Reason, "remedy": row.Remedy})
	}
	for _, note := range plan.Notes() {
		notes = append(notes, note)
	}
	for _, each := range restores {
		content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(each)
		if err != nil {
			return nil, fmt.Errorf("encoding restore %s: %w", each.Name, err)
		}
		made = append(made, content)
	}
	for _, each := range plan.Settings {
		content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(each)
		if err != nil {
			return nil, fmt.Errorf("encoding ConfigMap %s: %w", each.Name, err)
		}
		settings = append(settings, content)
	}
	for field, list := range map[string][]any{
		"backups": backups, "clusters": clusters, "leftOut": leftOut, "checks": checks, "notes": notes, "restores": made, "configMaps": settings,
	} {
		object[field] = list
		if list == nil {
			object[field] = []any{}
		}
	}
	return &unstructured.Unstructured{Object: object}, nil
}

func counts(of restore.Counts) map[string]any {
	return map[string]any{
		"create": int64(of.Create), "update": int64(of.Update), "skip": int64(of.Skip), "conflict": int64(of.Conflict), "scrub": int64(of.Scrub),
	}
}
