package kubelet

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"sync"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/acmdr/kubectl-acmdr/test/lab/internal/probe"
	"github.com/acmdr/kubectl-acmdr/test/lab/internal/process"
	"github.com/acmdr/kubectl-acmdr/test/lab/internal/shortdir"
)

// server is one Velero server and the Deployment it is made from.
type server struct {
	velero  *Velero
	port    int
	process *process.Process
	gone    chan struct{}

	mu         sync.Mutex
	deployment *appsv1.Deployment
}

func (v *Velero) newServer(deployment *appsv1.Deployment) *server {
	name := VeleroDeployment
	if deployment.Namespace != VeleroDeployment {
		name += "-" + deployment.Namespace
	}
	s := &server{velero: v, deployment: deployment, port: v.freePort(), gone: make(chan struct{})}
	s.process = process.New(process.Spec{
		Cluster: v.Cluster,
		Name:    name,
		Log:     v.Dir.Log(v.Cluster, name),
		URL:     fmt.Sprintf("http://127.0.0.1:%d/metrics", s.port),
		Command: s.command,
		// The server opens this port when it has found its namespace and its CRDs.
		Ready: probe.TCP(s.port),
	})
	return s
}

// freePort is a metrics port that no other server of the hub has; 0 when there are too many.
func (v *Velero) freePort() int {
	used := map[int]bool{}
	for _, other := range v.snapshot() {
		used[other.port] = true
	}
	for _, port := range v.Ports {
		if !used[port] {
			return port
		}
	}
	return 0
}

// follow restarts the server when its pod template is another one, and brings mounted secrets up to date when it is not.
func (s *server) follow(ctx context.Context, deployment *appsv1.Deployment) {
	s.mu.Lock()
	changed := !equality.Semantic.DeepEqual(s.deployment.Spec.Template, deployment.Spec.Template)
	s.deployment = deployment
	s.mu.Unlock()
	if changed {
		s.process.Restart()
		return
	}
	if p, err := newPod(deployment, s.volumes()); err == nil {
		_ = p.mount(ctx, s.velero.Clients.Kube) // a secret that is gone leaves its files
	}
}

func (s *server) home() string {
	return filepath.Join(s.velero.Dir.Cluster(s.velero.Cluster).Velero(), s.current().Namespace)
}

func (s *server) volumes() string { return filepath.Join(s.home(), "volumes") }

func (s *server) current() *appsv1.Deployment {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.deployment
}

// command is what the kubelet would run for the pod.
func (s *server) command(ctx context.Context) (*process.Command, error) {
	deployment := s.current()
	if s.port == 0 {
		return nil, errors.New("the lab has no port for one more Velero server on this hub")
	}
	p, err := newPod(deployment, s.volumes())
	if err != nil {
		return nil, err
	}
	if err := p.mount(ctx, s.velero.Clients.Kube); err != nil {
		return nil, err
	}
	args, err := veleroArgs(p.args(), loopback{
		kubeconfig: s.velero.Kubeconfig,
		namespace:  deployment.Namespace,
		plugins:    s.velero.Bin.Plugins(),
		metrics:    fmt.Sprintf("127.0.0.1:%d", s.port),
	})
	if err != nil {
		return nil, err
	}
	variables, err := p.env(ctx, s.velero.Clients.Kube)
	if err != nil {
		return nil, err
	}
	home, tmp := filepath.Join(s.home(), "home"), filepath.Join(s.home(), "tmp")
	if own := variables["TMPDIR"]; own != "" {
		tmp = own
	}
	delete(variables, "TMPDIR")
	sockets, err := shortdir.Make(string(s.velero.Dir), tmp)
	if err != nil {
		return nil, err
	}
	env := process.Env(string(s.velero.Dir), home, tmp,
		// Plugins listen on unix sockets here; the paths of those are short.
		"PLUGIN_UNIX_SOCKET_DIR="+sockets)
	account, err := p.mountServiceAccount(ctx, s.velero.Clients.Kube, s.velero.Kubeconfig, filepath.Join(s.home(), "root"))
	if err != nil {
		return nil, err
	}
	maps.Copy(variables, account)
	for name, value := range variables {
		env = append(env, name+"="+value)
	}
	if err := process.MakeDirs(home, tmp); err != nil {
		return nil, err
	}
	return &process.Command{Path: s.velero.Bin.Program("velero"), Args: args, Env: env}, nil
}

// report pokes whenever the process changes.
func (s *server) report(poke func()) {
	for {
		changed := s.process.Changed()
		poke()
		select {
		case <-changed:
		case <-s.gone:
			return
		}
	}
}

// writeStatus writes the Deployment's status when it is another one.
func (v *Velero) writeStatus(ctx context.Context, deployment *appsv1.Deployment, pod process.Status) {
	status := deploymentStatus(deployment, pod, time.Now())
	if equality.Semantic.DeepEqual(deployment.Status, status) {
		return
	}
	changed := deployment.DeepCopy()
	changed.Status = status
	// A conflict means that there is a newer Deployment, and so another turn.
	_, err := v.Clients.Kube.AppsV1().Deployments(deployment.Namespace).UpdateStatus(ctx, changed, metav1.UpdateOptions{})
	if err != nil && ctx.Err() == nil {
		fmt.Fprintf(os.Stderr, "%s: status of Deployment %s/%s: %v\n", v.Cluster, deployment.Namespace, deployment.Name, err)
	}
}
