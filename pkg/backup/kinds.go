package backup

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/discovery"

	"github.com/acmdr/kubectl-acmdr/pkg/ocm"
)

// Kinds are what a hub's API adds to the table.
type Kinds struct {
	// Added are the kinds that no table names and that are taken with their group, as resource.group, sorted.
	Added []string
	// Machines are the kinds of machines that the hub has, which are not backed up.
	Machines []Machines

	namespaced, clusterScoped []string
	// served are all kinds of a backup that the hub has, by resource.group.
	served map[string]schema.GroupVersionResource
	// hosted tells that the hub knows HostedClusters.
	hosted bool
}

// Machines are objects that would make machines again if they were restored.
type Machines struct {
	Resource string
	Count    int
	Why      string
}

// discover asks the hub for its kinds.
func discover(ctx context.Context, hub Hub) (*Kinds, error) {
	_, lists, err := discovery.ToDiscoveryInterfaceWithContext(hub.Kube.Discovery()).ServerGroupsAndResourcesWithContext(ctx)
	if partial, ok := errors.AsType[*discovery.ErrGroupDiscoveryFailed](err); ok {
		err = nil
		for version, cause := range partial.Groups {
			if WholeGroup(version.Group) {
				err = fmt.Errorf("API group %s does not answer, and Velero would leave it out: %w", version, cause)
			}
		}
	}
	if err != nil {
		return nil, fmt.Errorf("reading the hub's kinds: %w", err)
	}
	kinds := &Kinds{served: map[string]schema.GroupVersionResource{}}
	var found []schema.GroupVersionResource
	for _, list := range lists {
		version, err := schema.ParseGroupVersion(list.GroupVersion)
		if err != nil {
			continue
		}
		for i := range list.APIResources {
			kinds.add(version, &list.APIResources[i])
			if named(machines, version.WithResource(list.APIResources[i].Name)) {
				found = append(found, version.WithResource(list.APIResources[i].Name))
			}
		}
	}
	slices.Sort(kinds.Added)
	return kinds, kinds.count(ctx, hub, found)
}

// add takes a kind of a group that is taken whole, once whatever its versions, when Velero could take and restore it.
func (k *Kinds) add(version schema.GroupVersion, resource *metav1.APIResource) {
	gvr := version.WithResource(resource.Name)
	k.hosted = k.hosted || gvr.GroupResource() == ocm.HostedClusterResource.GroupResource()
	name := gvr.GroupResource().String()
	storable := !slices.ContainsFunc([]string{"get", "list", "create", "delete"}, func(verb string) bool {
		return !slices.Contains(resource.Verbs, verb)
	})
	if _, known := k.served[name]; !known && storable && (named(namespaced, gvr) || named(clusterScoped, gvr)) {
		k.served[name] = gvr
	}
	if !storable || !WholeGroup(version.Group) || slices.Contains(k.Added, name) ||
		named(notKinds, gvr) || named(machines, gvr) || named(namespaced, gvr) || named(clusterScoped, gvr) {
		return
	}
	k.Added = append(k.Added, name)
	k.served[name] = gvr
	if resource.Namespaced {
		k.namespaced = append(k.namespaced, name)
	} else {
		k.clusterScoped = append(k.clusterScoped, name)
	}
}

// count says how many machines there are. Who may not see them is not told of them.
func (k *Kinds) count(ctx context.Context, hub Hub, found []schema.GroupVersionResource) error {
	for _, machine := range machines {
		i := slices.IndexFunc(found, func(r schema.GroupVersionResource) bool { return r.GroupResource().String() == machine.resource })
		if i < 0 {
			continue
		}
		list, err := hub.Dynamic.Resource(found[i]).List(ctx, metav1.ListOptions{Limit: 1})
		if apierrors.IsForbidden(err) || apierrors.IsNotFound(err) {
			continue
		}
		if err != nil {
			return fmt.Errorf("listing %s: %w", machine.resource, err)
		}
		n := len(list.Items)
		if more := list.GetRemainingItemCount(); more != nil {
			n += int(*more)
		}
		if n > 0 {
			k.Machines = append(k.Machines, Machines{Resource: machine.resource, Count: n, Why: machine.why})
		}
	}
	return nil
}

// takeHosts takes BareMetalHosts, which a restore brings only when it is asked to.
func (k *Kinds) takeHosts() {
	k.namespaced = append(k.namespaced, hosts)
	k.Machines = slices.DeleteFunc(k.Machines, func(m Machines) bool { return m.Resource == hosts })
}

// WholeGroup tells whether a backup takes an API group whole, so that a hub cannot be backed up while it does not answer.
func WholeGroup(name string) bool {
	matches := func(g group) bool {
		ok, _ := path.Match(g.pattern, name)
		return ok
	}
	return slices.ContainsFunc(groups, matches) && !slices.ContainsFunc(notGroups, matches)
}

func named(kinds []kind, resource schema.GroupVersionResource) bool {
	name := resource.GroupResource().String()
	return slices.ContainsFunc(kinds, func(k kind) bool { return k.resource == name })
}
