package restore

import (
	"context"
	"errors"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/sets"
	clusterv1 "open-cluster-management.io/api/cluster/v1"

	"github.com/acmdr/kubectl-acmdr/pkg/ocm"
	"github.com/acmdr/kubectl-acmdr/pkg/velero"
)

// Plan is what a run will do; making it changes nothing.
type Plan struct {
	Backup *velero.Backup
	// Restore was begun, or ended, by an earlier run; nil when there is none to go on with.
	Restore *velero.Restore
	// Finished tells that an earlier run has done everything already.
	Finished bool
	// Clusters are the managed clusters in the backup, by name.
	Clusters []Cluster
	// LeftOut are the kinds in the backup that are not restored.
	LeftOut []LeftOut

	name string
	// excluded are namespaces that are not restored.
	excluded []string
	manifest *manifest
}

// Outcome is what happens, or happened, to a cluster's ManagedCluster.
type Outcome string

// The outcomes, as they appear in tables.
const (
	ToCreate Outcome = "create"
	Created  Outcome = "created"
	Exists   Outcome = "exists"
	Failed   Outcome = "failed"
	Absent   Outcome = "missing"
)

// Cluster is one managed cluster of a backup.
type Cluster struct {
	Name           string
	ManagedCluster Outcome
	// Credential is the secret with the admin kubeconfig that is on the hub now; empty for none.
	Credential string
	// Err is why the ManagedCluster could not be made.
	Err error
}

// Plan chooses the backup and decides what to do with it; both names may be empty. Everything that would make the restore
// fail, or fail in part, is found here, before the first write.
func (r *Restorer) Plan(ctx context.Context, name, fromBackup string) (*Plan, error) {
	if _, err := r.Hub.Velero.Location(ctx, ""); err != nil {
		return nil, err
	}
	if err := r.Hub.Velero.Running(ctx, r.Hub.Kube); err != nil {
		return nil, err
	}
	backup, err := r.choose(ctx, fromBackup)
	if err != nil {
		return nil, err
	}
	if _, err := r.Hub.Velero.Location(ctx, backup.Spec.StorageLocation); err != nil {
		return nil, err
	}
	plan := &Plan{Backup: backup, name: name}
	if plan.Restore, err = r.previous(ctx, name, backup.Name); err != nil {
		return nil, err
	}
	hub, err := ocm.ManagedClusters(r.Hub.Dynamic).List(ctx, "")
	if err != nil {
		return nil, fmt.Errorf("listing ManagedClusters: %w", err)
	}
	if plan.Restore != nil && plan.Restore.Annotations[velero.FinishedAnnotation] != "" {
		plan.Finished = true
		return plan, r.recall(ctx, plan, hub)
	}
	r.tell("Reading backup %s (%s, taken %s ago).", backup.Name, origin(backup, r.Hub.UID), r.age(backup))
	return plan, r.examine(ctx, plan, hub)
}

// examine reads the backup and compares it with the hub.
func (r *Restorer) examine(ctx context.Context, plan *Plan, hub []clusterv1.ManagedCluster) error {
	manifest, err := read(ctx, r.store(), plan.Backup)
	if err != nil {
		return err
	}
	if len(manifest.clusters) == 0 {
		return fmt.Errorf("backup %s holds no managed cluster", plan.Backup.Name)
	}
	plan.manifest = manifest
	own := []string{r.Hub.Velero.Namespace}
	here := sets.New[string]()
	for i := range hub {
		here.Insert(hub[i].Name)
		if ocm.IsLocal(&hub[i]) {
			own = append(own, hub[i].Name)
		}
	}
	for _, cluster := range manifest.clusters {
		outcome := ToCreate
		if here.Has(cluster.Name) {
			outcome = Exists
		}
		plan.Clusters = append(plan.Clusters, Cluster{Name: cluster.Name, ManagedCluster: outcome})
	}
	plan.excluded = hubNamespaces(manifest, own)
	served, err := r.served(ctx, manifest.resources)
	if err != nil {
		return err
	}
	plan.LeftOut = leaveOut(manifest.resources, served)
	if err := r.terminating(ctx, plan); err != nil {
		return err
	}
	return r.credentials(ctx, plan.Clusters)
}

// terminating refuses to restore into namespaces that are being deleted: Velero waits ten minutes for each of their objects.
func (r *Restorer) terminating(ctx context.Context, plan *Plan) error {
	namespaces, err := r.namespaces(ctx)
	if err != nil {
		return err
	}
	var refused []error
	for _, namespace := range namespaces {
		_, wanted := plan.manifest.namespaces[namespace.Name]
		if wanted && namespace.Status.Phase == corev1.NamespaceTerminating && !slices.Contains(plan.excluded, namespace.Name) {
			refused = append(refused, fmt.Errorf("namespace %s is being deleted on this hub: wait until it is gone", namespace.Name))
		}
	}
	return errors.Join(refused...)
}

func (r *Restorer) namespaces(ctx context.Context) ([]corev1.Namespace, error) {
	list, err := r.Hub.Kube.CoreV1().Namespaces().List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, fmt.Errorf("listing namespaces: %w", err)
	}
	return list.Items, nil
}

// recall fills the plan of a restore that an earlier run has finished, without reading the whole backup again.
func (r *Restorer) recall(ctx context.Context, plan *Plan, hub []clusterv1.ManagedCluster) error {
	list, err := r.store().ResourceList(ctx, plan.Backup)
	if err != nil {
		return err
	}
	here, local := sets.New[string](), sets.New(ocm.LocalCluster)
	for i := range hub {
		here.Insert(hub[i].Name)
		if ocm.IsLocal(&hub[i]) {
			local.Insert(hub[i].Name)
		}
	}
	for _, name := range list.Names(clusterv1.GroupName, "ManagedCluster") {
		if local.Has(name) {
			continue
		}
		outcome := Absent
		if here.Has(name) {
			outcome = Exists
		}
		plan.Clusters = append(plan.Clusters, Cluster{Name: name, ManagedCluster: outcome})
	}
	return r.credentials(ctx, plan.Clusters)
}
