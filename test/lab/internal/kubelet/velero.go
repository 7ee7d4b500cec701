package kubelet

import (
	"context"
	"maps"
	"sync"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/informers"
	appslisters "k8s.io/client-go/listers/apps/v1"
	"k8s.io/client-go/tools/cache"

	"github.com/acmdr/kubectl-acmdr/test/lab/internal/build"
	"github.com/acmdr/kubectl-acmdr/test/lab/internal/kube"
	"github.com/acmdr/kubectl-acmdr/test/lab/internal/layout"
	"github.com/acmdr/kubectl-acmdr/test/lab/internal/process"
)

// VeleroDeployment is the name of the Deployments that the lab runs, in whatever namespace they are.
const VeleroDeployment = "velero"

// mountInterval is how often mounted secrets are read again. A kubelet takes up to a minute.
const mountInterval = 5 * time.Second

// VeleroConfig is what the Velero servers of one hub are made from.
type VeleroConfig struct {
	Cluster    string
	Dir        layout.Dir
	Bin        build.Cache
	Clients    *kube.Clients
	Kubeconfig string
	// Ports are for the metrics of as many servers as may run.
	Ports []int
}

// Velero runs the Velero servers of one hub: what a Deployment says is what runs.
type Velero struct {
	VeleroConfig

	mu      sync.Mutex
	servers map[string]*server // by namespace

	wake   chan struct{}
	stop   context.CancelFunc
	done   chan struct{}
	synced chan struct{}
}

// NewVelero prepares; nothing is watched yet.
func NewVelero(config VeleroConfig) *Velero {
	return &Velero{VeleroConfig: config, servers: map[string]*server{}, wake: make(chan struct{}, 1)}
}

// Start watches the hub's Deployments.
func (v *Velero) Start() {
	if v.stop != nil {
		return
	}
	v.mu.Lock()
	v.servers = map[string]*server{}
	v.mu.Unlock()
	ctx, cancel := context.WithCancel(context.Background())
	v.stop, v.done, v.synced = cancel, make(chan struct{}), make(chan struct{})
	go v.run(ctx)
}

// StopSync stops watching; servers that run stay as they are.
func (v *Velero) StopSync() {
	if v.stop == nil {
		return
	}
	v.stop()
	<-v.done
	v.stop = nil
}

// WaitSynced returns when every Deployment that is there has a process.
func (v *Velero) WaitSynced(ctx context.Context) error {
	select {
	case <-v.synced:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// Processes are the servers that there are now.
func (v *Velero) Processes() []*process.Process {
	v.mu.Lock()
	defer v.mu.Unlock()
	var list []*process.Process
	for _, s := range v.servers {
		list = append(list, s.process)
	}
	return list
}

func (v *Velero) run(ctx context.Context) {
	defer close(v.done)
	factory := informers.NewSharedInformerFactoryWithOptions(v.Clients.Kube, 0,
		informers.WithTweakListOptions(func(options *metav1.ListOptions) {
			options.FieldSelector = fields.OneTermEqualSelector("metadata.name", VeleroDeployment).String()
		}))
	deployments := factory.Apps().V1().Deployments()
	handler := cache.ResourceEventHandlerFuncs{
		AddFunc:    func(any) { v.poke() },
		UpdateFunc: func(any, any) { v.poke() },
		DeleteFunc: func(any) { v.poke() },
	}
	if _, err := deployments.Informer().AddEventHandler(handler); err != nil {
		return // only when the informer has been stopped
	}
	lister := deployments.Lister()
	factory.Start(ctx.Done())
	defer factory.Shutdown()
	if !cache.WaitForCacheSync(ctx.Done(), deployments.Informer().HasSynced) {
		return
	}
	v.reconcile(ctx, lister)
	close(v.synced)
	ticker := time.NewTicker(mountInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-v.wake:
		case <-ticker.C:
		}
		v.reconcile(ctx, lister)
	}
}

// poke has the Deployments looked at soon.
func (v *Velero) poke() {
	select {
	case v.wake <- struct{}{}:
	default:
	}
}

// reconcile makes the processes like the Deployments, and the Deployments' status like the processes.
func (v *Velero) reconcile(ctx context.Context, lister appslisters.DeploymentLister) {
	list, err := lister.List(labels.Everything())
	if err != nil {
		return // a cache does not fail
	}
	there := map[string]bool{}
	for _, deployment := range list {
		if deployment.DeletionTimestamp != nil {
			continue
		}
		there[deployment.Namespace] = true
		v.reconcileOne(ctx, deployment)
	}
	for namespace, s := range v.snapshot() {
		if !there[namespace] {
			v.remove(namespace, s)
		}
	}
}

func (v *Velero) reconcileOne(ctx context.Context, deployment *appsv1.Deployment) {
	s := v.snapshot()[deployment.Namespace]
	if replicas(deployment) == 0 {
		if s != nil {
			v.remove(deployment.Namespace, s)
		}
		v.writeStatus(ctx, deployment, process.Status{State: process.Stopped})
		return
	}
	if s == nil {
		s = v.newServer(deployment)
		v.mu.Lock()
		v.servers[deployment.Namespace] = s
		v.mu.Unlock()
		s.process.Start()
		go s.report(v.poke)
	}
	s.follow(ctx, deployment)
	v.writeStatus(ctx, deployment, s.process.Status())
}

func (v *Velero) snapshot() map[string]*server {
	v.mu.Lock()
	defer v.mu.Unlock()
	all := map[string]*server{}
	maps.Copy(all, v.servers)
	return all
}

func (v *Velero) remove(namespace string, s *server) {
	s.process.Stop()
	close(s.gone)
	v.mu.Lock()
	defer v.mu.Unlock()
	delete(v.servers, namespace)
}
