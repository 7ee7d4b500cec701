package reregister

import (
	"context"
	"fmt"

	"k8s.io/apimachinery/pkg/util/sets"

	"github.com/acmdr/kubectl-acmdr/pkg/step"
)

// leaving are the steps between the write on the managed cluster and the proof that it has joined. A cluster that fails
// before them never left its old hub, and one that fails after them is at the new one.
var leaving = sets.New("switch", "knock", "approve", "accept", "join")

// Abort puts a cluster back that has not joined. The result stays a failure, and says what became of the cluster.
func (m *Mover) Abort(ctx context.Context, move *Move, failed step.Result, emit func(step.Event)) step.Result {
	if failed.Status != step.Failed || !leaving.Has(failed.Step) {
		return failed
	}
	undone := step.Run(ctx, m.Accept.Clock, failed.Target, move, m.UndoSteps(), emit)
	failed.Steps = append(failed.Steps, undone.Steps...)
	failed.Elapsed += undone.Elapsed
	switch {
	case undone.Err == nil:
		failed.Err = fmt.Errorf("%w; put back: it is at its old hub again (%s)", failed.Err, move.way.server)
	case move.way.taken:
		failed.Err = fmt.Errorf("%w; its bootstrap kubeconfig leads to its old hub again (%s), but %s failed: %w",
			failed.Err, move.way.server, undone.Step, undone.Err)
	default:
		failed.Err = fmt.Errorf("%w; not put back, %s failed: %w", failed.Err, undone.Step, undone.Err)
	}
	return failed
}
