// Package workloads knows what a work agent does to the workloads of a managed cluster when its hub changes. Once connected
// to another hub, it evicts every AppliedManifestWork of the old one after a grace period, 60 min by default, and deletes
// its objects unless a ManifestWork of the new hub applied them too (ocm
// pkg/work/spoke/controllers/finalizercontroller/unmanaged_appliedmanifestwork_controller.go).
package workloads

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/duration"
	"k8s.io/client-go/dynamic"
	workv1 "open-cluster-management.io/api/work/v1"

	"github.com/acmdr/kubectl-acmdr/pkg/ocm"
)

// ErrHidden tells that the credential of the managed cluster may not list its AppliedManifestWorks.
var ErrHidden = errors.New("the credential may not list AppliedManifestWorks")

// Object names one object on the managed cluster.
type Object struct {
	Group, Resource, Namespace, Name string
}

func (o Object) String() string {
	resource := schema.GroupResource{Group: o.Group, Resource: o.Resource}.String()
	if o.Namespace == "" {
		return resource + "/" + o.Name
	}
	return resource + "/" + o.Namespace + "/" + o.Name
}

// Loss is what one AppliedManifestWork would take with it.
type Loss struct {
	Work    string
	Objects []Object
	// Since is when the agent began the eviction; zero before that.
	Since metav1.Time

	// applied is the AppliedManifestWork, and resources are the objects as it lists them.
	applied   string
	resources []workv1.AppliedManifestResourceMeta
}

// Applied lists what the agent with this ID has applied; when no AppliedManifestWork carries the ID, all are taken, to be
// careful. Without a work agent there is nothing; ErrHidden when it cannot be seen.
func Applied(ctx context.Context, managed dynamic.Interface, agentID string) ([]workv1.AppliedManifestWork, error) {
	applied, err := ocm.AppliedManifestWorks(managed).List(ctx, "")
	switch {
	case apierrors.IsNotFound(err):
		return nil, nil
	case apierrors.IsForbidden(err):
		return nil, ErrHidden
	case err != nil:
		return nil, fmt.Errorf("listing AppliedManifestWorks: %w", err)
	}
	own := slices.DeleteFunc(slices.Clone(applied), func(a workv1.AppliedManifestWork) bool { return a.Spec.AgentID != agentID })
	if len(own) == 0 {
		return applied, nil
	}
	return own, nil
}

// Works lists the ManifestWorks of a cluster on a hub; none when the hub does not know the kind.
func Works(ctx context.Context, hub dynamic.Interface, cluster string) ([]workv1.ManifestWork, error) {
	works, err := ocm.ManifestWorks(hub, cluster).List(ctx, "")
	if err != nil && !apierrors.IsNotFound(err) {
		return nil, fmt.Errorf("listing ManifestWorks of this hub: %w", err)
	}
	return works, nil
}

// AtRisk finds the applied objects that no ManifestWork of the new hub holds.
func AtRisk(applied []workv1.AppliedManifestWork, works []workv1.ManifestWork) []Loss {
	held := manifests(works)
	return lost(applied, func(o Object) bool { return held[o] != nil })
}

// Pending finds the applied objects of other hubs that the agent has not applied for this hub, known by its URL, yet: until
// it has, an eviction deletes them.
func Pending(applied []workv1.AppliedManifestWork, server string) []Loss {
	hash := HubHash(server)
	here := map[Object]bool{}
	var elsewhere []workv1.AppliedManifestWork
	for _, a := range applied {
		if a.Spec.HubHash != hash {
			elsewhere = append(elsewhere, a)
			continue
		}
		if a.Status.EvictionStartTime != nil {
			continue // left from an earlier time at this hub: the agent has not come back to it yet
		}
		for _, r := range a.Status.AppliedResources {
			here[object(r)] = true
		}
	}
	return lost(elsewhere, func(o Object) bool { return here[o] })
}

func lost(applied []workv1.AppliedManifestWork, safe func(Object) bool) []Loss {
	var losses []Loss
	for _, a := range applied {
		loss := Loss{Work: a.Spec.ManifestWorkName, applied: a.Name}
		if a.Status.EvictionStartTime != nil {
			loss.Since = *a.Status.EvictionStartTime
		}
		for _, r := range a.Status.AppliedResources {
			if o := object(r); !safe(o) {
				loss.Objects, loss.resources = append(loss.Objects, o), append(loss.resources, r)
			}
		}
		if len(loss.Objects) > 0 {
			losses = append(losses, loss)
		}
	}
	return losses
}

// HubHash is how AppliedManifestWorks name the hub of a URL (ocm pkg/work/helper/helpers.go).
func HubHash(server string) string {
	sum := sha256.Sum256([]byte(server))
	return hex.EncodeToString(sum[:])
}

func object(r workv1.AppliedManifestResourceMeta) Object {
	return Object{Group: r.Group, Resource: r.Resource, Namespace: r.Namespace, Name: r.Name}
}

// manifests are the objects that works hold. Manifests carry kinds and applied resources plurals; the plural is guessed the
// way the API machinery does, and both its guesses count, and a plain s, for kinds such as Gateway.
func manifests(works []workv1.ManifestWork) map[Object][]byte {
	held := map[Object][]byte{}
	for _, work := range works {
		for _, manifest := range work.Spec.Workload.Manifests {
			var head struct {
				metav1.TypeMeta   `json:",inline"`
				metav1.ObjectMeta `json:"metadata"`
			}
			if json.Unmarshal(manifest.Raw, &head) != nil {
				continue
			}
			plural, singular := meta.UnsafeGuessKindToResource(head.GroupVersionKind())
			plain := singular.GroupVersion().WithResource(singular.Resource + "s")
			for _, guess := range []schema.GroupVersionResource{plural, singular, plain} {
				held[Object{Group: guess.Group, Resource: guess.Resource, Namespace: head.Namespace, Name: head.Name}] = manifest.Raw
			}
		}
	}
	return held
}

// Deadlines tells, work by work, what is deleted when: at a time when the agent has begun the eviction, else a grace period
// after it begins, which it does once it is connected to the hub.
func Deadlines(losses []Loss, grace time.Duration) string {
	var parts []string
	for _, loss := range losses {
		when := duration.HumanDuration(grace) + " after its work agent connects to this hub"
		if !loss.Since.IsZero() {
			when = "at " + loss.Since.Add(grace).UTC().Format(time.RFC3339)
		}
		parts = append(parts, fmt.Sprintf("%s deleted %s", Summary([]Loss{loss}), when))
	}
	return list(parts)
}

// maxListed objects are named in a message; more are counted.
const maxListed = 5

// Summary names the objects of losses on one line.
func Summary(losses []Loss) string {
	var names []string
	for _, loss := range losses {
		for _, o := range loss.Objects {
			names = append(names, fmt.Sprintf("%s (work %s)", o, loss.Work))
		}
	}
	return list(names)
}

func list(names []string) string {
	if more := len(names) - maxListed; more > 0 {
		names = append(slices.Clone(names[:maxListed]), fmt.Sprintf("and %d more", more))
	}
	return strings.Join(names, ", ")
}
