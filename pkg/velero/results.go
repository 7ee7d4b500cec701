package velero

import (
	"context"
	"maps"
	"slices"

	velerov1 "github.com/vmware-tanzu/velero/pkg/apis/velero/v1"
	"github.com/vmware-tanzu/velero/pkg/util/results"
)

// Results are the warnings and errors of a backup or a restore, grouped by cause.
type Results struct {
	Errors   []Cause
	Warnings []Cause
	// ErrorsIn counts the errors by namespace; "" is for those about cluster-scoped objects or Velero itself.
	ErrorsIn map[string]int
}

// BackupResults fetches the results of a backup that has ended.
func (d *Downloader) BackupResults(ctx context.Context, backup *Backup) (Results, error) {
	return d.results(ctx, backup.Spec.StorageLocation, BackupResults, backup.Name)
}

// RestoreResults fetches the results of a restore that has ended; Velero keeps them beside the backup, in its location.
func (d *Downloader) RestoreResults(ctx context.Context, location string, restore *Restore) (Results, error) {
	return d.results(ctx, location, RestoreResults, restore.Name)
}

func (d *Downloader) results(ctx context.Context, location string, kind velerov1.DownloadTargetKind, name string) (Results, error) {
	var stored map[string]results.Result
	if err := d.document(ctx, location, kind, name, &stored); err != nil {
		return Results{}, err
	}
	failed := stored["errors"]
	counts := map[string]int{"": len(failed.Velero) + len(failed.Cluster)}
	for namespace, messages := range failed.Namespaces {
		counts[namespace] += len(messages)
	}
	return Results{Errors: causes(failed), Warnings: causes(stored["warnings"]), ErrorsIn: counts}, nil
}

// Add puts others beside what is there: those of the next restore of a set.
func (r *Results) Add(other Results) {
	r.Errors, r.Warnings = together(r.Errors, other.Errors), together(r.Warnings, other.Warnings)
	for namespace, n := range other.ErrorsIn {
		if r.ErrorsIn == nil {
			r.ErrorsIn = map[string]int{}
		}
		r.ErrorsIn[namespace] += n
	}
}

func together(some, more []Cause) []Cause {
	all := slices.Clone(some)
	for _, cause := range more {
		if i := slices.IndexFunc(all, func(c Cause) bool { return c.Reason == cause.Reason }); i >= 0 {
			all[i].Count += cause.Count
			all[i].Namespaces = max(all[i].Namespaces, cause.Namespaces) // some may be the same
		} else {
			all = append(all, cause)
		}
	}
	slices.SortStableFunc(all, func(a, b Cause) int { return b.Count - a.Count })
	return all
}

// Cause is one reason that many messages have in common.
type Cause struct {
	// Reason is the message without what differs from object to object, in plain words where the plugin knows it.
	Reason string
	Count  int
	// Namespaces is how many namespaces it touched; 0 when it was about cluster-scoped objects or Velero itself.
	Namespaces int
	// Example is one of the messages as Velero wrote it, with its namespace.
	Example string
	// Expected tells that it is part of a good restore.
	Expected bool
}

// causes groups the messages of a result, the most frequent first.
func causes(result results.Result) []Cause {
	groups := map[string]*Cause{}
	add := func(namespace string, messages []string) {
		touched := map[string]bool{}
		for _, message := range messages {
			class := explain(message)
			cause := groups[class.reason]
			if cause == nil {
				cause = &Cause{Reason: class.reason, Expected: class.expected, Example: message}
				if namespace != "" {
					cause.Example = namespace + ": " + message
				}
				groups[class.reason] = cause
			}
			cause.Count++
			if namespace != "" && !touched[class.reason] {
				cause.Namespaces++
				touched[class.reason] = true
			}
		}
	}
	add("", result.Velero)
	add("", result.Cluster)
	for _, namespace := range slices.Sorted(maps.Keys(result.Namespaces)) {
		add(namespace, result.Namespaces[namespace])
	}
	grouped := make([]Cause, 0, len(groups))
	for _, reason := range slices.Sorted(maps.Keys(groups)) {
		grouped = append(grouped, *groups[reason])
	}
	slices.SortStableFunc(grouped, func(a, b Cause) int { return b.Count - a.Count })
	return grouped
}
