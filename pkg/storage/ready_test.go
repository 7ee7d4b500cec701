package storage

import (
	"errors"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	kubefake "k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"

	"github.com/acmdr/kubectl-acmdr/pkg/velero"
	"github.com/acmdr/kubectl-acmdr/pkg/wait"
)

func unavailable(message string) func(*velero.Location) {
	return func(l *velero.Location) {
		isAvailable(l)
		l.Status.Phase, l.Status.Message = "Unavailable", message
	}
}

func TestWaitLocation(t *testing.T) {
	badKey := unavailable("api error InvalidAccessKeyId: no")
	none := func(*velero.Location) {}
	for name, c := range map[string]struct {
		// seen is what each read of the location gives; the last one stays.
		seen    []func(*velero.Location)
		changed bool
		want    string
		asked   int
	}{
		"available, nothing changed":   {[]func(*velero.Location){isAvailable}, false, "", 0},
		"new, available":               {[]func(*velero.Location){none, none, isAvailable}, true, "", 0},
		"new, bad key":                 {[]func(*velero.Location){none, none, badKey}, true, "does not know the access key", 0},
		"unavailable, looked at again": {[]func(*velero.Location){badKey, none, isAvailable}, false, "", 1},
		"unavailable, still":           {[]func(*velero.Location){badKey, none, badKey}, false, "does not know the access key", 1},
		"unavailable, not ours": {
			[]func(*velero.Location){func(l *velero.Location) { badKey(l); theirs(l) }}, false, "correct it where it comes from", 1,
		},
		// The first validation after the change had begun before it.
		"key corrected": {[]func(*velero.Location){badKey, none, badKey, none, isAvailable}, true, "", 2},
		"key spoilt":    {[]func(*velero.Location){isAvailable, none, isAvailable, none, badKey}, true, "does not know the access key", 2},
		"never looked at": {
			[]func(*velero.Location){none}, true, "timed out after 0s: Velero has not validated it yet", 0,
		},
	} {
		t.Run(name, func(t *testing.T) {
			hub := newHub()
			reads, asked := 0, 0
			hub.PrependReactor("get", velero.LocationResource.Resource, func(clienttesting.Action) (bool, runtime.Object, error) {
				state := c.seen[min(reads, len(c.seen)-1)]
				reads++
				return true, newLocation("velero", "default", state), nil
			})
			hub.PrependReactor("patch", velero.LocationResource.Resource, func(action clienttesting.Action) (bool, runtime.Object, error) {
				if got := string(action.(clienttesting.PatchAction).GetPatch()); got != `{"status":{"lastValidationTime":null}}` {
					t.Errorf("patched %s", got)
				}
				asked++
				return true, newLocation("velero", "default"), nil
			})
			patience := newPatience(5)
			plan := &Plan{Namespace: "velero", Location: "default"}
			location, err := (&Installer{Hub: hub, Clock: patience}).WaitLocation(patience, plan, c.changed)
			if c.want == "" && (err != nil || location.Status.Phase != velero.LocationAvailable) {
				t.Errorf("not Available: %v", err)
			}
			if c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("%v, want %q", err, c.want)
			}
			if asked != c.asked {
				t.Errorf("asked %d times for a validation, want %d", asked, c.asked)
			}
		})
	}
}

func running(server *appsv1.Deployment) {
	server.Generation = 2
	server.Status = appsv1.DeploymentStatus{ObservedGeneration: 2, Replicas: 1, UpdatedReplicas: 1, AvailableReplicas: 1}
}

func TestWaitServer(t *testing.T) {
	crash := func(server *appsv1.Deployment) {
		running(server)
		server.Status.AvailableReplicas = 0
		server.Status.Conditions = []appsv1.DeploymentCondition{
			{Type: appsv1.DeploymentAvailable, Status: corev1.ConditionFalse, Message: "CrashLoopBackOff: unknown flag"},
			{Type: appsv1.DeploymentProgressing, Status: corev1.ConditionTrue, Message: "fine"},
		}
	}
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "velero", Name: "velero-1", Labels: map[string]string{"deploy": "velero"}}}
	pod.Status.InitContainerStatuses = []corev1.ContainerStatus{{Name: "plugin", State: corev1.ContainerState{
		Waiting: &corev1.ContainerStateWaiting{Reason: "ImagePullBackOff", Message: "no such image"},
	}}}
	for name, c := range map[string]struct {
		objects []runtime.Object
		want    string
	}{
		"running": {[]runtime.Object{newServer("velero", running)}, ""},
		"old version still": {
			[]runtime.Object{newServer("velero", running, func(s *appsv1.Deployment) { s.Generation = 3 })},
			"has not looked at its newest version yet",
		},
		"rolling out": {
			[]runtime.Object{newServer("velero", running, func(s *appsv1.Deployment) { s.Status.Replicas = 2 })}, "1 of 1 replicas available",
		},
		"crashing": {[]runtime.Object{newServer("velero", crash)}, "0 of 1 replicas available, CrashLoopBackOff: unknown flag"},
		"no image": {[]runtime.Object{newServer("velero", crash), pod}, "container plugin of pod velero-1: ImagePullBackOff no such image"},
		"scaled down": {
			[]runtime.Object{newServer("velero", func(s *appsv1.Deployment) { s.Spec.Replicas = new(int32) })}, "scaled to 0 replicas",
		},
		"gone": {nil, `deployments.apps "velero" not found`},
	} {
		t.Run(name, func(t *testing.T) {
			patience := newPatience(3)
			err := (&Installer{Clock: patience}).WaitServer(patience, kubefake.NewClientset(c.objects...), "velero")
			if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("%v, want %q", err, c.want)
			}
			var timeout *wait.TimeoutError
			if strings.Contains(c.want, "replicas available") && !errors.As(err, &timeout) {
				t.Errorf("%v is not a timeout", err)
			}
		})
	}
}
