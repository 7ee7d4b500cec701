package reregister

import (
	"context"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/acmdr/kubectl-acmdr/pkg/kubeconfig"
	"github.com/acmdr/kubectl-acmdr/pkg/ocm"
	"github.com/acmdr/kubectl-acmdr/pkg/step"
	"github.com/acmdr/kubectl-acmdr/pkg/wait"
)

// maxReasserts is how often a move puts the new bootstrap kubeconfig in place again when a fenced old hub has put its own
// back. The work agent's session with the old hub ends within a minute of the join and it applies a work every four to six
// minutes (ocm pkg/work/spoke/controllers/manifestcontroller), so once is the rule; something that does it more often is not
// the session that the fence cannot reach.
const maxReasserts = 3

// held makes a step that waits for the agent look after the bootstrap kubeconfig as well: an old hub that is alive can put
// its own back, and the agent would go home while the wait runs into its timeout.
func (m *Mover) held(s step.Step[*Move]) step.Step[*Move] {
	done, ready := s.Done, s.Ready
	if ready == nil {
		return s
	}
	s.Done = func(ctx context.Context, move *Move) (bool, error) {
		holds, err := done(ctx, move)
		if err != nil || !holds {
			return false, err
		}
		_, reverted, err := m.reverted(ctx, move)
		return !reverted, err
	}
	s.Ready = func(ctx context.Context, move *Move) (bool, string, error) {
		ok, why, err := ready(ctx, move)
		if err != nil || !ok && m.Accept.Clock.Since(move.looked) < wait.Look {
			return false, why, err
		}
		server, reverted, err := m.reverted(ctx, move)
		if err != nil {
			return false, "", err
		}
		if reverted {
			return false, "the old hub put its bootstrap kubeconfig back; this hub's is put in place again", m.reassert(ctx, move, server)
		}
		move.looked = m.Accept.Clock.Now()
		return ok, why, nil
	}
	return s
}

// reverted tells whether the bootstrap kubeconfig on the managed cluster leads to another hub again, and to which.
func (m *Mover) reverted(ctx context.Context, move *Move) (server string, reverted bool, err error) {
	secret, err := move.managed.Kube.CoreV1().Secrets(move.managed.Namespace).Get(ctx, ocm.BootstrapSecret, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return "nowhere", true, nil
	}
	if err != nil {
		return "", false, fmt.Errorf("reading secret %s/%s: %w", move.managed.Namespace, ocm.BootstrapSecret, err)
	}
	current := secret.Data[ocm.KubeconfigKey]
	if move.pointsHere(current) {
		return "", false, nil
	}
	ours, err := m.isOurs(ctx, move.Name, current)
	return kubeconfig.Server(current), !ours, err
}

// isOurs tells whether a bootstrap kubeconfig carries a token of the cluster's bootstrap identity on this hub: an ACM hub
// applies its own, with the URL that it thinks right.
func (m *Mover) isOurs(ctx context.Context, cluster string, data []byte) (bool, error) {
	name := ocm.BootstrapServiceAccount(cluster)
	account, err := m.Hub.Kube.CoreV1().ServiceAccounts(cluster).Get(ctx, name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("reading serviceaccount %s/%s: %w", cluster, name, err)
	}
	uid := kubeconfig.ClaimsOf(kubeconfig.Token(data)).AccountUID()
	return uid != "" && uid == string(account.UID), nil
}

// reassert puts the new bootstrap kubeconfig in place again. Without a fence it would only be reverted again, so that is an
// error at once, not a timeout.
func (m *Mover) reassert(ctx context.Context, move *Move, server string) error {
	if m.OldHub == nil {
		return fmt.Errorf("the old hub took the cluster back: its bootstrap kubeconfig leads to %s again; "+
			"fence the old hub with --old-hub-kubeconfig or --old-hub-context, or take it off the network, and run again", server)
	}
	if move.reasserts == maxReasserts {
		return fmt.Errorf("something on the managed cluster, or a hub that is not fenced, goes on putting back the bootstrap kubeconfig "+
			"that leads to %s: it was replaced %d times", server, move.reasserts)
	}
	move.reasserts++
	return move.put(ctx)
}
