package reregister

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	workv1 "open-cluster-management.io/api/work/v1"

	"github.com/acmdr/kubectl-acmdr/pkg/ocm"
)

// object names one applied object on the managed cluster.
type object struct {
	Group, Resource, Namespace, Name string
}

func (o object) String() string {
	resource := schema.GroupResource{Group: o.Group, Resource: o.Resource}.String()
	if o.Namespace == "" {
		return resource + "/" + o.Name
	}
	return resource + "/" + o.Namespace + "/" + o.Name
}

// guard refuses a move that would cost workloads. Once connected to another hub, the work agent evicts every
// AppliedManifestWork of the old one after a grace period, 60 min by default, and deletes its objects unless a ManifestWork
// of the new hub applied them too (ocm pkg/work/spoke/controllers/finalizercontroller).
func (m *Mover) guard(ctx context.Context, move *Move) error {
	applied, err := ocm.AppliedManifestWorks(move.managed.Dynamic).List(ctx, "")
	if apierrors.IsNotFound(err) {
		return nil // no work agent, no eviction
	}
	if apierrors.IsForbidden(err) {
		move.notes = append(move.notes, "workloads were not checked: the credential may not list AppliedManifestWorks")
		return nil
	}
	if err != nil {
		return fmt.Errorf("listing AppliedManifestWorks: %w", err)
	}
	works, err := ocm.ManifestWorks(m.Hub.Dynamic, move.Name).List(ctx, "")
	if err != nil && !apierrors.IsNotFound(err) {
		return fmt.Errorf("listing ManifestWorks of this hub: %w", err)
	}
	lost := atRisk(ofAgent(applied, move.managed.AgentID), works)
	if len(lost) == 0 {
		return nil
	}
	summary := summarize(lost)
	if m.AllowWorkloadLoss {
		move.notes = append(move.notes, "will be deleted after the eviction grace period: "+summary)
		return nil
	}
	return fmt.Errorf("the work agent would delete what no ManifestWork of this hub holds: %s; "+
		"restore the ManifestWorks, or accept the loss with --allow-workload-loss", summary)
}

// ofAgent leaves out AppliedManifestWorks of other agents; when none carries this agent's ID, all are kept, to be careful.
func ofAgent(applied []workv1.AppliedManifestWork, agentID string) []workv1.AppliedManifestWork {
	own := slices.DeleteFunc(slices.Clone(applied), func(a workv1.AppliedManifestWork) bool { return a.Spec.AgentID != agentID })
	if len(own) == 0 {
		return applied
	}
	return own
}

// loss is what one AppliedManifestWork would take with it.
type loss struct {
	work    string
	objects []object
}

// atRisk finds the applied objects that no ManifestWork of the new hub holds.
func atRisk(applied []workv1.AppliedManifestWork, works []workv1.ManifestWork) []loss {
	held := map[object]bool{}
	for _, work := range works {
		for _, manifest := range work.Spec.Workload.Manifests {
			for _, o := range objectsOf(manifest.Raw) {
				held[o] = true
			}
		}
	}
	var lost []loss
	for _, a := range applied {
		l := loss{work: a.Spec.ManifestWorkName}
		for _, r := range a.Status.AppliedResources {
			o := object{Group: r.Group, Resource: r.Resource, Namespace: r.Namespace, Name: r.Name}
			if !held[o] {
				l.objects = append(l.objects, o)
			}
		}
		if len(l.objects) > 0 {
			lost = append(lost, l)
		}
	}
	return lost
}

// objectsOf names what a manifest makes. Manifests carry kinds and applied resources plurals; the plural is guessed the way
// the API machinery does, and both its guesses count.
func objectsOf(raw []byte) []object {
	var manifest struct {
		metav1.TypeMeta   `json:",inline"`
		metav1.ObjectMeta `json:"metadata"`
	}
	if json.Unmarshal(raw, &manifest) != nil {
		return nil
	}
	plural, singular := meta.UnsafeGuessKindToResource(manifest.GroupVersionKind())
	var objects []object
	for _, guess := range []schema.GroupVersionResource{plural, singular} {
		objects = append(objects, object{
			Group: guess.Group, Resource: guess.Resource, Namespace: manifest.Namespace, Name: manifest.Name,
		})
	}
	return objects
}

// maxListed objects are named in a message; more are counted.
const maxListed = 5

func summarize(lost []loss) string {
	var names []string
	total := 0
	for _, l := range lost {
		for _, o := range l.objects {
			if total++; total <= maxListed {
				names = append(names, fmt.Sprintf("%s (work %s)", o, l.work))
			}
		}
	}
	if total > maxListed {
		names = append(names, fmt.Sprintf("and %d more", total-maxListed))
	}
	return strings.Join(names, ", ")
}
