package restore

import (
	"context"
	"fmt"
	"slices"

	"golang.org/x/sync/errgroup"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/acmdr/kubectl-acmdr/pkg/typed"
)

// state is what a hub has of an object of a backup.
type state int

const (
	absent state = iota
	same
	differs
	// stuck is one that differs and cannot be changed: it is immutable, or being deleted.
	stuck
)

// Counts are what a restore does with the objects of a cluster.
type Counts struct {
	// Create are not on the hub; Update are there with other content, which is replaced; Skip are there already.
	Create, Update, Skip int
	// Conflict are there with other content, which stays.
	Conflict int
	// Scrub are left out, or created without a part, because they say what is not true of this hub.
	Scrub int
}

// compare reads from the hub the objects of the kinds that will be restored, and notes what it has of them.
func (r *Restorer) compare(ctx context.Context, plan *Plan, served served) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(max(r.Parallel, 1))
	for resource, kind := range plan.manifest.objects {
		if _, refused := plan.refuses(resource); refused || resource == namespacesIn || !served.has(resource) {
			continue
		}
		name := schema.ParseGroupResource(resource)
		group.Go(func() error {
			if err := r.look(ctx, name.WithVersion(served.version(resource, kind.version)), kind); err != nil {
				return fmt.Errorf("listing %s: %w", resource, err)
			}
			return nil
		})
	}
	return group.Wait()
}

// look goes through all objects of a kind on the hub, a page at a time. Only it touches the kind meanwhile.
func (r *Restorer) look(ctx context.Context, resource schema.GroupVersionResource, kind *kindIn) error {
	options := metav1.ListOptions{Limit: typed.PageSize}
	for {
		page, err := r.Hub.Dynamic.Resource(resource).List(ctx, options)
		if err != nil {
			return err
		}
		for i := range page.Items {
			here := &page.Items[i]
			object := kind.objects[place{here.GetNamespace(), here.GetName()}]
			if object == nil {
				continue
			}
			immutable, _, _ := unstructured.NestedBool(here.Object, "immutable")
			immutable = immutable || here.GetDeletionTimestamp() != nil
			total, err := sumOf(here)
			switch {
			case err != nil:
				return err
			case total == object.sum:
				object.state = same
			case immutable:
				object.state = stuck
			default:
				object.state = differs
			}
		}
		if options.Continue = page.GetContinue(); options.Continue == "" {
			return nil
		}
	}
}

// tally adds up what a run does with the objects of each cluster; those of none are in plan.Shared.
func (p *Plan) tally(namespaces []corev1.Namespace, served served) {
	counts := map[string]*Counts{}
	for i := range p.Clusters {
		counts[p.Clusters[i].Name] = &p.Clusters[i].Counts
	}
	here := map[string]map[string]string{}
	for i := range namespaces {
		here[namespaces[i].Name] = namespaces[i].Labels
	}
	for resource, kind := range p.manifest.objects {
		for at, object := range kind.objects {
			into := counts[at.namespace]
			switch {
			case resource == namespacesIn:
				if into = counts[at.name]; into != nil {
					labels, exists := here[at.name]
					object.state = namespaceState(labels, p.manifest.namespaces[at.name], exists)
					p.count(into, resource, object, served)
				}
				continue
			case resource == clustersIn:
				continue
			case into == nil && at.namespace != "" && (!p.subset.all() || slices.Contains(p.excluded, at.namespace)):
				continue
			case into == nil:
				into = &p.Shared
			}
			p.count(into, resource, object, served)
		}
	}
}

// namespaceState is that of a cluster's namespace, whose missing labels are always added.
func namespaceState(here, backedUp map[string]string, exists bool) state {
	switch {
	case !exists:
		return absent
	case len(lacking(here, backedUp)) > 0:
		return differs
	}
	return same
}

func (p *Plan) count(into *Counts, resource string, object *stored, served served) {
	_, refused := p.refuses(resource)
	_, gone := splitFinalizers(object.finalizers, served)
	if refused || object.imports || object.local {
		into.Scrub++
		return
	}
	if !served.has(resource) {
		return // told by kind
	}
	if object.state == absent && (len(gone) > 0 || object.status || object.server != 0) {
		into.Scrub++
	}
	switch {
	case object.state == absent:
		into.Create++
	case object.state == same:
		into.Skip++
	case object.state == differs && (p.update || resource == namespacesIn):
		into.Update++
	default:
		into.Conflict++
	}
}
