package storage

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	clienttesting "k8s.io/client-go/testing"
	"k8s.io/utils/clock"

	"github.com/acmdr/kubectl-acmdr/pkg/velero"
)

// eager is a clock whose timers have always run out.
type eager struct{ clock.RealClock }

func (eager) NewTimer(time.Duration) clock.Timer { return clock.RealClock{}.NewTimer(0) }

// patience is a context that runs out after some waits of its clock, however slow the machine is.
type patience struct {
	eager
	left int
	out  chan struct{}
}

func newPatience(waits int) *patience {
	return &patience{left: waits, out: make(chan struct{})}
}

func (p *patience) Deadline() (time.Time, bool) { return time.Time{}, false }

func (p *patience) Value(any) any { return nil }

func (p *patience) Done() <-chan struct{} { return p.out }

func (p *patience) Err() error {
	select {
	case <-p.out:
		return context.DeadlineExceeded
	default:
		return nil
	}
}

func (p *patience) NewTimer(d time.Duration) clock.Timer {
	if p.left--; p.left == 0 {
		close(p.out)
	}
	return p.eager.NewTimer(d)
}

func outcomes(applied []Applied) map[Outcome]int {
	counts := map[Outcome]int{}
	for _, a := range applied {
		counts[a.Outcome]++
	}
	return counts
}

func TestApplyTwice(t *testing.T) {
	s := settings()
	s.Namespace = velero.DefaultNamespace
	hub := newHub()
	var told []string
	installer := &Installer{Hub: hub, Clock: eager{}, Applied: func(a Applied) {
		told = append(told, fmt.Sprint(a.Object.GetKind(), "/", a.Object.GetName(), " ", a.Outcome))
	}}
	apply := func() []Applied {
		t.Helper()
		plan, err := NewInstallation(s)
		if err != nil {
			t.Fatal(err)
		}
		applied, err := installer.Apply(context.Background(), plan)
		if err != nil {
			t.Fatal(err)
		}
		return applied
	}
	applied := apply()
	if got := outcomes(applied); got[Created] != 19 || !Changed(applied) {
		t.Errorf("first run: %v, want 19 created", got)
	}
	if last := told[len(told)-1]; last != "Deployment/velero created" {
		t.Errorf("last is %s, want the Deployment after all that it needs", last)
	}
	applied = apply()
	if got := outcomes(applied); got[Unchanged] != 19 || Changed(applied) {
		t.Errorf("second run: %v, want 19 unchanged", got)
	}
	s.Bucket.Region = "eu-north-1"
	applied = apply()
	if got := outcomes(applied); got[Configured] != 1 || got[Unchanged] != 18 || !Changed(applied) {
		t.Errorf("with another region: %v, want the location configured", got)
	}
}

// Status that a controller writes between our read and our write is not our change.
func TestSame(t *testing.T) {
	before := newLocation("velero", "default")
	after := newLocation("velero", "default", isAvailable)
	after.SetResourceVersion("2")
	after.SetManagedFields([]metav1.ManagedFieldsEntry{{Manager: FieldManager}})
	if !same(before, after) {
		t.Error("a status made a difference")
	}
	if same(before, newLocation("velero", "default", other, func(l *velero.Location) { l.ResourceVersion = "2" })) {
		t.Error("another bucket made no difference")
	}
}

func TestApplyWaitsForDefinitions(t *testing.T) {
	s := settings()
	s.Namespace = velero.DefaultNamespace
	plan, err := NewInstallation(s)
	if err != nil {
		t.Fatal(err)
	}
	hub := newHub()
	looks := 0
	hub.PrependReactor("get", resources[crdKind].Resource, func(action clienttesting.Action) (bool, runtime.Object, error) {
		name := action.(clienttesting.GetAction).GetName()
		object, err := hub.Tracker().Get(resources[crdKind], "", name)
		if err != nil || name != "schedules.velero.io" {
			return true, object, err
		}
		if looks++; looks < 3 {
			crd := object.(*unstructured.Unstructured).DeepCopy()
			unstructured.RemoveNestedField(crd.Object, "status")
			object = crd
		}
		return true, object, nil
	})
	installer := &Installer{Hub: hub, Clock: eager{}, Applied: func(a Applied) {
		if a.Object.GetKind() == "Namespace" && looks < 3 {
			t.Error("went on before every definition was established")
		}
	}}
	if _, err := installer.Apply(context.Background(), plan); err != nil {
		t.Fatal(err)
	}
}

func TestApplyFails(t *testing.T) {
	s := settings()
	s.Namespace = velero.DefaultNamespace
	plan, err := locationOnly(s, target{name: "default", isDefault: true})
	if err != nil {
		t.Fatal(err)
	}
	hub := newHub()
	// A kind that an API server does not serve yet comes a moment later; what is forbidden stays forbidden.
	missing := 2
	hub.PrependReactor("patch", velero.LocationResource.Resource, func(clienttesting.Action) (bool, runtime.Object, error) {
		if missing--; missing >= 0 {
			return true, nil, apierrors.NewNotFound(velero.LocationResource.GroupResource(), "default")
		}
		return true, nil, apierrors.NewForbidden(velero.LocationResource.GroupResource(), "default", errors.New("no"))
	})
	applied, err := (&Installer{Hub: hub, Clock: eager{}}).Apply(context.Background(), plan)
	if !apierrors.IsForbidden(err) || !strings.HasPrefix(err.Error(), "applying BackupStorageLocation default: ") {
		t.Errorf("%v, want the location named", err)
	}
	if strings.Contains(err.Error(), "SECRETEXAMPLE") || len(applied) != 1 || missing != -1 {
		t.Errorf("applied %d objects, tried %d times: %v", len(applied), 2-missing, err)
	}
}
