package backup

import (
	"context"
	"errors"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	clusterv1 "open-cluster-management.io/api/cluster/v1"

	"github.com/acmdr/kubectl-acmdr/pkg/ocm"
	"github.com/acmdr/kubectl-acmdr/pkg/velero"
	"github.com/acmdr/kubectl-acmdr/pkg/wait"
)

// Content is what a backup, or every backup of a schedule, shall hold.
type Content struct {
	Spec   velero.BackupSpec
	Labels map[string]string
	// Policy is what Spec refers to; nil for a Velero that has no filter policies.
	Policy *corev1.ConfigMap
	Kinds  *Kinds
	Server velero.Version
}

// errChoice tells that clusters cannot be chosen.
var errChoice = errors.New("some clusters only can be backed up by Velero v1.18.3 and later, which has filter policies: " +
	"update it, or back up the whole hub")

// Extent is how much of a hub a backup is of, and where it is kept.
type Extent struct {
	// Clusters are the managed clusters that were chosen; none for the whole hub.
	Clusters []string
	// BareMetalHosts are taken too.
	BareMetalHosts bool
	// Location is the BackupStorageLocation; empty for the default one.
	Location string
}

// NewContent looks at the hub and its Velero, and decides what a backup of that extent holds. all are the hub's
// ManagedClusters. It changes nothing.
func NewContent(ctx context.Context, clock wait.Clock, hub Hub, all []clusterv1.ManagedCluster, extent Extent) (*Content, error) {
	chosen := extent.Clusters
	kept, err := hub.Velero.Location(ctx, extent.Location)
	if err != nil {
		return nil, err
	}
	if err := velero.Writable(kept); err != nil {
		return nil, err
	}
	if err := hub.Velero.Running(ctx, hub.Kube); err != nil {
		return nil, err
	}
	content := &Content{}
	if content.Labels, err = origin(ctx, hub); err != nil {
		return nil, err
	}
	server, err := hub.Velero.Server(ctx, hub.Kube, clock)
	if err != nil {
		return nil, err
	}
	content.Server = server.Version
	if err := content.Server.Backs(); err != nil {
		return nil, err
	}
	if content.Kinds, err = discover(ctx, hub); err != nil {
		return nil, err
	}
	if extent.BareMetalHosts {
		content.Kinds.takeHosts()
	}
	if len(chosen) > 0 {
		content.Labels[velero.SelectedLabel] = "true"
	}
	switch {
	case content.Server.FilterPolicies():
		content.Policy, err = policy(hub.Velero.Namespace, chosen, content.Kinds.hosted)
	case len(chosen) > 0:
		err = fmt.Errorf("this hub's Velero is %s: %w", content.Server, errChoice)
	}
	if err != nil {
		return nil, err
	}
	_, local := split(all)
	content.Spec = content.spec(append(local, hub.Velero.Namespace))
	content.Spec.StorageLocation = kept.Name
	return content, nil
}

// origin are the labels by which a backup says that the plugin made it, and of which hub. Who may not read the ClusterVersion can do
// without its id: then only ACM's own sets are taken for those of another hub.
func origin(ctx context.Context, hub Hub) (map[string]string, error) {
	labels := map[string]string{velero.ManagedByLabel: velero.ManagedBy, velero.HubLabel: string(hub.UID)}
	id, err := ocm.ClusterVersionID(ctx, hub.Dynamic)
	if err != nil && !apierrors.IsForbidden(err) {
		return nil, err
	}
	if id != "" {
		labels[velero.ClusterVersionLabel] = id
	}
	return labels, nil
}

// openShift is the pattern of OpenShift's own namespaces. Where Velero has filter policies they are left out by one, since among
// them is the namespace of Argo CD's applications, and nothing that a spec excludes can be taken.
const openShift = "openshift-*"

// spec is the content table as Velero's scoped, cluster-wide form. own are namespaces of this hub that have no fixed name.
func (c *Content) spec(own []string) velero.BackupSpec {
	no := false
	spec := velero.BackupSpec{
		IncludedNamespaces:               []string{"*"},
		IncludedNamespaceScopedResources: append(resources(namespaced), c.Kinds.namespaced...),
		IncludedClusterScopedResources:   append(resources(clusterScoped), c.Kinds.clusterScoped...),
		ExcludedClusterScopedResources:   resources(notClusterScoped),
		LabelSelector:                    &metav1.LabelSelector{},
		SnapshotVolumes:                  &no,
		DefaultVolumesToFsBackup:         &no,
	}
	if c.Policy != nil {
		spec.ResourcePolicy = &corev1.TypedLocalObjectReference{Kind: "configmap", Name: c.Policy.Name}
	}
	for _, namespace := range ocm.HubNamespaces {
		if c.Policy == nil || namespace.Pattern != openShift {
			spec.ExcludedNamespaces = append(spec.ExcludedNamespaces, namespace.Pattern)
		}
	}
	for _, namespace := range own {
		if !slices.Contains(spec.ExcludedNamespaces, namespace) {
			spec.ExcludedNamespaces = append(spec.ExcludedNamespaces, namespace)
		}
	}
	for _, rule := range unlabelled {
		spec.LabelSelector.MatchExpressions = append(spec.LabelSelector.MatchExpressions, rule.requirement)
	}
	return spec
}

// Save writes what Spec refers to; it is there already when an earlier backup had the same content.
func (c *Content) Save(ctx context.Context, hub Hub) error { return savePolicy(ctx, hub, c.Policy) }

func savePolicy(ctx context.Context, hub Hub, content *corev1.ConfigMap) error {
	if content == nil {
		return nil
	}
	_, err := hub.Kube.CoreV1().ConfigMaps(content.Namespace).Create(ctx, content, metav1.CreateOptions{})
	if err != nil && !apierrors.IsAlreadyExists(err) {
		return fmt.Errorf("creating ConfigMap %s: %w", content.Name, err)
	}
	return nil
}

func resources(kinds []kind) []string {
	names := make([]string, 0, len(kinds))
	for _, k := range kinds {
		names = append(names, k.resource)
	}
	return names
}
