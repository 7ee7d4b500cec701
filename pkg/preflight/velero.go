package preflight

import (
	"fmt"
	"slices"

	"github.com/acmdr/kubectl-acmdr/pkg/velero"
)

// What a server should have at least.
const (
	minQPS    = 500
	minMemory = 512 << 20
	bigMemory = 2 << 30
	// manyItems is a number of objects that does not fit Velero's default limit: it holds a whole kind at once.
	manyItems = 10_000
)

// Server checks Velero's server for the size of what is to be done; items is 0 when that is not known.
func Server(server *velero.Server, items int) []Row {
	rows := []Row{serverVersion(server.Version)}
	if server.Limits == nil {
		return append(rows, Row{
			Name: "velero limits", Result: Warn, Reason: "its Deployment may not be read, so they are not known",
			Remedy: "let this user get deployments in Velero's namespace",
		})
	}
	rows = append(rows, requests(server.Limits), memory(server.Limits.Memory, items))
	if server.Limits.OpenShift {
		rows = append(rows, openShift(items))
	}
	return rows
}

func serverVersion(v velero.Version) Row {
	row := Row{Name: "velero version", Result: Warn, Remedy: "upgrade Velero to " + velero.FilteringVersion + " or later"}
	switch {
	case !v.Known():
		row.Reason = "neither the image of the server nor the server itself tells it; " + velero.FilteringVersion + " or later is needed for all of it"
		row.Remedy = ""
	case v.Expands():
		row.Result = Fail
		row.Reason = v.String() + " lists every namespace by itself and takes minutes for a handful of objects (velero#9869)"
	case !v.FiltersRestores():
		row.Reason = v.String() + " has no filter policies for restores: a subset of clusters is given as a list of names, which is slow"
	default:
		return Passed(row.Name, "%s", v)
	}
	return row
}

func requests(limits *velero.Limits) Row {
	const name = "velero client QPS"
	if limits.QPS < minQPS {
		return Row{
			Name: name, Result: Warn,
			Reason: fmt.Sprintf("the server may make %g requests a second in bursts of %g, which bounds a restore at %g objects a second",
				limits.QPS, limits.Burst, limits.QPS/2),
			Remedy: "give it --client-qps=1000 --client-burst=1000",
		}
	}
	return Passed(name, "%g, in bursts of %g", limits.QPS, limits.Burst)
}

func memory(limit int64, items int) Row {
	const name = "velero memory limit"
	enough := int64(minMemory)
	if items >= manyItems {
		enough = bigMemory
	}
	switch {
	case limit == 0:
		return Passed(name, "none")
	case limit < enough:
		return Row{
			Name: name, Result: Warn,
			Reason: fmt.Sprintf("%d MiB is little for %d objects: the server is ended in the middle when it needs more", limit>>20, items),
			Remedy: "give the server 4Gi",
		}
	}
	return Passed(name, "%d MiB", limit>>20)
}

// openShift is about the plugin that OADP has beside Velero's own: 1,800 secrets took 12 minutes with it
// (openshift/openshift-velero-plugin#83).
func openShift(items int) Row {
	const name = "velero plugins"
	if items >= manyItems {
		return Row{
			Name: name, Result: Warn,
			Reason: fmt.Sprintf("the openshift plugin is asked about each of %d objects, which may bound it at a few objects a second", items),
			Remedy: "take openshift out of the defaultPlugins of the DataProtectionApplication, unless other backups need it",
		}
	}
	return Passed(name, "the openshift plugin is asked about each object, which is slow for many")
}

// Location checks where backups are kept. ReadOnly is how a standby hub should have it.
func Location(location *velero.Location) Row {
	const name = "location"
	if location.Status.Phase != velero.LocationAvailable {
		return Row{Name: name, Result: Fail, Reason: velero.Unavailable(location).Error()}
	}
	mode := location.Spec.AccessMode
	if mode == "" {
		mode = velero.LocationReadWrite
	}
	return Passed(name, "%s/%s is Available, %s", location.Namespace, location.Name, mode)
}

// Restores checks that no other Restore is in progress: Velero makes one at a time, and two would write the same objects.
// own are the names of those to go on with.
func Restores(restores []velero.Restore, own ...string) Row {
	const name = "other restores"
	for i := range restores {
		restore := &restores[i]
		if ended, _ := velero.RestoreEnded(restore.Status.Phase); ended || slices.Contains(own, restore.Name) {
			continue
		}
		phase := restore.Status.Phase
		if phase == "" {
			phase = "New"
		}
		return Row{
			Name: name, Result: Fail,
			Reason: fmt.Sprintf("restore %s of backup %s is %s", restore.Name, restore.Spec.BackupName, phase),
			Remedy: "wait until it has ended, then run the same command again",
		}
	}
	return Passed(name, "none is in progress")
}
