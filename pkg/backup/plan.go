// Package backup makes one Velero Backup that holds what bringing a fleet back needs, and proves that it does.
package backup

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	clusterv1 "open-cluster-management.io/api/cluster/v1"

	"github.com/acmdr/kubectl-acmdr/pkg/ocm"
	"github.com/acmdr/kubectl-acmdr/pkg/velero"
	"github.com/acmdr/kubectl-acmdr/pkg/wait"
)

// Hub is the hub to back up.
type Hub struct {
	Kube    kubernetes.Interface
	Dynamic dynamic.Interface
	Velero  *velero.API
	// UID tells hubs apart: that of the kube-system namespace.
	UID types.UID
}

// Options are the user's wishes for a backup.
type Options struct {
	// Name of the Backup; empty for one made of the time.
	Name string
	// TTL is how long Velero keeps it; 0 for Velero's own default.
	TTL time.Duration
	// Location is the BackupStorageLocation; empty for the default one.
	Location string
	// Clusters are the managed clusters to back up; nil for the whole hub.
	Clusters *ocm.Selection
	// BareMetalHosts are backed up too.
	BareMetalHosts bool
}

// Plan is what a run will do.
type Plan struct {
	Backup *velero.Backup
	// Policy is what Backup refers to; nil when attached.
	Policy *corev1.ConfigMap
	// Clusters are the managed clusters that the backup must hold.
	Clusters []string
	// Attached tells that Backup was begun by an earlier run, which did not finish.
	Attached bool
	// Replaces is a backup of the same name that failed, and that nobody restores from; nil when there is none.
	Replaces *velero.Backup
	// Kinds is what the hub's API adds to the content table; nil when attached.
	Kinds *Kinds
	// Server is the version of Velero; it may be unknown, as it is when attached.
	Server velero.Version

	// unnamed is the time that the name was made of; zero for one that the user gave.
	unnamed time.Time
}

// NewPlan looks at the hub and decides what to back up, or finds a backup of the plugin that an earlier run did not finish.
// It changes nothing.
func NewPlan(ctx context.Context, clock wait.Clock, hub Hub, options Options) (*Plan, error) {
	all, err := ocm.ManagedClusters(hub.Dynamic).List(ctx, "")
	if err != nil {
		return nil, fmt.Errorf("listing ManagedClusters: %w", err)
	}
	clusters, _ := split(all)
	if len(clusters) == 0 {
		return nil, errors.New("the hub has no managed clusters except itself: there is nothing to back up")
	}
	var chosen []string
	if options.Clusters != nil {
		if chosen, err = options.Clusters.Find(ctx, hub.Dynamic); err != nil {
			return nil, err
		}
		clusters = chosen
	}
	attached, of, err := unfinished(ctx, hub, options, chosen)
	if err != nil {
		return nil, err
	}
	var failed *velero.Backup
	if attached != nil && hasFailed(attached) {
		failed, attached = attached, nil
	}
	if attached != nil {
		if clusters = of; of == nil {
			clusters, _ = split(before(all, attached.CreationTimestamp))
		}
		return &Plan{Backup: attached, Clusters: clusters, Attached: true}, hub.Velero.Running(ctx, hub.Kube)
	}
	content, err := NewContent(ctx, clock, hub, all, Extent{
		Clusters: chosen, BareMetalHosts: options.BareMetalHosts, Location: options.Location,
	})
	if err != nil {
		return nil, err
	}
	software, err := ocm.FindSoftware(ctx, hub.Dynamic)
	if err != nil {
		return nil, err
	}
	name, unnamed := options.Name, clock.Now()
	if name == "" {
		name = nameAt(unnamed)
	} else {
		unnamed = time.Time{}
	}
	backup := &velero.Backup{
		TypeMeta: metav1.TypeMeta{APIVersion: velero.APIVersion, Kind: velero.BackupKind},
		ObjectMeta: metav1.ObjectMeta{
			Namespace:   hub.Velero.Namespace,
			Name:        name,
			Labels:      content.Labels,
			Annotations: map[string]string{velero.ClustersAnnotation: strconv.Itoa(len(clusters))},
		},
		Spec: content.Spec,
	}
	backup.Spec.TTL.Duration = options.TTL
	if err := velero.MarkSoftware(backup, software); err != nil {
		return nil, err
	}
	return &Plan{
		Backup: backup, Policy: content.Policy, Clusters: clusters, Replaces: failed, Kinds: content.Kinds, Server: content.Server,
		unnamed: unnamed,
	}, nil
}

// nameAt is the name of a backup that the user gave none.
func nameAt(at time.Time) string { return "acmdr-" + at.UTC().Format("20060102150405") }

// ValidateName refuses a name that the API would not take; empty is none.
func ValidateName(name string) error { return velero.ValidateName(name) }

// split tells the names of managed clusters and of the hub itself apart.
func split(all []clusterv1.ManagedCluster) (clusters, local []string) {
	for i := range all {
		if ocm.IsLocal(&all[i]) {
			local = append(local, all[i].Name)
		} else {
			clusters = append(clusters, all[i].Name)
		}
	}
	slices.Sort(clusters)
	return clusters, local
}

// before are the clusters that were there when a backup was asked for: it cannot be blamed for not holding later ones.
func before(all []clusterv1.ManagedCluster, asked metav1.Time) []clusterv1.ManagedCluster {
	return slices.DeleteFunc(all, func(cluster clusterv1.ManagedCluster) bool {
		return asked.Before(&cluster.CreationTimestamp)
	})
}
