package kubelet

import (
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/acmdr/kubectl-acmdr/test/lab/internal/process"
)

func TestDeploymentStatus(t *testing.T) {
	tests := map[string]struct {
		replicas  *int32
		pod       process.Status
		ready     int32
		available corev1.ConditionStatus
		message   string
	}{
		"ready":       {nil, process.Status{State: process.Ready}, 1, corev1.ConditionTrue, ""},
		"starting":    {nil, process.Status{State: process.Starting}, 0, corev1.ConditionFalse, "starting"},
		"waiting":     {nil, process.Status{State: process.Waiting, Message: "secret x not found"}, 0, corev1.ConditionFalse, "secret x not found"},
		"crash":       {nil, process.Status{State: process.BackOff, LastExit: "exit status 1", Tail: []string{"a", "unknown flag: --x"}}, 0, corev1.ConditionFalse, "CrashLoopBackOff: exit status 1: unknown flag: --x"},
		"killed":      {nil, process.Status{State: process.Killed}, 0, corev1.ConditionFalse, "killed"},
		"scaled down": {new(int32(0)), process.Status{State: process.Stopped}, 0, corev1.ConditionTrue, ""},
		"three":       {new(int32(3)), process.Status{State: process.Ready}, 1, corev1.ConditionTrue, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			deployment := veleroDeployment()
			deployment.Spec.Replicas = tt.replicas
			got := deploymentStatus(deployment, tt.pod, time.Now())
			available := find(t, got, appsv1.DeploymentAvailable)
			if got.ReadyReplicas != tt.ready || got.AvailableReplicas != tt.ready || got.ObservedGeneration != 3 {
				t.Errorf("status %+v", got)
			}
			if available.Status != tt.available || !strings.Contains(available.Message, tt.message) {
				t.Errorf("condition %+v", available)
			}
		})
	}
}

func TestDeploymentStatusKeepsTimes(t *testing.T) {
	deployment := veleroDeployment()
	early := time.Now().Add(-time.Hour)
	deployment.Status = deploymentStatus(deployment, process.Status{State: process.Ready}, early)
	same := deploymentStatus(deployment, process.Status{State: process.Ready}, time.Now())
	if got := find(t, same, appsv1.DeploymentAvailable).LastTransitionTime; !got.Equal(new(metav1.NewTime(early))) {
		t.Errorf("time of a condition that did not change: %v", got)
	}
	other := deploymentStatus(deployment, process.Status{State: process.Starting}, time.Now())
	if got := find(t, other, appsv1.DeploymentAvailable).LastTransitionTime; !got.After(early) {
		t.Errorf("time of a condition that changed: %v", got)
	}
}

func find(t *testing.T, status appsv1.DeploymentStatus, kind appsv1.DeploymentConditionType) appsv1.DeploymentCondition {
	t.Helper()
	for _, c := range status.Conditions {
		if c.Type == kind {
			return c
		}
	}
	t.Fatalf("no condition %s", kind)
	return appsv1.DeploymentCondition{}
}
