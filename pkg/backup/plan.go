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
	apierrors "k8s.io/apimachinery/pkg/api/errors"
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
	attached, of, err := unfinished(ctx, hub, options.Name, chosen)
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
	name := options.Name
	if name == "" {
		name = "acmdr-" + clock.Now().UTC().Format("20060102150405")
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
	velero.MarkSoftware(backup, software)
	return &Plan{
		Backup: backup, Policy: content.Policy, Clusters: clusters, Replaces: failed, Kinds: content.Kinds, Server: content.Server,
	}, nil
}

// hasFailed tells whether Velero gave a backup up, so that no fleet is restored from it; or whether one that was never verified is
// being deleted, as by an earlier run that was to make it again.
func hasFailed(backup *velero.Backup) bool {
	switch backup.Status.Phase {
	case velero.BackupFailed, velero.BackupFailedValidation:
		return true
	case velero.BackupDeleting:
		return backup.Annotations[velero.FinishedAnnotation] == ""
	}
	return false
}

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

// unfinished finds the plugin's own backup of this hub that is to be gone on with, and the clusters that it was chosen for: the
// named one, unless it was verified already, and a failed one, to be made again; or, without a name, one of the same choice
// that is still in progress. A named
// one of any other kind is an error.
func unfinished(ctx context.Context, hub Hub, name string, chosen []string) (found *velero.Backup, of []string, err error) {
	if name != "" {
		return unfinishedNamed(ctx, hub, name, chosen)
	}
	existing, err := hub.Velero.Backups.List(ctx, velero.ManagedByLabel+"="+velero.ManagedBy)
	if err != nil {
		return nil, nil, fmt.Errorf("listing backups: %w", err)
	}
	for i := range existing {
		if ended, _ := velero.BackupEnded(existing[i].Status.Phase); ended || !onDemand(&existing[i], hub.UID) {
			continue
		}
		of, err := choice(ctx, hub, &existing[i])
		if err != nil {
			return nil, nil, err
		}
		if slices.Equal(of, chosen) {
			return &existing[i], of, nil
		}
	}
	return nil, nil, nil
}

func unfinishedNamed(ctx context.Context, hub Hub, name string, chosen []string) (found *velero.Backup, of []string, err error) {
	existing, err := hub.Velero.Backups.Get(ctx, name)
	if apierrors.IsNotFound(err) {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, fmt.Errorf("reading backup %s: %w", name, err)
	}
	ended, ok := velero.BackupEnded(existing.Status.Phase)
	if !onDemand(existing, hub.UID) || ended && !hasFailed(existing) && (!ok || existing.Annotations[velero.FinishedAnnotation] != "") {
		return nil, nil, fmt.Errorf("backup %s/%s exists already (%s): choose another name", existing.Namespace, name, phase(existing))
	}
	if of, err = choice(ctx, hub, existing); err != nil {
		return nil, nil, err
	}
	if chosen != nil && !slices.Equal(of, chosen) {
		return nil, nil, fmt.Errorf("backup %s/%s exists already (%s), of other clusters: choose another name",
			existing.Namespace, name, phase(existing))
	}
	return existing, of, nil
}

// choice are the clusters that a backup was chosen for, which its content policy names; nil when it is of a whole hub.
func choice(ctx context.Context, hub Hub, backup *velero.Backup) ([]string, error) {
	if !velero.Selected(backup.Labels) || backup.Spec.ResourcePolicy == nil {
		return nil, nil
	}
	name := backup.Spec.ResourcePolicy.Name
	content, err := hub.Kube.CoreV1().ConfigMaps(backup.Namespace).Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return nil, fmt.Errorf("reading ConfigMap %s, the content of backup %s: %w", name, backup.Name, err)
	}
	return chosenIn(content)
}

// onDemand tells whether the plugin made a backup of this hub, and not by a schedule.
func onDemand(backup *velero.Backup, hub types.UID) bool {
	return velero.Made(backup.Labels) && backup.Labels[velero.HubLabel] == string(hub) && backup.Labels[velero.ScheduleLabel] == ""
}

func phase(backup *velero.Backup) string {
	if backup.Status.Phase == "" {
		return "New"
	}
	return string(backup.Status.Phase)
}
