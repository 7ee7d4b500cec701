package reregister

import (
	"context"
	"fmt"
	"slices"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/acmdr/kubectl-acmdr/pkg/kubeconfig"
	"github.com/acmdr/kubectl-acmdr/pkg/ocm"
)

// home waits until the agent is at the hub that the cluster had before. There its CSR has to be approved: it comes with the
// bootstrap identity, as at first, and a hub that is not ACM approves no such CSR by itself.
func (m *Mover) home(ctx context.Context, move *Move) (bool, string, error) {
	server, err := move.registeredAt(ctx)
	if m.OldHub != nil && (apierrors.IsForbidden(err) || err == nil && server != move.way.server) {
		if _, why, err := m.OldHub.Approve(ctx, move.Name); err != nil || why != "" {
			return false, "old hub: " + why, err
		}
	}
	return m.isBack(ctx, move)
}

// isHome holds only when nothing was put back in this run: after that, only what is newer counts.
func (m *Mover) isHome(ctx context.Context, move *Move) (bool, error) {
	if move.way.moved || !move.way.taken {
		return false, nil
	}
	back, _, err := m.isBack(ctx, move)
	return back, err
}

// isBack tells whether the agent is registered at its previous hub, as the managed cluster says, and at work there, as the
// old hub says. What neither can be asked is noted.
func (m *Mover) isBack(ctx context.Context, move *Move) (bool, string, error) {
	server, err := move.registeredAt(ctx)
	hidden := apierrors.IsForbidden(err)
	switch {
	case err != nil && !hidden:
		return false, "", err
	case !hidden && server != move.way.server && m.OldHub == nil:
		return false, fmt.Sprintf("the agent is still registered at %s; a hub that is not ACM has to accept it, there", server), nil
	case !hidden && server != move.way.server:
		return false, "the agent is still registered at " + server, nil
	case m.OldHub == nil && hidden:
		move.note("whether the agent is back cannot be told: the credential may not read secret %s, and no old hub was given", ocm.HubSecret)
		return true, "", nil
	case m.OldHub == nil:
		move.note("whether the old hub sees it was not looked at: no old hub was given")
		return true, "", nil
	}
	signals, err := m.OldHub.Observe(ctx, move.Name)
	if err != nil {
		return false, "", fmt.Errorf("old hub: %w", err)
	}
	signals.Since = move.way.renewed
	if missing := signals.Missing(m.OldHub.Clock.Now()); missing != "" {
		return false, "old hub: " + missing, nil
	}
	return true, "", nil
}

// registeredAt is the server of the hub that the agent has its certificate from.
func (m *Move) registeredAt(ctx context.Context) (string, error) {
	secret, err := m.managed.Kube.CoreV1().Secrets(m.managed.Namespace).Get(ctx, ocm.HubSecret, metav1.GetOptions{})
	if err != nil {
		return "", fmt.Errorf("reading secret %s/%s: %w", m.managed.Namespace, ocm.HubSecret, err)
	}
	return kubeconfig.HubServer(secret.Data[ocm.KubeconfigKey]), nil
}

// note adds a note once, however often a wait looks.
func (m *Move) note(format string, args ...any) {
	note := fmt.Sprintf(format, args...)
	if !slices.Contains(m.notes, note) {
		m.notes = append(m.notes, note)
	}
}
