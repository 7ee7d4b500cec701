package supervisor

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/acmdr/kubectl-acmdr/test/lab/internal/control"
	"github.com/acmdr/kubectl-acmdr/test/lab/internal/process"
)

// startTimeout bounds `start` of one cluster.
const startTimeout = 3 * time.Minute

var errNotReady = errors.New("the lab is still starting")

// Kill implements control.Lab.
func (s *Supervisor) Kill(_ context.Context, name, component string) error {
	if !s.isReady() {
		return errNotReady
	}
	s.acting.Lock()
	defer s.acting.Unlock()
	s.journal.Logf("kill %s %s", name, component)
	if store := s.store(name); store != nil {
		store.Kill()
		return nil
	}
	n := s.node(name)
	if n == nil {
		return s.unknown(name)
	}
	if component == "" {
		n.kill()
		return nil
	}
	p, err := n.component(component)
	if err != nil {
		return err
	}
	p.Kill()
	return nil
}

// Start implements control.Lab.
func (s *Supervisor) Start(ctx context.Context, name, component string) error {
	if !s.isReady() {
		return errNotReady
	}
	s.acting.Lock()
	defer s.acting.Unlock()
	ctx, cancel := context.WithTimeoutCause(ctx, startTimeout, fmt.Errorf("not ready after %s", startTimeout))
	defer cancel()
	s.journal.Logf("start %s %s", name, component)
	if store := s.store(name); store != nil {
		store.Start()
		return store.WaitReady(ctx)
	}
	n := s.node(name)
	if n == nil {
		return s.unknown(name)
	}
	if component != "" {
		p, err := n.component(component)
		if err != nil {
			return err
		}
		p.Start()
		return p.WaitReady(ctx)
	}
	if err := n.start(ctx, func(context.Context) error { return nil }); err != nil {
		return err
	}
	if err := n.waitAgents(ctx); err != nil {
		return err
	}
	return n.waitVelero(ctx)
}

// Status implements control.Lab.
func (s *Supervisor) Status() control.Status {
	s.mu.Lock()
	nodes, stores, ready := s.nodes, s.stores, s.ready
	s.mu.Unlock()
	status := control.Status{Ready: ready}
	for _, n := range nodes {
		for _, p := range n.processes() {
			one := p.Status()
			if n.isKilled() && one.State != process.Killed {
				continue // a server that was only planned
			}
			status.Components = append(status.Components, one)
		}
	}
	for _, store := range stores {
		status.Components = append(status.Components, store.Status())
	}
	return status
}

func (s *Supervisor) node(name string) *node {
	for _, n := range s.nodes {
		if n.Name == name {
			return n
		}
	}
	return nil
}

func (s *Supervisor) store(name string) *process.Process {
	for _, store := range s.stores {
		if store.Status().Cluster == name {
			return store
		}
	}
	return nil
}

func (s *Supervisor) unknown(name string) error {
	var known []string
	for _, store := range s.stores {
		known = append(known, store.Status().Cluster)
	}
	for _, n := range s.nodes {
		known = append(known, n.Name)
	}
	return fmt.Errorf("the lab has no %q; it has %v", name, known)
}
