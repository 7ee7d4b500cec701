// Package status reads, and only reads, how a hub stands: itself, its Velero, the newest backup and restore, the fleet.
package status

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	clusterv1 "open-cluster-management.io/api/cluster/v1"

	"github.com/acmdr/kubectl-acmdr/pkg/ocm"
	"github.com/acmdr/kubectl-acmdr/pkg/velero"
)

// Hub is the hub to look at.
type Hub struct {
	Server  string
	Kube    kubernetes.Interface
	Dynamic dynamic.Interface
	// Velero is the hub's Velero; nil when it has none.
	Velero *velero.API
	// Other is another hub that is looked at for clusters which both claim; nil for none.
	Other *Other
}

// Item is one line of the page.
type Item struct {
	// Component is hub, storage, backup, restore, clusters, other hub or claimed.
	Component string
	Name      string
	Status    string
	// Since is when the status was last true, or the thing was made; zero for none.
	Since  time.Time
	Detail string
}

// Read returns the page. What is not there is said in an item, not an error.
func Read(ctx context.Context, hub Hub) ([]Item, error) {
	version, err := hub.Kube.Discovery().ServerVersion()
	if err != nil {
		return nil, fmt.Errorf("reading the hub's version: %w", err)
	}
	items := []Item{{Component: "hub", Name: hub.Server, Status: "Reachable", Detail: "Kubernetes " + version.GitVersion}}
	for _, read := range []func(context.Context, Hub) ([]Item, error){storage, newestBackup, newestRestore, fleet, claimed} {
		more, err := read(ctx, hub)
		if err != nil {
			return nil, err
		}
		items = append(items, more...)
	}
	return items, nil
}

func storage(ctx context.Context, hub Hub) ([]Item, error) {
	if hub.Velero == nil {
		return []Item{{Component: "storage", Status: "None", Detail: velero.ErrNotInstalled.Error()}}, nil
	}
	locations, err := hub.Velero.Locations.List(ctx, "")
	if err != nil {
		return nil, fmt.Errorf("listing BackupStorageLocations: %w", err)
	}
	var items []Item
	for _, location := range locations {
		item := Item{Component: "storage", Name: location.Name, Status: string(location.Status.Phase), Detail: location.Status.Message}
		if location.Status.LastValidationTime != nil {
			item.Since = location.Status.LastValidationTime.Time
		}
		if item.Status == "" {
			item.Status, item.Detail = "Unknown", "Velero has not validated it yet"
		}
		if bucket := location.Spec.ObjectStorage; bucket != nil && item.Detail == "" {
			item.Detail = strings.TrimSuffix("s3://"+bucket.Bucket+"/"+bucket.Prefix, "/")
		}
		items = append(items, item)
	}
	return items, nil
}

func newestBackup(ctx context.Context, hub Hub) ([]Item, error) {
	if hub.Velero == nil {
		return nil, nil
	}
	backups, err := hub.Velero.Backups.List(ctx, "")
	if err != nil {
		return nil, fmt.Errorf("listing backups: %w", err)
	}
	if len(backups) == 0 {
		return []Item{{Component: "backup", Status: "None", Detail: "no backup in the bucket: run 'kubectl acmdr backup' on the active hub"}}, nil
	}
	newest := slices.MaxFunc(backups, func(a, b velero.Backup) int { return a.CreationTimestamp.Compare(b.CreationTimestamp.Time) })
	item := Item{Component: "backup", Name: newest.Name, Status: string(newest.Status.Phase), Since: newest.CreationTimestamp.Time}
	if newest.Status.CompletionTimestamp != nil {
		item.Since = newest.Status.CompletionTimestamp.Time
	}
	item.Detail = fmt.Sprintf("newest of %d", len(backups))
	return []Item{item}, nil
}

func newestRestore(ctx context.Context, hub Hub) ([]Item, error) {
	if hub.Velero == nil {
		return nil, nil
	}
	restores, err := hub.Velero.Restores.List(ctx, "")
	if err != nil {
		return nil, fmt.Errorf("listing restores: %w", err)
	}
	if len(restores) == 0 {
		return nil, nil
	}
	newest := slices.MaxFunc(restores, func(a, b velero.Restore) int { return a.CreationTimestamp.Compare(b.CreationTimestamp.Time) })
	return []Item{{
		Component: "restore", Name: newest.Name, Status: string(newest.Status.Phase), Since: newest.CreationTimestamp.Time,
		Detail: "from backup " + newest.Spec.BackupName,
	}}, nil
}

// fleet counts the managed clusters by state and names the first few that are not well.
func fleet(ctx context.Context, hub Hub) ([]Item, error) {
	const maxNamed = 5
	byState := map[ocm.State][]string{}
	err := ocm.ManagedClusters(hub.Dynamic).Each(ctx, "", func(cluster *clusterv1.ManagedCluster) error {
		if !ocm.IsLocal(cluster) {
			state := ocm.StateOf(cluster)
			byState[state] = append(byState[state], cluster.Name)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("listing ManagedClusters: %w", err)
	}
	var items []Item
	for _, state := range ocm.States() {
		names := byState[state]
		if len(names) == 0 {
			continue
		}
		item := Item{Component: "clusters", Name: fmt.Sprint(len(names)), Status: string(state)}
		if state != ocm.Available {
			slices.Sort(names)
			item.Detail = strings.Join(names[:min(len(names), maxNamed)], ", ")
			if len(names) > maxNamed {
				item.Detail += ", ..."
			}
		}
		items = append(items, item)
	}
	if len(items) == 0 {
		items = []Item{{Component: "clusters", Name: "0", Status: "None"}}
	}
	return items, nil
}
