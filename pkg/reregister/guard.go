package reregister

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/acmdr/kubectl-acmdr/pkg/kubeconfig"
	"github.com/acmdr/kubectl-acmdr/pkg/workloads"
)

// guard refuses a move that would cost workloads, unless the user lets it or holds the eviction, and tells which would be
// changed.
func (m *Mover) guard(ctx context.Context, move *Move) error {
	applied, err := workloads.Applied(ctx, move.managed.Dynamic, move.managed.AgentID)
	if errors.Is(err, workloads.ErrHidden) {
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
	changed, err := workloads.Changed(ctx, move.managed.Dynamic, applied, works)
	if err != nil {
		return err
	}
	if changed != "" {
		move.notes = append(move.notes, "will be changed to what this hub's works hold: "+changed)
	}
	losses, err := move.losses(ctx, workloads.AtRisk(applied, works))
	if err != nil {
		return err
	}
	switch summary := workloads.Summary(losses); {
	case len(losses) == 0, m.HoldEviction:
		return nil
	case m.AllowWorkloadLoss:
		move.notes = append(move.notes, "will be deleted after the eviction grace period: "+summary)
		return nil
	default:
		return fmt.Errorf("the work agent would delete what no ManifestWork of this hub holds, after its eviction grace period "+
			"(60 min by default): %s; restore the ManifestWorks, keep the workloads with --hold-eviction, "+
			"or accept the loss with --allow-workload-loss", summary)
	}
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
	return workloads.Hold(ctx, m.Hub.Dynamic, move.managed.Dynamic)
}

// secured waits until every workload of another hub is applied for this one too, so that no eviction can take it. What the
// user let go, or holds, is only told, with the time when it began.
func (m *Mover) secured(ctx context.Context, move *Move) (bool, string, error) {
	losses, err := m.pending(ctx, move)
	if err != nil || len(losses) == 0 {
		return err == nil, "", err
	}
	why := "not yet applied for this hub: " + workloads.Summary(losses)
	if m.AllowWorkloadLoss || m.HoldEviction {
		works, err := workloads.Works(ctx, m.Hub.Dynamic, move.Name)
		if err != nil {
			return false, "", err
		}
		applied, err := workloads.Applied(ctx, move.managed.Dynamic, move.managed.AgentID)
		if err != nil {
			return false, "", err
		}
		if atRisk := workloads.Without(workloads.AtRisk(applied, works), move.orphans); len(atRisk) >= len(losses) {
			move.notes = append(move.notes, deadlines(losses)...)
			return true, "", nil
		}
	}
	return false, why, nil
}

func (m *Mover) isSecured(ctx context.Context, move *Move) (bool, error) {
	losses, err := m.pending(ctx, move)
	return len(losses) == 0, err
}

// pending are the workloads that an eviction could still take; what cannot be seen is not waited for.
func (m *Mover) pending(ctx context.Context, move *Move) ([]workloads.Loss, error) {
	applied, err := workloads.Applied(ctx, move.managed.Dynamic, move.managed.AgentID)
	if errors.Is(err, workloads.ErrHidden) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return move.losses(ctx, workloads.Pending(applied, move.server()))
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

func deadlines(losses []workloads.Loss) []string {
	var notes []string
	for _, loss := range losses {
		if !loss.Since.IsZero() {
			notes = append(notes, fmt.Sprintf("eviction of work %s began at %s", loss.Work, loss.Since.UTC().Format(time.RFC3339)))
		}
	}
	return notes
}
