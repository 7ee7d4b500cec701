package reregister

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/util/retry"

	"github.com/acmdr/kubectl-acmdr/pkg/bootstrap"
	"github.com/acmdr/kubectl-acmdr/pkg/fence"
	"github.com/acmdr/kubectl-acmdr/pkg/kubeconfig"
	"github.com/acmdr/kubectl-acmdr/pkg/ocm"
	"github.com/acmdr/kubectl-acmdr/pkg/step"
	"github.com/acmdr/kubectl-acmdr/pkg/wait"
	"github.com/acmdr/kubectl-acmdr/pkg/workloads"
)

// way is the way back to the hub that a cluster had before.
type way struct {
	// data is the bootstrap secret as it was, and server where its kubeconfig leads.
	data   map[string][]byte
	server string
	// taken tells that the bootstrap kubeconfig leads there already.
	taken bool
	// moved tells that it was put back in this run.
	moved bool
	// renewed is the cluster's lease on the old hub as it was before; only what is newer shows that the agent is back.
	renewed time.Time
}

// UndoSteps put the previous bootstrap kubeconfig of a cluster back and wait until its agent is at the hub that it had
// before. Like a move they read first, make the hub that the agent goes to ready, and then make the one write on the
// managed cluster, in place.
func (m *Mover) UndoSteps() []step.Step[*Move] {
	return []step.Step[*Move]{
		{Name: "credential", ReadOnly: true, Do: m.reopen, Timeout: wait.Open},
		{Name: "previous", ReadOnly: true, Do: m.findWay, Timeout: wait.Probe},
		{Name: "guard", ReadOnly: true, Done: isUndone, Do: m.guardUndo, Timeout: wait.Probe},
		// The old hub must take the agent before it is sent there.
		{Name: "lift", Done: m.isLifted, Plan: planFences, Do: m.lift, Timeout: wait.Probe},
		{Name: "put-back", Done: isUndone, Plan: planPutBack, Do: putBack, Timeout: wait.Probe},
		// After the write: a switch that is not noted any more while it still stands would let old signals count.
		{Name: "forget", Done: m.isForgotten, Plan: says("remove the note of the switch from the ManagedCluster here"), Do: m.forget, Timeout: wait.Probe},
		{Name: "return", Done: m.isHome, Plan: says("wait until the agent is at its old hub"), Ready: m.home, Timeout: m.Timeout},
	}
}

// reopen opens the managed cluster, unless a move has done so.
func (m *Mover) reopen(ctx context.Context, move *Move) error {
	if move.managed != nil {
		return nil
	}
	managed, err := m.Finder.Open(ctx, move.Name)
	move.managed = managed
	return err
}

func isUndone(_ context.Context, move *Move) (bool, error) { return move.way.taken, nil }

// findWay finds the previous bootstrap kubeconfig, and refuses one that is no way back.
func (m *Mover) findWay(ctx context.Context, move *Move) error {
	secrets := move.managed.Kube.CoreV1().Secrets(move.managed.Namespace)
	current, err := secrets.Get(ctx, ocm.BootstrapSecret, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		current, err = &corev1.Secret{}, nil // deleted by somebody; it is made again
	}
	if err != nil {
		return fmt.Errorf("reading secret %s/%s: %w", move.managed.Namespace, ocm.BootstrapSecret, err)
	}
	if move.way.data, err = previous(ctx, move, current); err != nil {
		return err
	}
	kubeconfigData, currentData := move.way.data[ocm.KubeconfigKey], current.Data[ocm.KubeconfigKey]
	endpoint, _, err := kubeconfig.EndpointOf(kubeconfigData)
	if err != nil {
		return fmt.Errorf("the previous bootstrap kubeconfig is no way back: %w", err)
	}
	move.way.server = endpoint.Server
	ours, err := m.isOurs(ctx, move.Name, kubeconfigData)
	if err != nil {
		return err
	}
	if ours || endpoint.Server == m.Hub.Config.Host {
		return fmt.Errorf("nothing to undo: the previous bootstrap kubeconfig leads to this hub (%s), too", endpoint.Server)
	}
	move.way.taken = bytes.Equal(currentData, kubeconfigData) || kubeconfig.PointsTo(currentData, endpoint)
	if move.way.taken || len(currentData) == 0 {
		return nil
	}
	if ours, err = m.isOurs(ctx, move.Name, currentData); err != nil {
		return err
	}
	if server := kubeconfig.Server(currentData); !ours && server != m.Hub.Config.Host {
		return fmt.Errorf("the bootstrap kubeconfig of %s leads to %s, neither to this hub nor to the previous one (%s): undo it from there",
			move.Name, server, endpoint.Server)
	}
	return m.tryWay(ctx, move)
}

// previous is the bootstrap secret's data as the last move found it. The key of the bootstrap secret itself is the newer
// one where it is there.
func previous(ctx context.Context, move *Move, current *corev1.Secret) (map[string][]byte, error) {
	if data := current.Data[PreviousKey]; len(data) > 0 {
		restored := maps.Clone(current.Data)
		restored[ocm.KubeconfigKey] = data
		return restored, nil
	}
	kept, err := move.managed.Kube.CoreV1().Secrets(move.managed.Namespace).Get(ctx, PreviousSecret, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return nil, fmt.Errorf("nothing to undo: the cluster keeps no previous bootstrap kubeconfig (secret %s/%s)",
			move.managed.Namespace, PreviousSecret)
	}
	if err != nil {
		return nil, fmt.Errorf("reading secret %s/%s: %w", move.managed.Namespace, PreviousSecret, err)
	}
	return kept.Data, nil
}

// tryWay tries the previous bootstrap kubeconfig. An agent whose certificate is of the other hub cannot do without it, so one
// that is refused would leave the cluster at no hub at all.
func (m *Mover) tryWay(ctx context.Context, move *Move) error {
	err := bootstrap.VerifyKubeconfig(ctx, m.Verify, move.way.data[ocm.KubeconfigKey], ocm.BootstrapUser(move.Name))
	if err == nil {
		return nil
	}
	if _, refused := errors.AsType[*bootstrap.RefusedError](err); !refused {
		move.notes = append(move.notes, "the old hub could not be asked from here: "+err.Error())
		return nil
	}
	server, err := move.registeredAt(ctx)
	if err == nil && server == move.way.server {
		move.notes = append(move.notes, "the previous bootstrap token is not valid any more; the agent still has its certificate of the old hub")
		return nil
	}
	return fmt.Errorf("the old hub at %s does not accept the previous bootstrap token any more, so the agent could not join it again: "+
		"run 'kubectl acmdr reregister %s' with the old hub as the current context", move.way.server, move.Name)
}

// guardUndo makes sure that the old hub knows the cluster and that going back there costs no workload.
func (m *Mover) guardUndo(ctx context.Context, move *Move) error {
	applied, err := workloads.Applied(ctx, move.managed.Dynamic, move.managed.AgentID)
	if errors.Is(err, workloads.ErrHidden) {
		move.notes = append(move.notes, "workloads were not checked: "+err.Error())
		return nil
	}
	if err != nil {
		return err
	}
	if m.OldHub == nil {
		if len(workloads.Pending(applied, move.way.server)) > 0 {
			move.notes = append(move.notes, "what only this hub's ManifestWorks hold will be deleted after the eviction grace period")
		}
		return nil
	}
	signals, err := m.OldHub.Observe(ctx, move.Name)
	if err != nil {
		return fmt.Errorf("old hub: %w", err)
	}
	move.way.renewed = signals.Renewed
	works, err := workloads.Works(ctx, m.OldHub.Dynamic, move.Name)
	if err != nil {
		return err
	}
	move.orphans = nil // the move looked at other works
	losses, err := move.losses(ctx, workloads.AtRisk(applied, works))
	if err != nil {
		return err
	}
	summary := workloads.Summary(losses)
	switch {
	case len(losses) == 0:
		return nil
	case m.AllowWorkloadLoss:
		move.notes = append(move.notes, "will be deleted after the eviction grace period: "+summary)
		return nil
	}
	return fmt.Errorf("the work agent would delete what no ManifestWork of the old hub holds, after its eviction grace period: %s; "+
		"add the ManifestWorks there, or accept the loss with --allow-workload-loss", summary)
}

// isLifted: what fence changed for the cluster is put back before the agent is sent there.
func (m *Mover) isLifted(ctx context.Context, move *Move) (bool, error) {
	if m.OldHub == nil {
		return true, nil
	}
	var err error
	if move.fences, err = fence.PlanLiftCluster(ctx, m.OldHub.Dynamic, move.Name); err != nil {
		return false, err
	}
	signals, err := m.OldHub.Observe(ctx, move.Name)
	if err != nil {
		return false, fmt.Errorf("old hub: %w", err)
	}
	return len(move.fences) == 0 && signals.Cluster.Spec.HubAcceptsClient, nil
}

func (m *Mover) lift(ctx context.Context, move *Move) error {
	if err := m.fence(ctx, move); err != nil {
		return err
	}
	lifted, err := m.isLifted(ctx, move)
	if err == nil && !lifted {
		return fmt.Errorf("the old hub does not accept %s: run 'kubectl acmdr accept %s' with the old hub as the current context",
			move.Name, move.Name)
	}
	return err
}

// putBack puts the previous bootstrap secret in place, byte for byte.
func putBack(ctx context.Context, move *Move) error {
	secrets := move.managed.Kube.CoreV1().Secrets(move.managed.Namespace)
	err := retry.RetryOnConflict(retry.DefaultBackoff, func() error {
		current, err := secrets.Get(ctx, ocm.BootstrapSecret, metav1.GetOptions{})
		if apierrors.IsNotFound(err) {
			return create(ctx, secrets, move.way.data)
		}
		if err != nil {
			return fmt.Errorf("reading secret %s/%s: %w", move.managed.Namespace, ocm.BootstrapSecret, err)
		}
		restored := current.DeepCopy()
		restored.Data = move.way.data
		if _, err := secrets.Update(ctx, restored, metav1.UpdateOptions{}); err != nil {
			return fmt.Errorf("updating secret %s: %w", ocm.BootstrapSecret, err)
		}
		return nil
	})
	if err == nil {
		move.way.taken, move.way.moved = true, true
	}
	return err
}

// isForgotten: a note of a switch that does not stand any more would refuse the cluster if it joined by hand.
func (m *Mover) isForgotten(ctx context.Context, move *Move) (bool, error) {
	cluster, err := ocm.ManagedClusters(m.Hub.Dynamic).Get(ctx, move.Name)
	if apierrors.IsNotFound(err) {
		return true, nil
	}
	if err != nil {
		return false, fmt.Errorf("reading managedcluster %s: %w", move.Name, err)
	}
	_, noted := cluster.Annotations[ocm.SwitchedAtAnnotation]
	return !noted, nil
}

func (m *Mover) forget(ctx context.Context, move *Move) error {
	err := ocm.ManagedClusters(m.Hub.Dynamic).MergePatch(ctx, move.Name, annotate(ocm.SwitchedAtAnnotation, nil))
	if err != nil {
		return fmt.Errorf("removing the note of the switch from managedcluster %s: %w", move.Name, err)
	}
	return nil
}
