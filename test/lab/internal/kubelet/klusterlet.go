package kubelet

import (
	"context"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic/dynamicinformer"
	"k8s.io/client-go/tools/cache"
)

// klusterletName is the one Klusterlet of a cluster.
const klusterletName = "klusterlet"

func klusterlets() schema.GroupVersionResource {
	return schema.GroupVersionResource{Group: "operator.open-cluster-management.io", Version: "v1", Resource: "klusterlets"}
}

func (a *Agents) klusterlet(ctx context.Context) (*unstructured.Unstructured, error) {
	return a.Clients.Dynamic.Resource(klusterlets()).Get(ctx, klusterletName, metav1.GetOptions{})
}

// klusterletUID is the agent's id: it stays the same across hubs, so that the work agent knows the works of the last one.
func (a *Agents) klusterletUID(ctx context.Context) (string, error) {
	object, err := a.klusterlet(ctx)
	if err != nil {
		return "", err
	}
	return string(object.GetUID()), nil
}

// evictionGrace is how long the work agent keeps a workload whose ManifestWork is missing on its hub; empty for the agent's
// own default.
func evictionGrace(klusterlet *unstructured.Unstructured) string {
	grace, _, _ := unstructured.NestedString(klusterlet.Object, "spec", "workConfiguration", "appliedManifestWorkEvictionGracePeriod")
	return grace
}

// followKlusterlet plays the klusterlet operator, until ctx ends: when the grace period in the Klusterlet is another one than
// the work agent runs with, the agent's Deployment changes, and so its pod is replaced.
func (a *Agents) followKlusterlet(ctx context.Context) {
	factory := dynamicinformer.NewDynamicSharedInformerFactory(a.Clients.Dynamic, 0)
	informer := factory.ForResource(klusterlets()).Informer()
	follow := func(object any) {
		klusterlet, ok := object.(*unstructured.Unstructured)
		if !ok || klusterlet.GetName() != klusterletName {
			return
		}
		if grace := a.grace.Load(); grace != nil && *grace != evictionGrace(klusterlet) {
			a.work.Restart()
		}
	}
	handler := cache.ResourceEventHandlerFuncs{AddFunc: follow, UpdateFunc: func(_, object any) { follow(object) }}
	if _, err := informer.AddEventHandler(handler); err != nil {
		return // only when the informer has been stopped
	}
	factory.Start(ctx.Done())
	<-ctx.Done()
	factory.Shutdown()
}
