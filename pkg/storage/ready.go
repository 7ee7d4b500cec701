package storage

import (
	"context"
	"fmt"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/acmdr/kubectl-acmdr/pkg/velero"
)

// WaitServer waits until Velero's server runs as its Deployment now says.
func (i *Installer) WaitServer(ctx context.Context, kube kubernetes.Interface, namespace string) error {
	what := fmt.Sprintf("Deployment %s/%s to be available", namespace, velero.Deployment)
	err := until(ctx, i, what, kube, func(ctx context.Context, kube kubernetes.Interface) (bool, string, error) {
		server, err := kube.AppsV1().Deployments(namespace).Get(ctx, velero.Deployment, metav1.GetOptions{})
		if err != nil {
			return false, "", err
		}
		ok, why, err := available(server)
		if !ok && err == nil {
			why += blocked(ctx, kube, namespace, server)
		}
		return ok, why, err
	})
	if err != nil {
		return fmt.Errorf("Deployment %s/%s: %w", namespace, velero.Deployment, err) //nolint:staticcheck // a kind, as kubectl writes it
	}
	return nil
}

// available tells whether a Deployment's newest template runs, as 'kubectl rollout status' sees it.
func available(server *appsv1.Deployment) (ok bool, why string, err error) {
	wanted := int32(1)
	if server.Spec.Replicas != nil {
		wanted = *server.Spec.Replicas
	}
	status := server.Status
	switch {
	case wanted == 0:
		return false, "", fmt.Errorf("it is scaled to 0 replicas: run 'kubectl scale deployment %s -n %s --replicas=1'",
			server.Name, server.Namespace)
	case status.ObservedGeneration < server.Generation:
		return false, "its controller has not looked at its newest version yet", nil
	case status.UpdatedReplicas >= wanted && status.AvailableReplicas >= wanted && status.Replicas == status.UpdatedReplicas:
		return true, "", nil
	}
	why = fmt.Sprintf("%d of %d replicas available", status.AvailableReplicas, wanted)
	for _, c := range status.Conditions {
		failed := c.Status != corev1.ConditionTrue
		if c.Type == appsv1.DeploymentReplicaFailure {
			failed = c.Status == corev1.ConditionTrue
		}
		if failed && c.Message != "" {
			why += ", " + c.Message
		}
	}
	return false, why, nil
}

// blocked says what keeps the server's containers from running; empty when nothing is known.
func blocked(ctx context.Context, kube kubernetes.Interface, namespace string, server *appsv1.Deployment) string {
	selector, err := metav1.LabelSelectorAsSelector(server.Spec.Selector)
	if err != nil {
		return ""
	}
	pods, err := kube.CoreV1().Pods(namespace).List(ctx, metav1.ListOptions{LabelSelector: selector.String()})
	if err != nil {
		return "" // it only explains, and a role may well not allow it
	}
	for _, pod := range pods.Items {
		for _, status := range append(pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses...) {
			waiting := status.State.Waiting
			if waiting == nil || waiting.Reason == "PodInitializing" || waiting.Reason == "ContainerCreating" {
				continue
			}
			return fmt.Sprintf(", container %s of pod %s: %s %s", status.Name, pod.Name, waiting.Reason, waiting.Message)
		}
		for _, c := range pod.Status.Conditions {
			if c.Type == corev1.PodScheduled && c.Status == corev1.ConditionFalse {
				return fmt.Sprintf(", pod %s is not scheduled: %s", pod.Name, c.Message)
			}
		}
	}
	return ""
}

// Changed tells whether anything was changed that a validation of the location looks at.
func Changed(applied []Applied) bool {
	return slices.ContainsFunc(applied, func(a Applied) bool {
		kind := a.Object.GetKind()
		return a.Outcome != Unchanged && (kind == "Secret" || kind == "Deployment" || kind == velero.LocationKind)
	})
}

// UnavailableError says why Velero cannot use a location.
type UnavailableError struct {
	Namespace, Name string
	Cause           Cause
	// Theirs tells that the location is not the plugin's, so that running install again will not correct it.
	Theirs bool
}

func (e *UnavailableError) Error() string {
	text := fmt.Sprintf("backup storage location %s/%s is Unavailable: %s", e.Namespace, e.Name, e.Cause)
	if e.Theirs {
		text += "; the location was not made by this plugin: correct it where it comes from"
	}
	return text
}

// WaitLocation waits until Velero has validated the location and found it Available, and returns it. changed tells that
// something it depends on was changed just now: then only a validation that began afterwards counts.
func (i *Installer) WaitLocation(ctx context.Context, plan *Plan, changed bool) (*velero.Location, error) {
	api := velero.In(i.Hub, plan.Namespace)
	// A validation that was under way while we changed what it looks at may end after our change. Velero validates one
	// location at a time, so the one after it is new for certain.
	looks := 1
	if changed {
		looks = 2
	}
	location, err := api.Locations.Get(ctx, plan.Location)
	if err != nil {
		return nil, fmt.Errorf("reading location %s/%s: %w", plan.Namespace, plan.Location, err)
	}
	if !changed && validated(location) && location.Status.Phase == velero.LocationAvailable {
		return location, nil
	}
	if !validated(location) {
		// The first look at a new location cannot have begun before it was there.
		looks = 1
	}
	why := "Velero has not validated it yet"
	for ; looks > 0; looks-- {
		if location, err = i.look(ctx, api, location, why); err != nil {
			return nil, err
		}
		why = "Velero validates it once more, since the first time may have begun before the change"
	}
	if location.Status.Phase != velero.LocationAvailable {
		return nil, &UnavailableError{
			Namespace: location.Namespace, Name: location.Name, Cause: Explain(location.Status.Message), Theirs: !velero.Made(location.Labels),
		}
	}
	return location, nil
}

// look makes Velero validate a location and waits for the result. Velero validates one without a validation time at its
// next tick of 10 s, whatever the frequency is (velero internal/storage IsReadyToValidate); waiting for the next
// validation in turn would take up to a minute, and for ever where it is switched off.
func (i *Installer) look(ctx context.Context, api *velero.API, location *velero.Location, why string) (*velero.Location, error) {
	key := location.Namespace + "/" + location.Name
	if validated(location) {
		forget := map[string]any{"status": map[string]any{"lastValidationTime": nil}}
		if err := api.Locations.MergePatch(ctx, location.Name, forget); err != nil {
			return nil, fmt.Errorf("asking Velero to validate location %s: %w", key, err)
		}
	}
	var seen *velero.Location
	what := fmt.Sprintf("BackupStorageLocation %s to be Available", key)
	err := until(ctx, i, what, location.Name, func(ctx context.Context, name string) (bool, string, error) {
		now, err := api.Locations.Get(ctx, name)
		if apierrors.IsNotFound(err) {
			return false, "", fmt.Errorf("location %s was deleted while it was waited for", key)
		}
		if err != nil {
			return false, "", err
		}
		seen = now
		return validated(now), why, nil
	})
	if err != nil {
		return nil, fmt.Errorf("backup storage location %s: %w", key, err)
	}
	return seen, nil
}

func validated(location *velero.Location) bool { return location.Status.LastValidationTime != nil }
