package fill

import (
	"context"
	"fmt"

	certificatesv1 "k8s.io/api/certificates/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/acmdr/kubectl-acmdr/test/lab/internal/kube"
)

// join approves the agent's certificate requests, as ACM's import controller does, until the cluster is available.
// Nobody approves any later one: plain Open Cluster Management does not either.
func (r *Registration) join(ctx context.Context) error {
	return kube.Poll(ctx, r.Name+" to be available", func(ctx context.Context) error {
		if err := Approve(ctx, r.Hub.Clients, r.Name, "AutoApprovedByLab"); err != nil {
			return err
		}
		object, err := r.Hub.Clients.Get(ctx, r.managedCluster())
		if err != nil {
			return err
		}
		for _, kind := range []string{"HubAcceptedManagedCluster", "ManagedClusterJoined", "ManagedClusterConditionAvailable"} {
			if status, message := kube.Condition(object, kind); status != "True" {
				return fmt.Errorf("%s is %q %s", kind, status, message)
			}
		}
		return nil
	})
}

// Approve approves what the bootstrap identity of a cluster asks for.
func Approve(ctx context.Context, hub *kube.Clients, name, reason string) error {
	requests := hub.Kube.CertificatesV1().CertificateSigningRequests()
	list, err := requests.List(ctx, metav1.ListOptions{LabelSelector: "open-cluster-management.io/cluster-name=" + name})
	if err != nil {
		return err
	}
	requester := "system:serviceaccount:" + name + ":" + name + "-bootstrap-sa"
	for i := range list.Items {
		request := &list.Items[i]
		if !pending(request, requester) {
			continue
		}
		request.Status.Conditions = append(request.Status.Conditions, certificatesv1.CertificateSigningRequestCondition{
			Type: certificatesv1.CertificateApproved, Status: corev1.ConditionTrue,
			Reason: reason, Message: "The requester is the bootstrap identity of the cluster.",
		})
		_, err := requests.UpdateApproval(ctx, request.Name, request, metav1.UpdateOptions{})
		if err != nil && !apierrors.IsConflict(err) {
			return err
		}
	}
	return nil
}

// pending: asked for by the bootstrap identity, and neither approved nor denied.
func pending(request *certificatesv1.CertificateSigningRequest, requester string) bool {
	return request.Spec.Username == requester &&
		request.Spec.SignerName == certificatesv1.KubeAPIServerClientSignerName &&
		len(request.Status.Conditions) == 0
}
