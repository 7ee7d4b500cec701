package reregister

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/util/duration"

	"github.com/acmdr/kubectl-acmdr/pkg/kubeconfig"
	"github.com/acmdr/kubectl-acmdr/pkg/wait"
	"github.com/acmdr/kubectl-acmdr/pkg/workloads"
)

// guard refuses a move that would cost workloads, unless the user lets it or holds the eviction, and tells which would be
// changed. Of a cluster that was switched before it only notes what an eviction can still take.
func (m *Mover) guard(ctx context.Context, move *Move) error {
	applied, err := workloads.Applied(ctx, move.managed.Dynamic, move.managed.AgentID)
	if errors.Is(err, workloads.ErrHidden) {
		move.hidden = true
		move.notes = append(move.notes, "workloads were not checked: "+err.Error())
		return nil
	}
	if err != nil {
		return err
	}
	works, err := workloads.Works(ctx, m.Hub.Dynamic, move.Name)
	if err != nil {
		return err
	}
	if move.grace, err = workloads.GracePeriod(ctx, move.managed.Dynamic); err != nil {
		return err
	}
	if move.atRisk, err = move.losses(ctx, workloads.AtRisk(applied, works)); err != nil || move.switched {
		return err
	}
	changed, err := workloads.Changed(ctx, move.managed.Dynamic, applied, works)
	if err != nil {
		return err
	}
	if changed != "" {
		move.notes = append(move.notes, "will be changed to what this hub's works hold: "+changed)
	}
	return m.judge(move)
}

// judge decides about the workloads that are at risk.
func (m *Mover) judge(move *Move) error {
	switch {
	case len(move.atRisk) == 0, m.HoldEviction:
		return nil
	case workloads.IsNever(move.grace):
		move.notes = append(move.notes, workloads.HowToLift)
		return nil
	case m.AllowWorkloadLoss:
		move.notes = append(move.notes, "will be deleted after the eviction grace period: "+workloads.Summary(move.atRisk))
		return nil
	}
	return fmt.Errorf("the work agent would delete what no ManifestWork of this hub holds, %s after it connects to this hub "+
		"(at %s, if it moves now): %s; restore the ManifestWorks, keep the workloads with --hold-eviction, "+
		"or accept the loss with --allow-workload-loss", duration.HumanDuration(move.grace),
		m.Accept.Clock.Now().Add(move.grace).UTC().Format(time.RFC3339), workloads.Summary(move.atRisk))
}

// isHeld: without --hold-eviction there is nothing to hold.
func (m *Mover) isHeld(ctx context.Context, move *Move) (bool, error) {
	if !m.HoldEviction {
		return true, nil
	}
	move.notes = append(move.notes, workloads.HowToLift)
	return workloads.IsHeld(ctx, move.managed.Dynamic)
}

// hold stops evictions before the agent reaches the new hub. It stands after the guard and before the switch: the work agent
// restarts with its new grace period while it is still connected to the hub that knows its works.
func (m *Mover) hold(ctx context.Context, move *Move) error {
	if err := workloads.Hold(ctx, m.Hub.Dynamic, move.managed.Dynamic); err != nil {
		return err
	}
	var err error
	move.grace, err = workloads.GracePeriod(ctx, move.managed.Dynamic)
	return err
}

// secured watches the clock until every workload of another hub is applied for this one too, so that no eviction can take it.
// What the user lets go, or holds, is only told, with the time when it is deleted.
func (m *Mover) secured(ctx context.Context, move *Move) (bool, string, error) {
	losses, err := m.pending(ctx, move)
	if err != nil || len(losses) == 0 {
		return err == nil, "", err
	}
	if move.watched.IsZero() {
		move.watched = m.Accept.Clock.Now()
	}
	if move.grace, err = workloads.GracePeriod(ctx, move.managed.Dynamic); err != nil {
		return false, "", err
	}
	held := workloads.IsNever(move.grace)
	if m.AllowWorkloadLoss || held {
		works, err := workloads.Works(ctx, m.Hub.Dynamic, move.Name)
		if err != nil {
			return false, "", err
		}
		applied, err := workloads.Applied(ctx, move.managed.Dynamic, move.managed.AgentID)
		if err != nil {
			return false, "", err
		}
		rest := len(workloads.Without(workloads.AtRisk(applied, works), move.orphans)) < len(losses)
		// An agent that is older than evictions never begins one: that must not end in a timeout.
		if !rest && (held || begun(losses) || m.Accept.Clock.Since(move.watched) > min(wait.Evict, m.Timeout/2)) {
			return true, "", nil
		}
	}
	return false, "not yet applied for this hub: " + workloads.Deadlines(losses, move.grace), nil
}

func begun(losses []workloads.Loss) bool {
	return !slices.ContainsFunc(losses, func(loss workloads.Loss) bool { return loss.Since.IsZero() })
}

func (m *Mover) isSecured(ctx context.Context, move *Move) (bool, error) {
	losses, err := m.pending(ctx, move)
	return len(losses) == 0, err
}

// pending are the workloads that an eviction could still take; what cannot be seen is not waited for.
func (m *Mover) pending(ctx context.Context, move *Move) ([]workloads.Loss, error) {
	applied, err := workloads.Applied(ctx, move.managed.Dynamic, move.managed.AgentID)
	if errors.Is(err, workloads.ErrHidden) {
		move.hidden = true
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	move.atRisk, err = move.losses(ctx, workloads.Pending(applied, move.server()))
	return move.atRisk, err
}

// losses leaves out what an eviction does not touch. That is looked up once: what a work owns does not change while a
// cluster moves, and there can be thousands of objects.
func (m *Move) losses(ctx context.Context, losses []workloads.Loss) ([]workloads.Loss, error) {
	if m.orphans == nil && len(losses) > 0 {
		var err error
		if m.orphans, err = workloads.FindOrphans(ctx, m.managed.Dynamic, losses); err != nil {
			return nil, err
		}
	}
	return workloads.Without(losses, m.orphans), nil
}

// server is the URL of the new hub as the agent knows it.
func (m *Move) server() string {
	if m.imported != nil {
		return kubeconfig.Server(m.imported)
	}
	return m.endpoint.Server
}

// Deadline tells what an eviction can still take from a cluster that was sent to this hub; empty when there is nothing.
func (m *Move) Deadline() string {
	switch {
	case !m.switched || m.way.taken:
		return "" // it never left, or was put back
	case m.hidden:
		return "the credential may not look at the workloads; 'explain' with a wider one does"
	case len(m.atRisk) == 0:
		return ""
	case workloads.IsNever(m.grace):
		return "evictions are held"
	}
	return workloads.Deadlines(m.atRisk, m.grace)
}
