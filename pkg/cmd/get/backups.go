package get

import (
	"context"
	"fmt"
	"strconv"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/duration"
	"k8s.io/kubectl/pkg/util/templates"
	"k8s.io/utils/clock"

	"github.com/acmdr/kubectl-acmdr/pkg/fleet"
	"github.com/acmdr/kubectl-acmdr/pkg/printing"
	"github.com/acmdr/kubectl-acmdr/pkg/velero"
)

var backupsLong = templates.LongDesc(`
	List the backups that this hub sees, its own and those of other hubs. The backups that ACM makes together
	(acm-*-schedule) are one row, named after their time: only all of them hold a fleet. That name lists them. One of them that
	is named by itself, or that a selector picks out, has a row of its own.`)

var backupsExample = templates.Examples(`
	# The backups that this hub sees in the bucket, its own and those of other hubs
	kubectl acmdr get backups

	# With the hub that each was taken of, and how much room it takes
	kubectl acmdr get backups -o wide --context hub-dr2

	# A set of backups that ACM made, and one of them
	kubectl acmdr get backups acm-20261125040000
	kubectl acmdr get backups acm-credentials-schedule-20261125040000

	# The phase of one
	kubectl acmdr get backups before-upgrade -o jsonpath='{.status.phase}'`)

// backups lists Velero's Backups.
func backups() kind {
	return kind{
		use:      "backups",
		aliases:  []string{"backup"},
		short:    "List the backups that this hub sees",
		long:     backupsLong,
		example:  backupsExample,
		resource: velero.BackupResource,
		columns: printing.Columns([]string{"Name", "Status", "Clusters", "Items", "Errors", "Warnings", "Taken", "Expires", "Location", "Age"},
			"Hub", "Duration", "Size"),
		velero: true,
		rows:   backupRows,
		expand: members,
	}
}

// backupRows has one row for each of ACM's sets of backups: only together do they hold a fleet. What was chosen of a set, by name
// or selector, is no set: each has its own row.
func backupRows(ctx context.Context, from source, listed []unstructured.Unstructured) (rowFunc, error) {
	shown, err := decode(listed)
	if err != nil {
		return nil, err
	}
	sizes := map[string]int64{}
	if from.wide {
		sizes = measure(ctx, from, shown)
	}
	all := shown
	if from.chosen {
		if all, err = from.velero.Backups.List(ctx, ""); err != nil {
			return nil, fmt.Errorf("listing backups: %w", err)
		}
	}
	names := map[string]bool{}
	for i := range shown {
		names[shown[i].Name] = true
	}
	of, whole := map[string]*velero.Generation{}, map[*velero.Generation]bool{}
	for _, source := range velero.Sources(all) {
		whole[source] = source.OfACM()
		for i := range source.Backups {
			member := source.Backups[i].Name
			of[member], whole[source] = source, whole[source] && names[member]
		}
	}
	return func(object *unstructured.Unstructured, now time.Time) (metav1.TableRow, error) {
		source := of[object.GetName()]
		if whole[source] && source.Backups[0].Name != object.GetName() {
			return metav1.TableRow{}, nil
		}
		if whole[source] {
			return generationRow(source, sizes, now), nil
		}
		backups, err := decode([]unstructured.Unstructured{*object})
		if err != nil {
			return metav1.TableRow{}, err
		}
		if source == nil {
			source = velero.Alone(&backups[0])
		}
		row := backupRow(&backups[0], source.Hub(), size(sizes, object.GetName()), now)
		row.Object.Object = object
		return row, nil
	}, nil
}

func decode(listed []unstructured.Unstructured) ([]velero.Backup, error) {
	backups := make([]velero.Backup, len(listed))
	for i := range listed {
		if err := runtime.DefaultUnstructuredConverter.FromUnstructured(listed[i].Object, &backups[i]); err != nil {
			return nil, err
		}
	}
	return backups, nil
}

// members are the backups that a name means: those of the sets of ACM's that are called so, or the one of that name.
func members(name string, listed []unstructured.Unstructured) []string {
	backups, err := decode(listed)
	if err != nil {
		return []string{name}
	}
	var names []string
	for _, source := range velero.Sources(backups) {
		for i := range source.Backups {
			if source.OfACM() && source.Name == name {
				names = append(names, source.Backups[i].Name)
			}
		}
	}
	if len(names) == 0 {
		return []string{name}
	}
	return names
}

// parallelSizes is how many backups are measured at the same time; Velero signs one URL after another.
const parallelSizes = 5

// measure says how many bytes each backup takes in its bucket, and all of them together. One that cannot be measured is left out.
func measure(ctx context.Context, from source, backups []velero.Backup) map[string]int64 {
	store := &velero.Downloader{API: from.velero, Kube: from.hub.Kube, Clock: clock.RealClock{}}
	type measured struct {
		bytes int64
		err   error
	}
	var stored []*velero.Backup
	for i := range backups {
		if ended, _ := velero.BackupEnded(backups[i].Status.Phase); ended && backups[i].Status.Phase != velero.BackupFailedValidation {
			stored = append(stored, &backups[i])
		}
	}
	results := fleet.Run(ctx, stored, parallelSizes, func(ctx context.Context, backup *velero.Backup) measured {
		bytes, err := store.BackupSize(ctx, backup)
		return measured{bytes, err}
	})
	sizes, total := map[string]int64{}, int64(0)
	for i, result := range results {
		if result.err != nil {
			fmt.Fprintf(from.errOut, "warning: the size of backup %s is not known: %v\n", stored[i].Name, result.err)
			continue
		}
		sizes[stored[i].Name] = result.bytes
		total += result.bytes
	}
	if len(sizes) > 0 {
		fmt.Fprintf(from.errOut, "%s in %s.\n", printing.Size(total), printing.Count(len(sizes), "backup"))
	}
	return sizes
}

func size(sizes map[string]int64, name string) string {
	if bytes, ok := sizes[name]; ok {
		return printing.Size(bytes)
	}
	return printing.None
}

// generationRow is the row of a set: its backups' numbers added up, the worst of their phases.
func generationRow(generation *velero.Generation, sizes map[string]int64, now time.Time) metav1.TableRow {
	sum := generation.Backups[0].DeepCopy()
	sum.Name, sum.Annotations = generation.Name, nil
	sum.Status.Phase = generation.Phase()
	sum.Status.Progress = &velero.BackupProgress{}
	sum.Status.Errors, sum.Status.Warnings = 0, 0
	bytes, known := int64(0), true
	for i := range generation.Backups {
		status := generation.Backups[i].Status
		sum.Status.Errors += status.Errors
		sum.Status.Warnings += status.Warnings
		if status.Progress != nil {
			sum.Status.Progress.ItemsBackedUp += status.Progress.ItemsBackedUp
		}
		if later := status.CompletionTimestamp; later != nil && (sum.Status.CompletionTimestamp == nil || sum.Status.CompletionTimestamp.Before(later)) {
			sum.Status.CompletionTimestamp = later
		}
		n, ok := sizes[generation.Backups[i].Name]
		bytes, known = bytes+n, known && ok
	}
	total := printing.None
	if known {
		total = printing.Size(bytes)
	}
	return backupRow(sum, generation.Hub(), total, now)
}

func backupRow(backup *velero.Backup, hub, bytes string, now time.Time) metav1.TableRow {
	status := backup.Status
	items := printing.None
	if status.Progress != nil {
		items = strconv.Itoa(status.Progress.ItemsBackedUp)
	}
	return printing.Row(
		backup.Name,
		phase(string(status.Phase)),
		backup.Annotations[velero.ClustersAnnotation],
		items,
		status.Errors,
		status.Warnings,
		ago(now, status.StartTimestamp),
		until(now, status.Expiration),
		backup.Spec.StorageLocation,
		printing.Age(now, backup.CreationTimestamp.Time),
		hub,
		took(status.StartTimestamp, status.CompletionTimestamp),
		bytes,
	)
}

// phase is Velero's word for where it is; it sets none before it has looked.
func phase(phase string) string {
	if phase == "" {
		return "New"
	}
	return phase
}

// ago is when something began: the age of a backup's object on another hub tells only when it arrived there.
func ago(now time.Time, then *metav1.Time) string {
	if then == nil {
		return printing.None
	}
	return printing.Age(now, then.Time) + " ago"
}

func until(now time.Time, then *metav1.Time) string {
	if then == nil {
		return printing.None
	}
	return duration.HumanDuration(then.Sub(now))
}

func took(began, ended *metav1.Time) string {
	if began == nil || ended == nil {
		return printing.None
	}
	return printing.Elapsed(ended.Sub(began.Time))
}
