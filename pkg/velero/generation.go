package velero

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// acmHubLabel is the ClusterVersion id of the hub that ACM's cluster-backup-operator backed up (controllers/schedule.go).
const acmHubLabel = "cluster.open-cluster-management.io/backup-cluster"

// acmSchedules are the Velero Schedules that a BackupSchedule makes, all with one cron. That of acmValidation is left out.
var acmSchedules = map[string]bool{
	// Whether a generation cannot do without it.
	"acm-managed-clusters-schedule":    true,
	"acm-credentials-schedule":         true,
	"acm-resources-schedule":           true,
	"acm-resources-generic-schedule":   true,
	"acm-credentials-hive-schedule":    false, // until ACM 2.5
	"acm-credentials-cluster-schedule": false, // until ACM 2.5
}

// acmValidation begins the names of backups that ACM makes only to tell that the cron is alive: they hold nothing to restore.
const acmValidation = "acm-validation-policy-schedule-"

// sameGeneration is how far apart the backups of one set may be: the operator itself matches them within 30 s
// (controllers/restore.go).
const sameGeneration = 30 * time.Second

// generationPrefix begins the name of a generation; the time that ends its members' names follows.
const generationPrefix = "acm-"

// Generation is one set of backups that ACM made together: only all of them hold a fleet. Any other backup is a generation by itself.
type Generation struct {
	// Name is acm- and the time in the names of its backups, for example acm-20261125040000; that of a backup by itself is its own.
	Name string
	// Backups are its members, sorted by name, of one hub and one storage location.
	Backups []Backup
	// Missing are the schedules that have no backup in it.
	Missing []string

	// uid is that of the hub's kube-system, where another backup says to which ClusterVersion it belongs.
	uid string
}

// Generations finds ACM's sets among backups, the newest first; others are the backups that belong to none.
func Generations(backups []Backup) (generations []Generation, others []Backup) {
	var members []Backup
	for i := range backups {
		if _, _, ok := acmMember(&backups[i]); ok {
			members = append(members, backups[i])
		} else {
			others = append(others, backups[i])
		}
	}
	slices.SortStableFunc(members, func(a, b Backup) int {
		return cmp.Or(cmp.Compare(a.Labels[acmHubLabel], b.Labels[acmHubLabel]), cmp.Compare(a.Spec.StorageLocation, b.Spec.StorageLocation),
			Stamp(&a).Compare(Stamp(&b)), cmp.Compare(a.Name, b.Name))
	})
	for i := range members {
		if last := len(generations) - 1; last < 0 || !generations[last].takes(&members[i]) {
			_, stamp, _ := acmMember(&members[i])
			generations = append(generations, Generation{Name: generationPrefix + stamp})
		}
		last := &generations[len(generations)-1]
		last.Backups = append(last.Backups, members[i])
	}
	for i := range generations {
		generations[i].complete()
	}
	slices.SortStableFunc(generations, func(a, b Generation) int { return b.Taken().Compare(a.Taken()) })
	return generations, others
}

// Sources are what can be restored from, the newest first: ACM's sets, and every other backup by itself, but for those that hold
// nothing to restore.
func Sources(backups []Backup) []*Generation {
	made, others := Generations(backups)
	all := make([]*Generation, 0, len(made)+len(others))
	for i := range made {
		all = append(all, &made[i])
	}
	for i := range others {
		if !strings.HasPrefix(others[i].Name, acmValidation) {
			all = append(all, Alone(&others[i]))
		}
	}
	uids := map[string]string{}
	for i := range others {
		if labels := others[i].Labels; Made(labels) && labels[ClusterVersionLabel] != "" {
			uids[labels[ClusterVersionLabel]] = labels[HubLabel]
		}
	}
	for _, set := range all[:len(made)] {
		set.uid = uids[set.Hub()]
	}
	slices.SortStableFunc(all, func(a, b *Generation) int { return b.Taken().Compare(a.Taken()) })
	return all
}

// Alone is a backup that belongs to no set.
func Alone(backup *Backup) *Generation {
	return &Generation{Name: backup.Name, Backups: []Backup{*backup}}
}

// FindGeneration returns the set that a name means: that of a generation, or of any of its backups; nil when it means none. Sets of
// two hubs, or in two locations, may be called the same, which is an error; the names of their backups are not.
func FindGeneration(backups []Backup, name string) (*Generation, error) {
	var found []*Generation
	for _, source := range Sources(backups) {
		named := source.Name == name || slices.ContainsFunc(source.Backups, func(b Backup) bool { return b.Name == name })
		if source.OfACM() && named {
			found = append(found, source)
		}
	}
	switch len(found) {
	case 0:
		return nil, nil
	case 1:
		return found[0], nil
	}
	var sets []string
	for _, set := range found {
		first := &set.Backups[0]
		sets = append(sets, fmt.Sprintf("%s (hub %s, location %s)", first.Name, set.Hub(), first.Spec.StorageLocation))
	}
	return nil, fmt.Errorf("%d sets are called %s: name a backup of the one that is meant, such as %s", len(found), name, strings.Join(sets, " or "))
}

// takes tells whether a backup, which is not older than any member, belongs to the set.
func (g *Generation) takes(backup *Backup) bool {
	first := &g.Backups[0]
	if first.Labels[acmHubLabel] != backup.Labels[acmHubLabel] || first.Spec.StorageLocation != backup.Spec.StorageLocation ||
		Stamp(backup).Sub(Stamp(first)) > sameGeneration {
		return false
	}
	schedule, _, _ := acmMember(backup)
	return g.member(schedule) == nil
}

func (g *Generation) member(schedule string) *Backup {
	for i := range g.Backups {
		if of, _, _ := acmMember(&g.Backups[i]); of == schedule {
			return &g.Backups[i]
		}
	}
	return nil
}

func (g *Generation) complete() {
	slices.SortFunc(g.Backups, func(a, b Backup) int { return cmp.Compare(a.Name, b.Name) })
	for schedule, needed := range acmSchedules {
		if needed && g.member(schedule) == nil {
			g.Missing = append(g.Missing, schedule)
		}
	}
	slices.Sort(g.Missing)
}

// Taken is when the first of its backups was asked for.
func (g *Generation) Taken() time.Time {
	first := Stamp(&g.Backups[0])
	for i := range g.Backups {
		if stamp := Stamp(&g.Backups[i]); stamp.Before(first) {
			first = stamp
		}
	}
	return first
}

// Hub is the id of the hub that was backed up: the UID of kube-system where the plugin made the backup, or one of the same hub
// among its Sources; its ClusterVersion's in any other set of ACM's; empty where nobody said.
func (g *Generation) Hub() string {
	if g.uid != "" {
		return g.uid
	}
	labels := g.Backups[0].Labels
	if Made(labels) {
		return labels[HubLabel]
	}
	return labels[acmHubLabel]
}

// hubIDs are all ids of that hub: also its ClusterVersion's, where one of its backups says it.
func (g *Generation) hubIDs() []string {
	labels := g.Backups[0].Labels
	return []string{g.Hub(), labels[acmHubLabel], labels[ClusterVersionLabel]}
}

// OfACM tells whether it is a set that ACM made, or what there is of one. Such a set holds no ManifestWorks, and no Namespaces.
func (g *Generation) OfACM() bool { return Part(&g.Backups[0]) != "" }

// Part is what a backup brings to its set, such as managed-clusters; empty for one that belongs to none.
func Part(backup *Backup) string {
	schedule, _, _ := acmMember(backup)
	return strings.TrimSuffix(strings.TrimPrefix(schedule, generationPrefix), "-schedule")
}

// Phase is that of the set as a whole: Completed only when all of it is there and is Completed, else that of the first backup
// that is not.
func (g *Generation) Phase() BackupPhase {
	for i := range g.Backups {
		if phase := g.Backups[i].Status.Phase; phase != BackupCompleted {
			return phase
		}
	}
	if len(g.Missing) > 0 {
		return BackupPartiallyFailed
	}
	return BackupCompleted
}

// acmMember tells which of ACM's schedules made a backup, and the time in its name; ok is false for any other backup.
func acmMember(backup *Backup) (schedule, stamp string, ok bool) {
	schedule, stamp, _ = cutLast(backup.Name, "-")
	if _, known := acmSchedules[schedule]; !known {
		return "", "", false
	}
	if _, err := time.Parse(stampLayout, stamp); err != nil {
		return "", "", false
	}
	return schedule, stamp, true
}

// stampLayout is the time that Velero appends to the name of a schedule for that of its backup (Schedule.TimestampedName).
const stampLayout = "20060102150405"

// Stamp is when a backup was asked for: the time in its name where a schedule made it, else that of its start. The object's
// own age says nothing: on another hub it is as old as its arrival there.
func Stamp(backup *Backup) time.Time {
	if schedule := backup.Labels[ScheduleLabel]; schedule != "" || strings.HasPrefix(backup.Name, generationPrefix) {
		_, stamp, _ := cutLast(backup.Name, "-")
		if at, err := time.Parse(stampLayout, stamp); err == nil {
			return at
		}
	}
	if backup.Status.StartTimestamp != nil {
		return backup.Status.StartTimestamp.Time
	}
	return backup.CreationTimestamp.Time
}
