package supervisor

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/acmdr/kubectl-acmdr/test/lab/internal/acm"
	"github.com/acmdr/kubectl-acmdr/test/lab/internal/cluster"
	"github.com/acmdr/kubectl-acmdr/test/lab/internal/kubelet"
	"github.com/acmdr/kubectl-acmdr/test/lab/internal/process"
)

// node is one cluster with all that runs on it.
type node struct {
	*cluster.Cluster
	agents *kubelet.Agents
	velero *kubelet.Velero // nil where it is no hub
	acm    *acm.Controller // nil where nobody asked for it

	mu     sync.Mutex
	killed bool
}

// processes are all of the cluster's, in start order.
func (n *node) processes() []*process.Process {
	list := slices.Concat(n.Processes(), n.agents.Processes())
	if n.velero != nil {
		list = append(list, n.velero.Processes()...)
	}
	return list
}

// start brings the cluster up. prepare is called when its API server is ready; the agents wait for their secrets.
func (n *node) start(ctx context.Context, prepare func(ctx context.Context) error) error {
	n.setKilled(false)
	if err := n.StartControlPlane(ctx); err != nil {
		return err
	}
	if err := prepare(ctx); err != nil {
		return err
	}
	n.StartHub()
	n.agents.Start()
	if n.velero != nil {
		n.velero.Start()
	}
	if n.acm != nil {
		n.acm.Start()
	}
	return n.WaitReady(ctx)
}

// waitAgents waits until the agents are well.
func (n *node) waitAgents(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	for _, p := range n.agents.Processes() {
		group.Go(func() error { return p.WaitReady(ctx) })
	}
	return group.Wait()
}

// waitVelero waits for the Velero server of a Deployment that is there. One that does not come up is not the lab's
// failure: its Deployment says why.
func (n *node) waitVelero(ctx context.Context) error {
	if n.velero == nil {
		return nil
	}
	if err := n.velero.WaitSynced(ctx); err != nil {
		return err
	}
	for _, p := range n.velero.Processes() {
		if err := p.WaitReady(ctx); err != nil && ctx.Err() != nil {
			return err
		}
	}
	return nil
}

// kill ends all processes as a power cut does.
func (n *node) kill() {
	n.setKilled(true)
	var all sync.WaitGroup
	for _, p := range n.processes() {
		all.Go(p.Kill)
	}
	all.Wait()
	n.stopSync()
	// A Velero that was started in the meantime.
	for _, p := range n.processes() {
		p.Kill()
	}
}

// stop ends all processes, what uses the API server first.
func (n *node) stop() {
	n.stopSync()
	list := n.processes()
	control := len(n.Processes())
	var users sync.WaitGroup
	for _, p := range slices.Concat(list[2:control], list[control:]) {
		users.Go(p.Stop)
	}
	users.Wait()
	list[1].Stop() // the API server, then etcd
	list[0].Stop()
}

func (n *node) stopSync() {
	n.agents.StopSync()
	if n.velero != nil {
		n.velero.StopSync()
	}
	if n.acm != nil {
		n.acm.Stop()
	}
}

// component finds one process by its name.
func (n *node) component(name string) (*process.Process, error) {
	var known []string
	for _, p := range n.processes() {
		status := p.Status()
		if status.Component == name {
			return p, nil
		}
		known = append(known, status.Component)
	}
	return nil, fmt.Errorf("%s has no component %q; it has %v", n.Name, name, known)
}

func (n *node) setKilled(killed bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.killed = killed
}

func (n *node) isKilled() bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.killed
}
