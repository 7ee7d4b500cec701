package restore

import (
	"context"
	"encoding/json"
	"io"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	clusterv1 "open-cluster-management.io/api/cluster/v1"

	"github.com/acmdr/kubectl-acmdr/pkg/ocm"
	"github.com/acmdr/kubectl-acmdr/pkg/velero"
)

// manifest is what a restore must know of a backup's contents before it begins. It holds the ManagedClusters and the
// names and labels of namespaces, never a secret.
type manifest struct {
	// clusters are the ManagedClusters except the old hub itself, by name; local are the names of the old hub itself.
	clusters []*clusterv1.ManagedCluster
	local    []string
	// namespaces are the labels of the Namespaces in the backup.
	namespaces map[string]map[string]string
	// resources counts the objects by resource.group.
	resources map[string]int
}

// The places of the two kinds whose objects are read, as a backup names them.
var (
	clustersIn   = ocm.ManagedClusterResource.GroupResource().String()
	namespacesIn = corev1.Resource("namespaces").String()
)

// read goes once through the contents of a backup.
func read(ctx context.Context, store *velero.Downloader, backup *velero.Backup) (*manifest, error) {
	m := &manifest{namespaces: map[string]map[string]string{}, resources: map[string]int{}}
	if err := store.Contents(ctx, backup, m.visit); err != nil {
		return nil, err
	}
	slices.SortFunc(m.clusters, func(a, b *clusterv1.ManagedCluster) int { return strings.Compare(a.Name, b.Name) })
	return m, nil
}

func (m *manifest) visit(object velero.Object, body io.Reader) error {
	m.resources[object.Resource]++
	switch object.Resource {
	case clustersIn:
		cluster := &clusterv1.ManagedCluster{}
		if err := json.NewDecoder(body).Decode(cluster); err != nil {
			return err
		}
		if ocm.IsLocal(cluster) {
			m.local = append(m.local, cluster.Name)
			return nil
		}
		m.clusters = append(m.clusters, cluster)
	case namespacesIn:
		var namespace corev1.Namespace
		if err := json.NewDecoder(body).Decode(&namespace); err != nil {
			return err
		}
		m.namespaces[object.Name] = namespace.Labels
	}
	return nil
}

// holdsClusters tells whether a backup holds managed clusters, by its resource list.
func (r *Restorer) holdsClusters(ctx context.Context, backup *velero.Backup) (bool, error) {
	list, err := r.store().ResourceList(ctx, backup)
	if err != nil {
		return false, err
	}
	names := list.Names(clusterv1.GroupName, "ManagedCluster")
	return slices.ContainsFunc(names, func(name string) bool { return name != ocm.LocalCluster }), nil
}
