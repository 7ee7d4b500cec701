package restore

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/discovery"
)

// served are the versions of the kinds that a hub has, by resource.group.
type served map[string][]string

func (s served) has(resource string) bool { return len(s[resource]) > 0 }

func (s served) hasGroup(group string) bool {
	for resource := range s {
		if strings.HasSuffix(resource, "."+group) {
			return true
		}
	}
	return false
}

// version is the one in which the objects of a kind are compared: that of the backup where the hub has it.
func (s served) version(resource, backedUp string) string {
	if slices.Contains(s[resource], backedUp) {
		return backedUp
	}
	return s[resource][0]
}

// served are the resources that the hub has. A group that does not answer is an error when the backup needs it: Velero could
// not restore its objects either.
func (r *Restorer) served(ctx context.Context, needed map[string]int) (served, error) {
	api := discovery.ToDiscoveryInterfaceWithContext(r.Hub.Kube.Discovery())
	_, lists, err := api.ServerGroupsAndResourcesWithContext(ctx)
	if partial, ok := errors.AsType[*discovery.ErrGroupDiscoveryFailed](err); ok {
		err = nil
		for version, cause := range partial.Groups {
			for resource := range needed {
				if schema.ParseGroupResource(resource).Group == version.Group {
					err = fmt.Errorf("API group %s of the hub does not answer, and the backup holds %s: %w", version, resource, cause)
				}
			}
		}
	}
	if err != nil {
		return nil, fmt.Errorf("reading the hub's kinds: %w", err)
	}
	found := served{}
	for _, list := range lists {
		version, err := schema.ParseGroupVersion(list.GroupVersion)
		if err != nil {
			continue
		}
		for _, resource := range list.APIResources {
			name := schema.GroupResource{Group: version.Group, Resource: resource.Name}.String()
			found[name] = append(found[name], version.Version)
		}
	}
	return found, nil
}
