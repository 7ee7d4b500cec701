package check

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/util/duration"
	"k8s.io/client-go/dynamic"

	"github.com/acmdr/kubectl-acmdr/pkg/access"
	"github.com/acmdr/kubectl-acmdr/pkg/preflight"
	"github.com/acmdr/kubectl-acmdr/pkg/workloads"
)

// Cluster is what was found by opening one managed cluster.
type Cluster struct {
	Name string
	// Err is why no credential opens it.
	Err error
	// Source is the kind of credential that does, NotAfter when it expires; zero when it does not say.
	Source   string
	NotAfter time.Time
	// Losses are what its agent has applied and no ManifestWork of the hub holds.
	Losses []workloads.Loss
	// WorksErr is why that is not known.
	WorksErr error
}

// Probe opens one managed cluster the way a move would, and looks for workloads that a move to this hub would lose. It is
// called for many clusters at a time.
func Probe(ctx context.Context, finder *access.Finder, hub dynamic.Interface, name string) Cluster {
	found := Cluster{Name: name}
	managed, err := finder.Open(ctx, name)
	if err != nil {
		found.Err = err
		return found
	}
	found.Source, found.NotAfter = managed.Credential.Source, managed.Credential.NotAfter
	found.Losses, found.WorksErr = atRisk(ctx, hub, managed, name)
	return found
}

func atRisk(ctx context.Context, hub dynamic.Interface, managed *access.Managed, name string) ([]workloads.Loss, error) {
	applied, err := workloads.Applied(ctx, managed.Dynamic, managed.AgentID)
	if err != nil || len(applied) == 0 {
		return nil, err
	}
	works, err := workloads.Works(ctx, hub, name)
	if err != nil {
		return nil, err
	}
	losses := workloads.AtRisk(applied, works)
	orphans, err := workloads.FindOrphans(ctx, managed.Dynamic, losses)
	return workloads.Without(losses, orphans), err
}

// Fleet sums the clusters up: a row for all credentials and one for all works, then a row for each cluster that is not well.
func Fleet(clusters []Cluster, options Options, now time.Time) []Row {
	return append(credentials(clusters, options.Soon, now), works(clusters)...)
}

func credentials(clusters []Cluster, soon time.Duration, now time.Time) []Row {
	const name = "credentials"
	var first *Cluster
	var rows []Row
	open := 0
	for i := range clusters {
		cluster := &clusters[i]
		if row, ok := credential(cluster, soon, now); !ok {
			rows = append(rows, row)
		}
		if cluster.Err != nil {
			continue
		}
		open++
		if !cluster.NotAfter.IsZero() && (first == nil || cluster.NotAfter.Before(first.NotAfter)) {
			first = cluster
		}
	}
	sum := preflight.Passed(name, "%d of %d managed clusters can be opened", open, len(clusters))
	if first != nil {
		sum.Reason += fmt.Sprintf("; the first to expire is that of %s, in %s", first.Name, duration.HumanDuration(first.NotAfter.Sub(now)))
	}
	switch {
	case len(clusters) == 0:
		sum.Reason = "this hub has no managed cluster"
	case open < len(clusters):
		sum.Result, sum.Remedy = preflight.Fail, "see 'kubectl acmdr get credentials'"
	}
	return slices.Concat([]Row{sum}, rows)
}

// credential is the row of one cluster, and whether it is well.
func credential(cluster *Cluster, soon time.Duration, now time.Time) (row Row, ok bool) {
	row = Row{Name: "credential of " + cluster.Name, Result: preflight.Fail}
	left := cluster.NotAfter.Sub(now)
	switch {
	case errors.Is(cluster.Err, access.ErrNoCredential):
		row.Reason = "the hub has none"
		row.Remedy = "keep a kubeconfig of it outside of the hub, for --managed-kubeconfig-dir"
	case cluster.Err != nil:
		row.Reason = strings.ReplaceAll(cluster.Err.Error(), "\n", "; ")
		row.Remedy = "renew it, or keep a kubeconfig of the cluster outside of the hub, for --managed-kubeconfig-dir"
	case !cluster.NotAfter.IsZero() && left < soon:
		row.Result = preflight.Warn
		row.Reason = fmt.Sprintf("it is of %s and expires in %s, on %s",
			cluster.Source, duration.HumanDuration(left), cluster.NotAfter.UTC().Format(time.RFC3339))
		row.Remedy = "renew it and make another backup"
	default:
		return row, true
	}
	return row, false
}

func works(clusters []Cluster) []Row {
	const name = "works"
	looked, hidden := 0, 0
	var rows []Row
	for i := range clusters {
		cluster := &clusters[i]
		row := Row{Name: "works of " + cluster.Name, Result: preflight.Warn}
		switch {
		case cluster.Err != nil:
			continue
		case errors.Is(cluster.WorksErr, workloads.ErrHidden):
			hidden++
			continue
		case cluster.WorksErr != nil:
			row.Reason, row.Remedy = "they cannot be compared with this hub: "+cluster.WorksErr.Error(), "see 'kubectl acmdr explain "+cluster.Name+"'"
		case len(cluster.Losses) > 0:
			looked++
			row.Reason = "the cluster would lose, an hour after a move to this hub, " + workloads.Summary(cluster.Losses)
			row.Remedy = "restore the ManifestWorks, or move the cluster with --hold-eviction"
		default:
			looked++
			continue
		}
		rows = append(rows, row)
	}
	if len(clusters) == 0 {
		return rows
	}
	sum := preflight.Passed(name, "%d clusters looked at, %d would lose workloads by a move to this hub", looked, len(rows))
	if hidden > 0 {
		sum.Reason += fmt.Sprintf("; of %d the credential may not list AppliedManifestWorks", hidden)
	}
	if len(rows) > 0 {
		sum.Result, sum.Remedy = preflight.Warn, "see the rows of the clusters"
	}
	return slices.Concat([]Row{sum}, rows)
}
