package supervisor

import (
	"context"
	"fmt"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/acmdr/kubectl-acmdr/test/lab/internal/fill"
	"github.com/acmdr/kubectl-acmdr/test/lab/internal/layout"
	"github.com/acmdr/kubectl-acmdr/test/lab/internal/process"
	"github.com/acmdr/kubectl-acmdr/test/lab/internal/state"
)

// up starts everything and returns when it is ready.
func (s *Supervisor) up(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, upTimeout, fmt.Errorf("not ready after %s", upTimeout))
	defer cancel()
	if err := s.plan(); err != nil {
		return err
	}
	// Clusters whose API server is ready and whose objects are there.
	prepared := map[string]chan struct{}{}
	for _, n := range s.nodes {
		prepared[n.Name] = make(chan struct{})
	}
	quit := s.sayWhatIsMissing(ctx)
	defer quit()
	if err := s.startAll(ctx, prepared); err != nil {
		return err
	}
	for _, n := range s.nodes {
		if err := n.waitVelero(ctx); err != nil {
			return err
		}
	}
	return nil
}

// startAll starts all clusters and registrations at once; each waits for what it needs. The first failure ends the others.
func (s *Supervisor) startAll(ctx context.Context, prepared map[string]chan struct{}) error {
	group, ctx := errgroup.WithContext(ctx)
	for _, store := range s.stores {
		group.Go(func() error { return store.WaitReady(ctx) })
	}
	for _, n := range s.nodes {
		group.Go(func() error {
			err := n.start(ctx, func(ctx context.Context) error {
				s.journal.Logf("%s: the API server is ready", n.Name)
				if err := s.prepare(ctx, n); err != nil {
					return err
				}
				close(prepared[n.Name])
				return nil
			})
			if err != nil {
				return err
			}
			return n.waitAgents(ctx)
		})
	}
	for _, registration := range s.registrations() {
		group.Go(func() error {
			for _, name := range []string{registration.Hub.Name, registration.Managed.Name} {
				if err := wait(ctx, prepared[name]); err != nil {
					return err
				}
			}
			if err := registration.Run(ctx); err != nil {
				return err
			}
			return s.remember(func(st *state.State) { st.Filled[state.Key(registration.Hub.Name, registration.Name)] = true })
		})
	}
	return group.Wait()
}

func wait(ctx context.Context, ready <-chan struct{}) error {
	select {
	case <-ready:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// prepare installs what the cluster's components need, once: later it is the user's.
func (s *Supervisor) prepare(ctx context.Context, n *node) error {
	key := state.Key(n.Name, "prepared")
	if s.filled(key) {
		return nil
	}
	if err := fill.Prepare(ctx, n.Cluster, n.agents.ManagedCluster, s.state.EvictionGrace); err != nil {
		return err
	}
	return s.remember(func(st *state.State) { st.Filled[key] = true })
}

// registrations are those that have not been made yet: every cluster at the first hub, and each hub at itself.
func (s *Supervisor) registrations() []*fill.Registration {
	var list []*fill.Registration
	for _, n := range s.nodes {
		hub := n
		if !n.Hub {
			hub = s.node(layout.HubOne)
		}
		name := n.agents.ManagedCluster
		if s.filled(state.Key(hub.Name, name)) {
			continue
		}
		list = append(list, &fill.Registration{
			Name: name, Hub: hub.Cluster, Managed: n.Cluster, Infix: s.state.Infix[n.Name], Logf: s.journal.Logf,
		})
	}
	return list
}

func (s *Supervisor) filled(key string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state.Filled[key]
}

func (s *Supervisor) remember(change func(*state.State)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(s.state)
	return s.state.Save(s.Dir)
}

// sayWhatIsMissing tells now and then which components are not ready, until the returned function is called.
func (s *Supervisor) sayWhatIsMissing(ctx context.Context) func() {
	const interval = 10 * time.Second
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		ticker := time.NewTicker(interval)
		defer ticker.Stop()
		for {
			select {
			case <-ticker.C:
			case <-ctx.Done():
				return
			}
			missing := unready(s.Status().Components)
			if len(missing) > 0 {
				s.journal.Logf("still waiting for %s", strings.Join(missing, ", "))
			}
		}
	}()
	return cancel
}

// unready names the components that run or should run and are not ready; those that are not started yet wait for these.
func unready(components []process.Status) []string {
	var list []string
	for _, status := range components {
		if status.State == process.Ready || status.State == process.Stopped {
			continue
		}
		text := status.Cluster + " " + status.Component
		if status.Message != "" {
			text += " (" + status.Message + ")"
		}
		list = append(list, text)
	}
	return list
}
