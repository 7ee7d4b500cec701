package journey

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/watch"
)

// FirstSeen watches for the creation of an object and returns what was created, once it was.
func (w *World) FirstSeen(t TB, hub string, resource schema.GroupVersionResource, namespace, name string) func() *unstructured.Unstructured {
	t.Helper()
	watcher, err := w.Cluster(t, hub).Dynamic.Resource(resource).Namespace(namespace).Watch(t.Context(),
		metav1.ListOptions{FieldSelector: "metadata.name=" + name})
	if err != nil {
		t.Fatalf("%v", err)
	}
	seen := make(chan *unstructured.Unstructured, 1)
	go func() {
		defer close(seen)
		defer watcher.Stop()
		for event := range watcher.ResultChan() {
			if object, ok := event.Object.(*unstructured.Unstructured); ok && event.Type == watch.Added {
				seen <- object
				return
			}
		}
	}()
	return func() *unstructured.Unstructured {
		object := <-seen
		if object == nil {
			t.Fatalf("%s %s/%s was never created on %s", resource.Resource, namespace, name, hub)
		}
		return object
	}
}
