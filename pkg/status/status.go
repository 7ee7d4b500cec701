// Package status reads, and only reads, how a hub stands: itself, its Velero, the newest backup and restore, the fleet.
package status

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	clusterv1 "open-cluster-management.io/api/cluster/v1"

	"github.com/acmdr/kubectl-acmdr/pkg/ocm"
	"github.com/acmdr/kubectl-acmdr/pkg/storage"
	"github.com/acmdr/kubectl-acmdr/pkg/velero"
)

// Hub is the hub to look at.
type Hub struct {
	Server  string
	Kube    kubernetes.Interface
	Dynamic dynamic.Interface
	// Velero is the hub's Velero; nil when it has none.
	Velero *velero.API
	// UID is that of its kube-system namespace, by which backups say that they are of it.
	UID types.UID
	// Other is another hub that is looked at for clusters which both claim; nil for none.
	Other *Other
}

// Item is one line of the page.
type Item struct {
	// Component is hub, velero, storage, backup, restore, clusters, other hub or claimed.
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
	for _, read := range []func(context.Context, Hub) ([]Item, error){ofVelero, fleet, claimed} {
		more, err := read(ctx, hub)
		if err != nil {
			return nil, err
		}
		items = append(items, more...)
	}
	return items, nil
}

// page is what is known of a hub's Velero.
type page struct {
	hub       Hub
	locations []velero.Location
	// down is why Velero does not run; nil when it does, or when that may not be read.
	down error
}

// ofVelero reads all that Velero knows.
func ofVelero(ctx context.Context, hub Hub) ([]Item, error) {
	if hub.Velero == nil {
		return []Item{{Component: "storage", Status: "None", Detail: velero.ErrNotInstalled.Error()}}, nil
	}
	locations, err := hub.Velero.Locations.List(ctx, "")
	if err != nil {
		return nil, fmt.Errorf("listing BackupStorageLocations: %w", err)
	}
	p := &page{hub: hub, locations: locations, down: hub.Velero.Running(ctx, hub.Kube)}
	var items []Item
	if p.down != nil {
		items = append(items, Item{Component: "velero", Name: hub.Velero.Namespace, Status: "NotRunning", Detail: p.down.Error()})
	}
	items = append(items, p.storage()...)
	for _, read := range []func(context.Context) ([]Item, error){p.newestBackup, p.newestRestore} {
		more, err := read(ctx)
		if err != nil {
			return nil, err
		}
		items = append(items, more...)
	}
	return items, nil
}

func (p *page) storage() []Item {
	var items []Item
	for i := range p.locations {
		location := &p.locations[i]
		item := Item{Component: "storage", Name: location.Name, Status: string(location.Status.Phase)}
		if location.Status.LastValidationTime != nil {
			item.Since = location.Status.LastValidationTime.Time
		}
		switch bucket := location.Spec.ObjectStorage; {
		case item.Status == "":
			item.Status, item.Detail = "Unknown", "Velero has not validated it yet"
		case location.Status.Message != "":
			item.Detail = storage.Explain(location.Status.Message).String()
		case bucket != nil:
			item.Detail = strings.TrimSuffix("s3://"+bucket.Bucket+"/"+bucket.Prefix, "/")
		}
		items = append(items, item)
	}
	return items
}

func (p *page) newestRestore(ctx context.Context) ([]Item, error) {
	restores, err := p.hub.Velero.Restores.List(ctx, "")
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
