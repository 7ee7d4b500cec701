package check

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/util/duration"
	"k8s.io/apimachinery/pkg/util/sets"

	"github.com/acmdr/kubectl-acmdr/pkg/inspect"
	"github.com/acmdr/kubectl-acmdr/pkg/preflight"
	"github.com/acmdr/kubectl-acmdr/pkg/schedule"
	"github.com/acmdr/kubectl-acmdr/pkg/velero"
)

// standby tells whether the hub is one that would take a fleet over: it may only read the bucket, or only others have
// written there. Backups that do not say of which hub they are may be this hub's.
func (c *checker) standby() bool {
	own, others, _ := velero.Apart(c.hubs)
	return c.readOnly() || own == nil && len(others) > 0
}

func isOther(hub *velero.Hub) bool { return !hub.Own && hub.ID != "" }

// own is this hub among those that wrote to the bucket; nil when it did not.
func (c *checker) own() *velero.Hub {
	if at := slices.IndexFunc(c.hubs, func(hub *velero.Hub) bool { return hub.Own }); at >= 0 {
		return c.hubs[at]
	}
	return nil
}

// best is the hub whose newest backup a fleet would be restored from today, chosen as restore does: on a standby hub among the
// others, elsewhere this one; at last the unknown one. Several others are an error, which comes with them all.
func (c *checker) best() ([]*velero.Hub, error) {
	standby, hubs := c.standby(), c.hubs
	if !standby {
		hubs = slices.DeleteFunc(slices.Clone(hubs), isOther)
	}
	hub, err := velero.ChooseHub(hubs, "")
	if several, ok := errors.AsType[*velero.SeveralHubs](err); ok {
		return several.Hubs, err
	}
	if hub == nil || hub.Own && standby {
		return nil, err
	}
	return []*velero.Hub{hub}, nil
}

// newest checks the age of that backup, that it holds the fleet, and how the store keeps it; of several hubs, of each.
func (c *checker) newest(ctx context.Context) ([]Row, error) {
	const age, content = "newest backup", "backup's content"
	if c.location == nil {
		return nil, nil
	}
	best, several := c.best()
	var rows []Row
	switch {
	case several != nil:
		rows = append(rows, Row{
			Name: age, Result: preflight.Warn, Reason: several.Error(), Remedy: "on the day restore needs --from-hub: note which hub is whose",
		})
	case len(best) == 0 && c.standby():
		rows = append(rows, Row{
			Name: age, Result: preflight.Fail, Reason: "there is no Completed backup of another hub's whole fleet",
			Remedy: "run 'kubectl acmdr backup' on the active hub; is this location its bucket and prefix?",
		})
	case len(best) == 0:
		rows = append(rows, Row{
			Name: age, Result: preflight.Fail,
			Reason: "there is no Completed backup of this hub's whole fleet", Remedy: "run 'kubectl acmdr backup'",
		})
	}
	for _, hub := range best {
		source := hub.Sources[0]
		rows = append(rows, c.age(age, source))
		if !c.usable() {
			continue
		}
		more, err := c.read(ctx, content, source)
		if err != nil {
			more, _ = found(content, err, "see that this machine reaches the object store, or run install with --public-url")
		}
		rows = append(rows, more...)
	}
	return rows, nil
}

// read downloads what is needed of a backup, or of all in a set.
func (c *checker) read(ctx context.Context, name string, source *velero.Generation) ([]Row, error) {
	store := &velero.Downloader{API: c.hub.Velero, Kube: c.hub.Kube, Clock: c.hub.Clock}
	first := &source.Backups[0]
	file, err := store.Open(ctx, first.Spec.StorageLocation, velero.BackupContents, first.Name)
	if err != nil {
		return nil, err
	}
	_ = file.Close()
	inventory := inspect.New()
	row := Row{Name: name, Result: preflight.Fail, Remedy: c.backUp()}
	for i := range source.Backups {
		if err = inventory.Backup(ctx, store, &source.Backups[i]); err != nil {
			break
		}
	}
	if bad, ok := errors.AsType[*velero.BadContents](err); ok {
		row.Reason = fmt.Sprintf("%s is worth nothing: %v", source.Name, bad)
	} else if err != nil {
		return nil, err
	} else {
		row = c.content(name, source, inventory.Report(ctx, c.hub.Clock.Now()))
	}
	rows := []Row{encryption(c.location, source.Name, file), row}
	if !file.Date.IsZero() && c.hub.Config != nil {
		skew := file.Date.Sub(c.hub.Clock.Now().Truncate(time.Second))
		rows = append(rows, preflight.Clock("the object store", "the hub", skew-c.skew, true))
	}
	return rows, nil
}

// backUp is the remedy of a backup that does not do.
func (c *checker) backUp() string {
	if c.standby() {
		return "run 'kubectl acmdr backup' on the active hub"
	}
	return "run 'kubectl acmdr backup'"
}

func (c *checker) age(name string, source *velero.Generation) Row {
	old := c.hub.Clock.Now().Sub(source.Taken())
	reason := fmt.Sprintf("%s is %s old", source.Name, duration.HumanDuration(old))
	if old > c.options.RPO {
		return Row{
			Name: name, Result: preflight.Fail, Reason: reason + ", more than --rpo " + duration.HumanDuration(c.options.RPO),
			Remedy: c.backUp() + ", and see that its schedule runs",
		}
	}
	return preflight.Passed(name, "%s", reason)
}

// content checks, by the bytes of the backup, that the clusters of the hub are in it and could be brought back by it alone; on a
// standby hub, which does not know them, that there are any.
func (c *checker) content(name string, source *velero.Generation, report *inspect.Report) Row {
	held := sets.New[string]()
	var missing, unusable []string
	for _, cluster := range report.Clusters {
		if cluster.Verdict == inspect.Incomplete || !cluster.Namespace && !source.OfACM() {
			continue
		}
		held.Insert(cluster.Name)
		if cluster.Verdict != inspect.OK {
			unusable = append(unusable, fmt.Sprintf("%s (%s)", cluster.Name, cluster.Verdict))
		}
	}
	for i := range c.clusters {
		if cluster := c.clusters[i].Name; !c.standby() && !held.Has(cluster) {
			missing = append(missing, cluster)
		}
	}
	row := Row{Name: name, Result: preflight.Fail, Remedy: c.backUp()}
	switch {
	case len(missing) > 0:
		slices.Sort(missing)
		row.Reason = fmt.Sprintf("%d of the %d managed clusters are not in %s: %s", len(missing), len(c.clusters), source.Name, preflight.Few(missing))
	case held.Len() == 0:
		row.Reason = "no managed cluster is in " + source.Name
	case len(unusable) > 0:
		row.Result = preflight.Warn
		row.Reason = fmt.Sprintf("%d of %d managed clusters could not be brought back by %s alone: %s",
			len(unusable), held.Len(), source.Name, preflight.Few(unusable))
		row.Remedy = "run 'kubectl acmdr inspect " + source.Name + "'"
	case source.OfACM():
		row.Result = preflight.Warn
		row.Reason = fmt.Sprintf("%d managed clusters are in %s, and none of the workloads: ACM backs up no ManifestWorks", held.Len(), source.Name)
		row.Remedy = "on the active hub run: " + schedule.Example
	default:
		return preflight.Passed(name, "%d managed clusters are in %s, and could be brought back by it alone", held.Len(), source.Name)
	}
	return row
}

// otherHubs checks who else writes to the bucket. Velero of every hub that may write deletes what has expired, and a standby
// hub that backs itself up mixes its empty fleet with the real one.
func (c *checker) otherHubs(context.Context) ([]Row, error) {
	const name = "other hubs on the bucket"
	if c.location == nil {
		return nil, nil
	}
	var others []string
	recent := false
	for _, hub := range c.hubs {
		if !isOther(hub) {
			continue
		}
		old := c.hub.Clock.Now().Sub(hub.Sources[0].Taken())
		recent = recent || old <= c.options.RPO
		others = append(others, fmt.Sprintf("%s wrote %s ago", short(hub.ID), duration.HumanDuration(old)))
	}
	readOnly := "run: " + velero.AccessCommand(c.location.Namespace, c.location.Name, velero.ReadOnly)
	if !c.standby() {
		readOnly = "on the standby hub " + readOnly
	}
	text := strings.Join(others, ", ")
	switch {
	case len(others) == 0 && !c.usable():
		return []Row{{Name: name, Result: preflight.Warn, Reason: "not known: " + c.unknown(), Remedy: "mend that first"}}, nil
	case len(others) == 0:
		return []Row{preflight.Passed(name, "none has written there")}, nil
	case c.readOnly():
		return []Row{preflight.Passed(name, "hub %s; this one only reads", text)}, nil
	case c.own() == nil:
		return []Row{{Name: name, Result: preflight.Warn, Reason: "hub " + text + ", and this hub may write and delete there too", Remedy: readOnly}}, nil
	case recent:
		return []Row{{Name: name, Result: preflight.Warn, Reason: "hub " + text + ", and this hub writes there too", Remedy: readOnly}}, nil
	}
	return []Row{preflight.Passed(name, "hub %s; none since", text)}, nil
}

// short is enough of an id to tell hubs apart.
func short(hub string) string {
	const enough = 8
	return hub[:min(len(hub), enough)]
}

// schedules checks that the active hub is backed up again and again.
func (c *checker) schedules(ctx context.Context) ([]Row, error) {
	const name = "schedule"
	if c.location == nil {
		return nil, nil
	}
	schedules, err := c.hub.Velero.Schedules.List(ctx, "")
	if err != nil {
		return nil, fmt.Errorf("listing schedules: %w", err)
	}
	var names, running, stopped []string
	for i := range schedules {
		if schedules[i].Spec.Paused || len(schedules[i].Status.ValidationErrors) > 0 {
			stopped = append(stopped, schedules[i].Name)
			continue
		}
		names = append(names, schedules[i].Name)
		running = append(running, fmt.Sprintf("%s (%s)", schedules[i].Name, schedules[i].Spec.Schedule))
	}
	switch {
	case c.standby() && len(running) > 0:
		return []Row{{
			Name: name, Result: preflight.Warn, Reason: "this standby hub backs itself up by " + preflight.Few(running),
			Remedy: "until this hub has taken over run: kubectl acmdr schedule pause " + names[0],
		}}, nil
	case c.standby():
		return []Row{preflight.Passed(name, "none runs, as it should be on a standby hub")}, nil
	case len(running) > 0:
		return []Row{preflight.Passed(name, "%s", preflight.Few(running))}, nil
	case len(stopped) > 0:
		return []Row{{
			Name: name, Result: preflight.Warn, Reason: preflight.Few(stopped) + " is paused or refused",
			Remedy: "run: kubectl acmdr schedule resume " + stopped[0],
		}}, nil
	}
	return []Row{{Name: name, Result: preflight.Warn, Reason: "nothing backs this hub up by itself", Remedy: "run: " + schedule.Example}}, nil
}
