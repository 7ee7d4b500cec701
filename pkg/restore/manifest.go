package restore

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	utiljson "k8s.io/apimachinery/pkg/util/json"
	"k8s.io/apimachinery/pkg/util/sets"
	clusterv1 "open-cluster-management.io/api/cluster/v1"

	"github.com/acmdr/kubectl-acmdr/pkg/ocm"
	"github.com/acmdr/kubectl-acmdr/pkg/velero"
)

// manifest is what a restore must know of a backup's contents before it begins. It holds the ManagedClusters, the names and
// labels of namespaces, and a sum of every other object, never a secret.
type manifest struct {
	// clusters are the ManagedClusters except the old hub itself, by name; local are the names of the old hub itself.
	clusters []*clusterv1.ManagedCluster
	local    []string
	// namespaces are the labels of the Namespaces in the backup.
	namespaces map[string]map[string]string
	// inside are the namespaces that objects of the backup lie in; a set of ACM's holds no Namespaces.
	inside sets.Set[string]
	// objects are all others, by resource.group.
	objects map[string]*kindIn
	// skew is how far the store's clock is ahead of this machine's; known tells whether it said.
	skew  time.Duration
	known bool
}

// kindIn are the objects of one kind in a backup.
type kindIn struct {
	version string
	objects map[place]*stored
}

// place is where an object is; namespace is empty outside of namespaces.
type place struct{ namespace, name string }

// stored is what is remembered of an object in a backup.
type stored struct {
	sum sum
	lies
	// state is what the hub has of it.
	state state
}

// The places of the two kinds whose objects are read, as a backup names them.
var (
	clustersIn   = ocm.ManagedClusterResource.GroupResource().String()
	namespacesIn = corev1.Resource("namespaces").String()
)

// read goes once through the contents of a backup, or of all in a set. What is not the backup's own is never restored from: a
// tarball that was swapped or cut is a *velero.BadContents, as for inspect.
func (r *Restorer) read(ctx context.Context, source *velero.Generation) (*manifest, error) {
	this, err := r.ids(ctx, []*velero.Generation{source})
	if err != nil {
		return nil, err
	}
	r.tell("Reading backup %s (%s, taken %s ago).", source.Name, origin(source, this), r.age(source))
	m := &manifest{namespaces: map[string]map[string]string{}, inside: sets.Set[string]{}, objects: map[string]*kindIn{}}
	for i := range source.Backups {
		stored, err := r.store().VerifiedContents(ctx, &source.Backups[i], m.visit)
		if err != nil {
			return nil, err
		}
		if !stored.Date.IsZero() {
			m.skew, m.known = stored.Date.Sub(stored.Asked.Truncate(time.Second)), true
		}
	}
	slices.SortFunc(m.clusters, func(a, b *clusterv1.ManagedCluster) int { return strings.Compare(a.Name, b.Name) })
	// Two backups of a set may hold the same one.
	m.clusters = slices.CompactFunc(m.clusters, func(a, b *clusterv1.ManagedCluster) bool { return a.Name == b.Name })
	return m, nil
}

// visit returns the apiVersion and kind of an object, as Velero lists it.
func (m *manifest) visit(at velero.Object, body io.Reader) (string, error) {
	data, err := io.ReadAll(body)
	if err != nil {
		return "", err
	}
	object := &unstructured.Unstructured{}
	// The decoder's own words are left out: they quote what it read, and that may be a secret.
	if err := utiljson.Unmarshal(data, &object.Object); err != nil || object.Object == nil {
		return "", &velero.BadContents{Err: fmt.Errorf("%s is not a JSON object", at)}
	}
	if err := at.Names(object.GetKind(), object.GetNamespace(), object.GetName()); err != nil {
		return "", err
	}
	kind := m.objects[at.Resource]
	if kind == nil {
		kind = &kindIn{version: at.Version, objects: map[place]*stored{}}
		m.objects[at.Resource] = kind
	}
	switch at.Resource {
	case clustersIn:
		cluster := &clusterv1.ManagedCluster{}
		if err := runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, cluster); err != nil {
			return "", &velero.BadContents{Err: fmt.Errorf("%s cannot be read as a ManagedCluster", at)}
		}
		if ocm.IsLocal(cluster) {
			m.local = append(m.local, cluster.Name)
		} else {
			m.clusters = append(m.clusters, cluster)
		}
	case namespacesIn:
		m.namespaces[at.Name] = object.GetLabels()
		m.inside.Insert(at.Name)
	}
	if at.Namespace != "" {
		m.inside.Insert(at.Namespace)
	}
	lies := liesOf(at.Resource, object)
	total, err := sumOf(object)
	if err != nil {
		return "", err
	}
	kind.objects[place{at.Namespace, at.Name}] = &stored{sum: total, lies: lies}
	return object.GetAPIVersion() + "/" + object.GetKind(), nil
}

// resources counts the objects by resource.group.
func (m *manifest) resources() map[string]int {
	counts := map[string]int{}
	for resource, kind := range m.objects {
		counts[resource] = len(kind.objects)
	}
	return counts
}

// holdsClusters tells whether a backup, or one of a set, holds managed clusters, by the resource list.
func (r *Restorer) holdsClusters(ctx context.Context, source *velero.Generation) (bool, error) {
	for i := range source.Backups {
		list, err := r.store().ResourceList(ctx, &source.Backups[i])
		if err != nil {
			return false, err
		}
		names := list.Names(clusterv1.GroupName, "ManagedCluster")
		if slices.ContainsFunc(names, func(name string) bool { return name != ocm.LocalCluster }) {
			return true, nil
		}
	}
	return false, nil
}

// sum tells whether two objects say the same.
type sum [sha256.Size]byte

// sumOf sums up what an object says, without what only its own API server can know of it, its state, and Velero's labels. The
// object is changed.
func sumOf(object *unstructured.Unstructured) (sum, error) {
	for _, field := range []string{
		"uid", "resourceVersion", "generation", "creationTimestamp", "managedFields", "ownerReferences", "deletionTimestamp",
		"deletionGracePeriodSeconds", "generateName", "selfLink",
	} {
		unstructured.RemoveNestedField(object.Object, "metadata", field)
	}
	unstructured.RemoveNestedField(object.Object, "status")
	// Controllers set finalizers; those of the old hub's are scrubbed.
	unstructured.RemoveNestedField(object.Object, "metadata", "finalizers")
	scrubbed(object)
	for key := range object.GetLabels() {
		if strings.HasPrefix(key, veleroDomain) {
			unstructured.RemoveNestedField(object.Object, "metadata", "labels", key)
		}
	}
	for _, field := range []string{"labels", "annotations"} {
		if value, _, _ := unstructured.NestedMap(object.Object, "metadata", field); len(value) == 0 {
			unstructured.RemoveNestedField(object.Object, "metadata", field)
		}
	}
	data, err := json.Marshal(object.Object)
	if err != nil {
		return sum{}, err
	}
	return sha256.Sum256(data), nil
}
