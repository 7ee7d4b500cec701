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
		if err := r.approve(ctx); err != nil {
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

func (r *Registration) approve(ctx context.Context) error {
	requests := r.Hub.Clients.Kube.CertificatesV1().CertificateSigningRequests()
	list, err := requests.List(ctx, metav1.ListOptions{LabelSelector: "open-cluster-management.io/cluster-name=" + r.Name})
	if err != nil {
		return err
	}
	requester := "system:serviceaccount:" + r.Name + ":" + r.Name + "-bootstrap-sa"
	for i := range list.Items {
		request := &list.Items[i]
		if !pending(request, requester) {
			continue
		}
		request.Status.Conditions = append(request.Status.Conditions, certificatesv1.CertificateSigningRequestCondition{
			Type: certificatesv1.CertificateApproved, Status: corev1.ConditionTrue,
			Reason: "AutoApprovedByLab", Message: "The lab registers its managed clusters once.",
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
