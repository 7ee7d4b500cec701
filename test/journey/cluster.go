package journey

import (
	"context"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
)

// Cluster is a look at one of the lab's clusters that does not go through the plugin.
type Cluster struct {
	Name    string
	Kube    kubernetes.Interface
	Dynamic dynamic.Interface
}

// Cluster opens a cluster of the lab as its administrator.
func (w *World) Cluster(t TB, name string) *Cluster {
	t.Helper()
	config, err := clientcmd.BuildConfigFromFlags("", w.Lab.Kubeconfig(name))
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	config.QPS = -1
	kube, err := kubernetes.NewForConfig(config)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	dyn, err := dynamic.NewForConfig(config)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return &Cluster{Name: name, Kube: kube, Dynamic: dyn}
}

// eventually polls until the condition holds; what tells what was waited for.
func eventually(t TB, timeout time.Duration, what string, holds func(ctx context.Context) (bool, string)) {
	t.Helper()
	last := "never looked"
	err := wait.PollUntilContextTimeout(t.Context(), 500*time.Millisecond, timeout, true, func(ctx context.Context) (bool, error) {
		ok, why := holds(ctx)
		last = why
		return ok, nil
	})
	if err != nil {
		t.Fatalf("%s: not within %s: %s", what, timeout, last)
	}
}
