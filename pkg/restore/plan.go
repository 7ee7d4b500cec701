package restore

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/sets"
	clusterv1 "open-cluster-management.io/api/cluster/v1"

	"github.com/acmdr/kubectl-acmdr/pkg/ocm"
	"github.com/acmdr/kubectl-acmdr/pkg/preflight"
	"github.com/acmdr/kubectl-acmdr/pkg/velero"
)

// Request is what the user asks for.
type Request struct {
	// Name of the Velero Restore; empty for one made of the backup's name and the time.
	Name   string
	Choice Choice
	Subset Subset
	// Update replaces what is on the hub with other content; otherwise it is kept.
	Update bool
	// BareMetalHosts are restored too, with their status.
	BareMetalHosts bool
}

// Plan is what a run will do; making it changes nothing.
type Plan struct {
	// Source is what is restored: a backup, or a set of them.
	Source *velero.Generation
	// Parts are its backups, each with its Restore.
	Parts []Part
	// Finished tells that an earlier run has done everything already.
	Finished bool
	// Clusters are the managed clusters in the backup that are meant, by name.
	Clusters []Cluster
	// Shared are the objects of no cluster, such as policies and cluster sets.
	Shared Counts
	// LeftOut are the kinds in the backup that are not restored.
	LeftOut []LeftOut
	// Checks are what was looked at before the first write.
	Checks []preflight.Row
	// Settings are the ConfigMaps that the Restore refers to.
	Settings []*corev1.ConfigMap

	server *velero.Server
	subset Subset
	update bool
	hosts  bool
	// excluded are namespaces that are not restored; included, where it is not empty, those that alone are.
	excluded, included []string
	filter, scrub      *corev1.ConfigMap
	manifest           *manifest
	notes              []string
	// better is a backup that brings back more clusters.
	better *velero.Backup
}

// Outcome is what happens, or happened, to a cluster's ManagedCluster.
type Outcome string

// The outcomes, as they appear in tables.
const (
	ToCreate Outcome = "create"
	Created  Outcome = "created"
	ToUpdate Outcome = "update"
	Updated  Outcome = "updated"
	Exists   Outcome = "exists"
	Conflict Outcome = "conflict"
	Failed   Outcome = "failed"
	Absent   Outcome = "missing"
)

// Cluster is one managed cluster of a backup.
type Cluster struct {
	Name           string
	ManagedCluster Outcome
	// Counts are what a run does with its other objects.
	Counts Counts
	// Credential is the secret with the admin kubeconfig that is on the hub now; empty for none.
	Credential string
	// Lacks is how many of its objects Velero could not read into a backup that is PartiallyFailed.
	Lacks int
	// Err is why the ManagedCluster could not be made.
	Err error
}

// Plan chooses the backup and decides what to do with it. Everything that would make the restore fail, or fail in part, is
// looked for before the first write: what was found is in the plan's Checks, and its Err has all that stands against a run.
func (r *Restorer) Plan(ctx context.Context, request Request) (*Plan, error) {
	plan := &Plan{subset: request.Subset, update: request.Update, hosts: request.BareMetalHosts}
	restores, err := r.before(ctx, plan, request.Choice)
	if err != nil {
		return nil, err
	}
	var manifest *manifest
	if plan.Source, manifest, err = r.choose(ctx, request.Choice, plan.choice()); err != nil {
		return nil, errors.Join(plan.Err(), err)
	}
	location, err := r.Hub.Velero.Location(ctx, plan.Source.Backups[0].Spec.StorageLocation)
	if err != nil {
		return nil, errors.Join(plan.Err(), err)
	}
	plan.Checks = append(plan.Checks, preflight.Location(location))
	plan.Parts = partsOf(plan.Source, request.Name)
	if err := r.recallParts(ctx, plan.Parts, plan.choice()); err != nil {
		return nil, err
	}
	plan.Checks = append(plan.Checks, preflight.Restores(restores, plan.Begun()...))
	hub, err := ocm.ManagedClusters(r.Hub.Dynamic).List(ctx, "")
	if err != nil {
		return nil, fmt.Errorf("listing ManagedClusters: %w", err)
	}
	if !slices.ContainsFunc(plan.Parts, func(p Part) bool { return !p.finished() }) {
		plan.Finished, plan.Checks = true, nil
		return plan, r.recall(ctx, plan, hub)
	}
	if manifest == nil {
		if manifest, err = r.read(ctx, plan.Source); err != nil {
			return nil, err
		}
	}
	if len(manifest.clusters) == 0 {
		return nil, fmt.Errorf("backup %s holds no managed cluster", plan.Source.Name)
	}
	if manifest.clusters, err = plan.subset.of(manifest.clusters, plan.Source.Name); err != nil {
		return nil, err
	}
	plan.manifest = manifest
	if plan.better, err = r.better(ctx, plan.Source); err != nil {
		return nil, err
	}
	return plan, r.examine(ctx, plan, hub)
}

// Begun are the names of the Restores that there are.
func (p *Plan) Begun() []string {
	var names []string
	for i := range p.Parts {
		if p.Parts[i].Restore != nil {
			names = append(names, p.Parts[i].Restore.Name)
		}
	}
	return names
}

// Written is how many ManagedClusters a run has created or updated so far.
func (p *Plan) Written() int {
	written := 0
	for i := range p.Clusters {
		if outcome := p.Clusters[i].ManagedCluster; outcome == Created || outcome == Updated {
			written++
		}
	}
	return written
}

// choice is the sum of what was asked for beside the backup; empty for everything, nothing changed.
func (p *Plan) choice() string {
	if p.subset.all() && !p.update && !p.hosts {
		return ""
	}
	selector := ""
	if p.subset.Selector != nil {
		selector = p.subset.Selector.String()
	}
	names := slices.Sorted(slices.Values(p.subset.Names))
	text := fmt.Appendf(nil, "%q %q %t", names, selector, p.update)
	if p.hosts {
		text = append(text, hostsIn...)
	}
	total := sha256.Sum256(text)
	return hex.EncodeToString(total[:8])
}

// examine compares the backup with the hub.
func (r *Restorer) examine(ctx context.Context, plan *Plan, hub []clusterv1.ManagedCluster) error {
	manifest := plan.manifest
	served, err := r.served(ctx, manifest.resources())
	if err != nil {
		return errors.Join(plan.Err(), err)
	}
	own := []string{r.Hub.Velero.Namespace}
	here := map[string]*clusterv1.ManagedCluster{}
	for i := range hub {
		here[hub[i].Name] = &hub[i]
		if ocm.IsLocal(&hub[i]) {
			own = append(own, hub[i].Name)
		}
	}
	plan.excluded = hubNamespaces(manifest, own)
	for _, cluster := range manifest.clusters {
		planned := Cluster{Name: cluster.Name}
		planned.ManagedCluster, planned.Err = outcome(cluster, here[cluster.Name], plan.update)
		plan.Clusters = append(plan.Clusters, planned)
	}
	plan.LeftOut = plan.leaveOut(served)
	namespaces, err := r.namespaces(ctx)
	if err != nil {
		return err
	}
	if err := r.compare(ctx, plan, served); err != nil {
		return err
	}
	plan.tally(namespaces, served)
	if err := r.limit(plan, served); err != nil {
		return err
	}
	if err := r.partial(ctx, plan); err != nil {
		return err
	}
	if err := r.after(ctx, plan, namespaces); err != nil {
		return err
	}
	return r.credentials(ctx, plan.Clusters)
}

// limit makes the settings of the Restore: which namespaces alone are restored, and what is scrubbed.
func (r *Restorer) limit(plan *Plan, served served) error {
	var err error
	if plan.scrub, err = plan.scrubbing(r.Hub.Velero.Namespace, served); err != nil {
		return err
	}
	if plan.scrub != nil {
		plan.Settings = append(plan.Settings, plan.scrub)
	}
	if plan.subset.all() {
		return nil
	}
	for _, cluster := range plan.Clusters {
		plan.included = append(plan.included, cluster.Name)
	}
	if !plan.server.Version.FiltersRestores() {
		return nil
	}
	if plan.filter, err = filter(r.Hub.Velero.Namespace, plan.included); err != nil {
		return err
	}
	plan.included = nil
	plan.Settings = append(plan.Settings, plan.filter)
	return nil
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
	names := sets.New[string]()
	for i := range plan.Parts {
		list, err := r.store().ResourceList(ctx, plan.Parts[i].Backup)
		if err != nil {
			return err
		}
		names.Insert(list.Names(clusterv1.GroupName, "ManagedCluster")...)
	}
	here := map[string]*clusterv1.ManagedCluster{}
	for i := range hub {
		here[hub[i].Name] = &hub[i]
	}
	for _, name := range sets.List(names) {
		cluster := here[name]
		switch {
		case name == ocm.LocalCluster, cluster != nil && ocm.IsLocal(cluster):
		case !plan.subset.all() && !plan.subset.meant(name, cluster):
		case cluster == nil:
			plan.Clusters = append(plan.Clusters, Cluster{Name: name, ManagedCluster: Absent})
		default:
			plan.Clusters = append(plan.Clusters, Cluster{Name: name, ManagedCluster: Exists})
		}
	}
	return r.credentials(ctx, plan.Clusters)
}
