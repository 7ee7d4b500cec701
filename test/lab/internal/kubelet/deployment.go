package kubelet

import (
	"fmt"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/acmdr/kubectl-acmdr/test/lab/internal/process"
)

// replicas is how many pods are wanted; the lab runs one at most.
func replicas(deployment *appsv1.Deployment) int32 {
	if deployment.Spec.Replicas == nil {
		return 1
	}
	return min(1, *deployment.Spec.Replicas)
}

// deploymentStatus is what the deployment controller would write for a pod that is like the process.
func deploymentStatus(deployment *appsv1.Deployment, pod process.Status, now time.Time) appsv1.DeploymentStatus {
	want := replicas(deployment)
	status := appsv1.DeploymentStatus{
		ObservedGeneration: deployment.Generation,
		Replicas:           want,
		UpdatedReplicas:    want,
	}
	available := condition(appsv1.DeploymentAvailable, corev1.ConditionTrue, "MinimumReplicasAvailable", "Deployment has minimum availability.")
	progressing := condition(appsv1.DeploymentProgressing, corev1.ConditionTrue, "NewReplicaSetAvailable", "The pod has successfully progressed.")
	switch {
	case want == 0:
	case pod.State == process.Ready:
		status.ReadyReplicas, status.AvailableReplicas = want, want
	default:
		status.UnavailableReplicas = want
		available = condition(appsv1.DeploymentAvailable, corev1.ConditionFalse, "MinimumReplicasUnavailable",
			"Deployment does not have minimum availability. "+podMessage(pod))
		progressing = condition(appsv1.DeploymentProgressing, corev1.ConditionTrue, "ReplicaSetUpdated", podMessage(pod))
	}
	status.Conditions = keepTimes(deployment.Status.Conditions, []appsv1.DeploymentCondition{available, progressing}, now)
	return status
}

// podMessage says why the container is not ready, with the words of a kubelet.
func podMessage(pod process.Status) string {
	switch {
	case pod.State == process.Waiting:
		return "Container velero is waiting: " + pod.Message
	case pod.LastExit != "":
		last := ""
		if len(pod.Tail) > 0 {
			last = ": " + pod.Tail[len(pod.Tail)-1]
		}
		return fmt.Sprintf("Container velero: CrashLoopBackOff: %s%s", pod.LastExit, last)
	case pod.State == process.Killed:
		return "Container velero has been killed by the lab."
	}
	return "Container velero is starting."
}

func condition(kind appsv1.DeploymentConditionType, status corev1.ConditionStatus, reason, message string) appsv1.DeploymentCondition {
	return appsv1.DeploymentCondition{Type: kind, Status: status, Reason: reason, Message: message}
}

// keepTimes takes over the times of conditions that stay as they are.
func keepTimes(old, conditions []appsv1.DeploymentCondition, now time.Time) []appsv1.DeploymentCondition {
	for i := range conditions {
		c := &conditions[i]
		c.LastTransitionTime, c.LastUpdateTime = metav1.NewTime(now), metav1.NewTime(now)
		for _, before := range old {
			if before.Type != c.Type || before.Status != c.Status {
				continue
			}
			c.LastTransitionTime = before.LastTransitionTime
			if before.Reason == c.Reason && before.Message == c.Message {
				c.LastUpdateTime = before.LastUpdateTime
			}
		}
	}
	return conditions
}
