package inspect

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/acmdr/kubectl-acmdr/pkg/access"
)

// Change is how one cluster differs between two backups.
type Change struct {
	Cluster string
	// Kind is Added, Gone or Changed; Details say what changed, one line each.
	Kind    string
	Details []string
}

// The kinds of change.
const (
	Added   = "Added"
	Gone    = "Gone"
	Changed = "Changed"
)

// Compare says what is different in a backup from an earlier one, cluster by cluster, sorted by name.
func Compare(before, after *Report) []Change {
	old := map[string]Cluster{}
	for _, cluster := range before.Clusters {
		old[cluster.Name] = cluster
	}
	var changes []Change
	for _, cluster := range after.Clusters {
		was, ok := old[cluster.Name]
		delete(old, cluster.Name)
		if !ok {
			changes = append(changes, Change{Cluster: cluster.Name, Kind: Added})
		} else if details := differences(was, cluster); len(details) > 0 {
			changes = append(changes, Change{Cluster: cluster.Name, Kind: Changed, Details: details})
		}
	}
	for name := range old {
		changes = append(changes, Change{Cluster: name, Kind: Gone})
	}
	slices.SortFunc(changes, func(a, b Change) int { return strings.Compare(a.Cluster, b.Cluster) })
	return changes
}

func differences(a, b Cluster) []string {
	var details []string
	add := func(format string, args ...any) { details = append(details, fmt.Sprintf(format, args...)) }
	if a.Verdict != b.Verdict {
		add("verdict: %s, was %s", b.Verdict, a.Verdict)
	}
	for _, key := range keys(a.Labels, b.Labels) {
		was, had := a.Labels[key]
		is, has := b.Labels[key]
		switch {
		case had && !has:
			add("label %s: gone, was %q", key, was)
		case !had:
			add("label %s: %q is new", key, is)
		case was != is:
			add("label %s: %q, was %q", key, is, was)
		}
	}
	if a.Accepted != b.Accepted {
		add("hubAcceptsClient: %t, was %t", b.Accepted, a.Accepted)
	}
	if was, is := told(a.Credential), told(b.Credential); was != is {
		add("credential: %s, was %s", is, was)
	} else if a.secret != b.secret {
		add("credential: other content in %s", is)
	}
	for _, name := range keys(a.works, b.works) {
		was, had := a.works[name]
		is, has := b.works[name]
		switch {
		case had && !has:
			add("work %s: gone", name)
		case !had:
			add("work %s: new", name)
		case was != is:
			add("work %s: changed", name)
		}
	}
	return details
}

// told says which credential it is.
func told(credential *access.Credential) string {
	if credential == nil {
		return "none"
	}
	until := ""
	if !credential.NotAfter.IsZero() {
		until = ", until " + credential.NotAfter.UTC().Format(time.RFC3339)
	}
	return fmt.Sprintf("%s (%s%s)", credential.Origin, credential.Source, until)
}

func keys[V any](a, b map[string]V) []string {
	all := map[string]bool{}
	for key := range a {
		all[key] = true
	}
	for key := range b {
		all[key] = true
	}
	return slices.Sorted(maps.Keys(all))
}
