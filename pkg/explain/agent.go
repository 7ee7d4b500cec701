package explain

import (
	"context"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/acmdr/kubectl-acmdr/pkg/ocm"
)

// agentPods selects the pods of an agent, in one piece or in two (ocm manifests/klusterlet/management).
const agentPods = "app in (klusterlet-agent,klusterlet-registration-agent,klusterlet-manifestwork-agent)"

// starting are the reasons for which a container of a healthy pod waits.
var starting = []string{"", "ContainerCreating", "PodInitializing"}

// pods: what there is of the agent runs. That there is nothing is not wrong by itself: it need not run as pods.
func pods(ctx context.Context, w *walk) (*Finding, string, error) {
	if w.managed == nil {
		return nil, "", errBlind
	}
	list, err := w.managed.Kube.CoreV1().Pods(w.managed.Namespace).List(ctx, metav1.ListOptions{LabelSelector: agentPods})
	if err != nil {
		return nil, "", fmt.Errorf("listing the agent's pods: %w", err)
	}
	if len(list.Items) == 0 {
		w.pods = fmt.Sprintf("there are no pods of it in namespace %s", w.managed.Namespace)
		return nil, w.pods, nil
	}
	// Replicas elect a leader: one that runs is enough.
	running := map[string]bool{}
	var names []string
	for i := range list.Items {
		pod := &list.Items[i]
		names = append(names, fmt.Sprintf("%s %s", pod.Name, pod.Status.Phase))
		running[pod.Labels["app"]] = running[pod.Labels["app"]] || isReady(pod)
	}
	w.pods = "its pods: " + strings.Join(names, ", ")
	for i := range list.Items {
		pod := &list.Items[i]
		if running[pod.Labels["app"]] {
			continue
		}
		if finding := w.broken(pod); finding != nil {
			finding.Evidence = append(finding.Evidence, w.klusterlet(ctx)...)
			return finding, "", nil
		}
	}
	return nil, w.pods, nil
}

func isReady(pod *corev1.Pod) bool {
	return slices.ContainsFunc(pod.Status.Conditions, func(c corev1.PodCondition) bool {
		return c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue
	})
}

// broken explains a pod that will not come up by itself; nil when it may.
func (w *walk) broken(pod *corev1.Pod) *Finding {
	finding := &Finding{
		Reason:  AgentDown,
		Command: w.Shell.managed(w.name, "describe pod %s -n %s", pod.Name, pod.Namespace),
	}
	say := func(format string, args ...any) *Finding {
		finding.Sentence = fmt.Sprintf("The agent on %s does not run: ", w.name) + fmt.Sprintf(format, args...) + "."
		return finding
	}
	for _, condition := range pod.Status.Conditions {
		if condition.Type == corev1.PodScheduled && condition.Status == corev1.ConditionFalse {
			finding.Evidence = []string{condition.Message}
			return say("pod %s has no node", pod.Name)
		}
	}
	if pod.Status.Phase == corev1.PodFailed {
		finding.Evidence = []string{strings.TrimSpace(pod.Status.Reason + " " + pod.Status.Message)}
		return say("pod %s has failed", pod.Name)
	}
	for _, container := range slices.Concat(pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses) {
		waiting, last := container.State.Waiting, container.LastTerminationState.Terminated
		if waiting == nil || slices.Contains(starting, waiting.Reason) {
			continue
		}
		finding.Evidence = append(finding.Evidence, fmt.Sprintf("%s was restarted %d times", container.Name, container.RestartCount))
		if last != nil {
			// What a process left behind as its last words may hold anything: it is for the logs.
			finding.Evidence = append(finding.Evidence, fmt.Sprintf("it ended with exit code %d (%s), at %s",
				last.ExitCode, last.Reason, stamp(last.FinishedAt.Time)))
			finding.Command = w.Shell.managed(w.name, "logs %s -n %s -c %s --previous", pod.Name, pod.Namespace, container.Name)
		}
		return say("container %s of pod %s is in %s", container.Name, pod.Name, waiting.Reason)
	}
	return nil
}

// klusterlet is what the operator says is wrong with the agent that it installed.
func (w *walk) klusterlet(ctx context.Context) []string {
	klusterlets, err := ocm.Klusterlets(w.managed.Dynamic).List(ctx, "")
	if err != nil {
		return nil
	}
	var evidence []string
	for _, klusterlet := range klusterlets {
		for _, condition := range klusterlet.Status.Conditions {
			if strings.HasSuffix(condition.Type, "Degraded") && condition.Status == metav1.ConditionTrue {
				evidence = append(evidence, fmt.Sprintf("klusterlet %s: %s: %s", klusterlet.Name, condition.Reason, condition.Message))
			}
		}
	}
	return evidence
}
