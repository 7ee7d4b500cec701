package accept

import (
	"context"
	"fmt"
	"time"

	certificatesv1 "k8s.io/api/certificates/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	clusterv1 "open-cluster-management.io/api/cluster/v1"

	"github.com/acmdr/kubectl-acmdr/pkg/ocm"
	"github.com/acmdr/kubectl-acmdr/pkg/step"
	"github.com/acmdr/kubectl-acmdr/pkg/wait"
)

// Steps let one cluster, by name, into the hub: its CSR approved, the ManagedCluster accepted, the agent proven to be at
// work. On ACM the import controller approves by itself, and the first step finds that done.
func (h *Hub) Steps(timeout time.Duration) []step.Step[string] {
	return []step.Step[string]{
		{
			Name: "approve", Done: h.IsBack, Plan: step.Says[string]("approve the agent's CSR when it is there and the right one"),
			Ready: h.Approve, Timeout: timeout,
		},
		{Name: "accept", Done: h.isAccepted, Plan: step.Says[string]("set hubAcceptsClient"), Do: h.accept, Timeout: wait.Probe},
		{
			Name: "join", Done: h.IsBack, Plan: step.Says[string]("wait until the cluster is joined, available and renews its lease"),
			Ready: h.joined, Timeout: timeout,
		},
	}
}

// Knocked waits for a sign of the agent at this hub: its CSR, or that it is back already.
func (h *Hub) Knocked(ctx context.Context, name string) (bool, string, error) {
	signals, err := h.Observe(ctx, name)
	if err != nil {
		return false, "", err
	}
	if signals.Missing(h.Clock.Now()) == "" {
		return true, "", nil
	}
	requests, err := h.Requests(ctx, name, signals.Since)
	return len(requests) > 0, "the agent has not asked this hub for a certificate yet", err
}

// IsBack tells whether every signal says that the cluster's agent is at work at this hub.
func (h *Hub) IsBack(ctx context.Context, name string) (bool, error) {
	signals, err := h.Observe(ctx, name)
	if err != nil {
		return false, err
	}
	return signals.Missing(h.Clock.Now()) == "", nil
}

// Approve approves the agent's CSR as soon as there is one, and is ready when the certificate is issued. Each restart of
// an agent makes a new CSR and forgets the key of the last one, so it looks again at every poll.
func (h *Hub) Approve(ctx context.Context, name string) (bool, string, error) {
	signals, err := h.Observe(ctx, name)
	if err != nil {
		return false, "", err
	}
	requests, err := h.Requests(ctx, name, time.Time{})
	if err != nil {
		return false, "", err
	}
	asked := signals.Rules().Judge(requests, h.Clock.Now())
	csr := asked.Request
	switch asked.State {
	case Issued:
		return true, "", nil
	case Unsigned:
		return false, fmt.Sprintf("CSR %s is approved and not signed yet: does the hub's controller manager sign?", csr.Name), nil
	case Pending:
		return false, fmt.Sprintf("CSR %s is about to be signed", csr.Name), h.approveOne(ctx, csr)
	case Denied:
		return false, "", fmt.Errorf("CSR %s was denied: delete it to let the agent ask again", csr.Name)
	case Refused:
		return false, fmt.Sprintf("CSR %s refused: %v", csr.Name, asked.Why), nil
	case Halted:
		why, err := h.makeRoom(ctx, asked)
		return false, why, err
	}
	return false, "the agent has not asked this hub for a certificate yet", nil
}

func (h *Hub) approveOne(ctx context.Context, csr *certificatesv1.CertificateSigningRequest) error {
	csr.Status.Conditions = append(csr.Status.Conditions, certificatesv1.CertificateSigningRequestCondition{
		Type: certificatesv1.CertificateApproved, Status: corev1.ConditionTrue,
		Reason: "ApprovedByKubectlAcmdr", Message: "The request belongs to the switch of this managed cluster.",
	})
	_, err := h.Kube.CertificatesV1().CertificateSigningRequests().UpdateApproval(ctx, csr.Name, csr, metav1.UpdateOptions{})
	if err != nil {
		return fmt.Errorf("approving CSR %s: %w", csr.Name, err)
	}
	return nil
}

func (h *Hub) isAccepted(ctx context.Context, name string) (bool, error) {
	signals, err := h.Observe(ctx, name)
	if err != nil {
		return false, err
	}
	return signals.Cluster.Spec.HubAcceptsClient, nil
}

func (h *Hub) accept(ctx context.Context, name string) error {
	if err := ocm.ManagedClusters(h.Dynamic).MergePatch(ctx, name, accepted()); err != nil {
		return fmt.Errorf("accepting managedcluster %s: %w", name, err)
	}
	return nil
}

// TryAccept asks the hub whether it would take the acceptance of a cluster, and changes nothing: the error is its refusal.
func (h *Hub) TryAccept(ctx context.Context, name string) error {
	return ocm.ManagedClusters(h.Dynamic).TryMergePatch(ctx, name, accepted())
}

func accepted() map[string]any {
	return map[string]any{"spec": map[string]any{"hubAcceptsClient": true}}
}

func (h *Hub) joined(ctx context.Context, name string) (bool, string, error) {
	signals, err := h.Observe(ctx, name)
	if err != nil {
		return false, "", err
	}
	if denied := ocm.ConditionStatus(signals.Cluster, clusterv1.ManagedClusterConditionHubDenied); denied == metav1.ConditionTrue {
		return false, "", fmt.Errorf("the hub denied managedcluster %s", name)
	}
	missing := signals.Missing(h.Clock.Now())
	return missing == "", missing, nil
}
