package ocm

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/dynamic"
	clusterv1 "open-cluster-management.io/api/cluster/v1"
)

// Selection says which managed clusters of a hub are meant: those named, or those that match a label selector, or, when
// both are empty, all but the hub itself.
type Selection struct {
	Names    []string
	Selector string
}

// ErrNoneSelected tells that a hub has no managed cluster, or none that matches.
var ErrNoneSelected = errors.New("no managed cluster of this hub is selected")

// Find returns the names of the selected clusters, sorted. A name that does not exist, or is the hub itself, is an error
// before anything is done for any of them.
func (s Selection) Find(ctx context.Context, hub dynamic.Interface) ([]string, error) {
	if _, err := labels.Parse(s.Selector); err != nil {
		return nil, fmt.Errorf("label selector %q: %w", s.Selector, err)
	}
	known := map[string]bool{}
	err := ManagedClusters(hub).Each(ctx, s.Selector, func(cluster *clusterv1.ManagedCluster) error {
		known[cluster.Name] = IsLocal(cluster)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("listing ManagedClusters: %w", err)
	}
	if len(s.Names) > 0 {
		return named(s.Names, known)
	}
	var names []string
	for name, local := range known {
		if !local {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return nil, ErrNoneSelected
	}
	slices.Sort(names)
	return names, nil
}

func named(names []string, known map[string]bool) ([]string, error) {
	names = slices.Clone(names)
	slices.Sort(names)
	names = slices.Compact(names)
	var missing []string
	for _, name := range names {
		local, ok := known[name]
		switch {
		case local || name == LocalCluster:
			return nil, fmt.Errorf("%s is the hub itself and is never backed up or moved", name)
		case !ok:
			missing = append(missing, name)
		}
	}
	if len(missing) > 0 {
		return nil, fmt.Errorf("managed cluster not found on this hub: %s; restore it first, or see 'kubectl acmdr get clusters'",
			strings.Join(missing, ", "))
	}
	return names, nil
}
