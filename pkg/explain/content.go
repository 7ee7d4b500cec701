package explain

import (
	"context"
	"fmt"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	workv1 "open-cluster-management.io/api/work/v1"

	"github.com/acmdr/kubectl-acmdr/pkg/ocm"
	"github.com/acmdr/kubectl-acmdr/pkg/wait"
	"github.com/acmdr/kubectl-acmdr/pkg/workloads"
)

// Conditions of add-ons (open-cluster-management.io/api addon/v1alpha1).
const (
	addOnAvailable = "Available"
	addOnDegraded  = "Degraded"
)

// addOns: none says that it is broken. One that never reported is not judged: its agent may not be meant to run here yet.
func addOns(ctx context.Context, w *walk) (*Finding, string, error) {
	list, err := ocm.AddOns(w.Hub.Dynamic, w.name).List(ctx, "")
	if apierrors.IsNotFound(err) {
		return nil, "the hub knows no add-ons", nil
	}
	if err != nil {
		return nil, "", fmt.Errorf("listing ManagedClusterAddOns of %s: %w", w.name, err)
	}
	var quiet []string
	for i := range list {
		addOn := &list[i]
		for _, wrong := range []struct {
			kind   string
			status metav1.ConditionStatus
		}{{addOnAvailable, metav1.ConditionFalse}, {addOnDegraded, metav1.ConditionTrue}} {
			condition := meta.FindStatusCondition(addOn.Status.Conditions, wrong.kind)
			if condition == nil || condition.Status != wrong.status {
				continue
			}
			return &Finding{
				Reason:   AddOnUnavailable,
				Sentence: fmt.Sprintf("Add-on %s does not work on %s, which is well otherwise.", addOn.Name, w.name),
				Evidence: []string{fmt.Sprintf("%s is %s since %s: %s %s",
					wrong.kind, condition.Status, stamp(condition.LastTransitionTime.Time), condition.Reason, condition.Message)},
				Command: w.Shell.kubectl("get managedclusteraddon %s -n %s -o yaml", addOn.Name, w.name),
			}, "", nil
		}
		if !meta.IsStatusConditionTrue(addOn.Status.Conditions, addOnAvailable) {
			quiet = append(quiet, addOn.Name)
		}
	}
	switch {
	case len(list) == 0:
		return nil, "there are none", nil
	case len(quiet) > 0:
		return nil, fmt.Sprintf("%d of %d do not report: %s", len(quiet), len(list), strings.Join(quiet, ", ")), nil
	}
	return nil, fmt.Sprintf("all %d are available", len(list)), nil
}

// works: what the hub has the cluster do is done, and nothing is about to be deleted there.
func works(ctx context.Context, w *walk) (*Finding, string, error) {
	list, err := workloads.Works(ctx, w.Hub.Dynamic, w.name)
	if err != nil {
		return nil, "", err
	}
	for i := range list {
		if finding := w.workFailed(&list[i]); finding != nil {
			return finding, "", nil
		}
	}
	detail := "there are none"
	if len(list) > 0 {
		detail = fmt.Sprintf("all %d are applied", len(list))
	}
	if w.managed == nil {
		return nil, detail + "; what the cluster holds beside them was not looked at", nil
	}
	applied, err := workloads.Applied(ctx, w.managed.Dynamic, w.managed.AgentID)
	if err != nil {
		return nil, "", fmt.Errorf("%s, but %w", detail, err)
	}
	losses := workloads.AtRisk(applied, list)
	if len(losses) == 0 {
		return nil, detail, nil
	}
	held, err := workloads.IsHeld(ctx, w.managed.Dynamic)
	if err == nil && held {
		return nil, detail + "; " + workloads.HowToLift, nil
	}
	return w.atRisk(losses), "", nil
}

func (w *walk) workFailed(work *workv1.ManifestWork) *Finding {
	finding := &Finding{Command: w.Shell.kubectl("get manifestwork %s -n %s -o yaml", work.Name, w.name)}
	applied := meta.FindStatusCondition(work.Status.Conditions, workv1.WorkApplied)
	available := meta.FindStatusCondition(work.Status.Conditions, workv1.WorkAvailable)
	switch {
	case applied == nil:
		// A work that was restored, or has just come, has no status: the agent gets the same time as for a certificate.
		if w.now.Sub(work.CreationTimestamp.Time) < wait.Fetch || w.now.Sub(w.signals.Since) < wait.Fetch {
			return nil
		}
		finding.Reason = WorkNotApplied
		finding.Sentence = fmt.Sprintf("The work agent on %s does not act: work %s was never applied.", w.name, work.Name)
		finding.Evidence = []string{fmt.Sprintf("the work was made %s ago and has no status", w.since(work.CreationTimestamp.Time))}
		if w.pods != "" {
			finding.Evidence = append(finding.Evidence, w.pods)
		}
	case applied.Status == metav1.ConditionFalse:
		finding.Reason = WorkFailed
		finding.Sentence = fmt.Sprintf("Work %s cannot be applied on %s.", work.Name, w.name)
		finding.Evidence = failures(work, *applied)
	case available != nil && available.Status == metav1.ConditionFalse:
		finding.Reason = WorkFailed
		finding.Sentence = fmt.Sprintf("Work %s is applied on %s, and not all that it made is there.", work.Name, w.name)
		finding.Evidence = failures(work, *available)
	default:
		return nil
	}
	return finding
}

// maxFailures manifests of a work are told of.
const maxFailures = 5

// failures are the condition of a work and those of its manifests that say the same.
func failures(work *workv1.ManifestWork, of metav1.Condition) []string {
	evidence := []string{fmt.Sprintf("%s is %s: %s %s", of.Type, of.Status, of.Reason, of.Message)}
	for _, manifest := range work.Status.ResourceStatus.Manifests {
		condition := meta.FindStatusCondition(manifest.Conditions, of.Type)
		if condition == nil || condition.Status != metav1.ConditionFalse {
			continue
		}
		if len(evidence) > maxFailures {
			return append(evidence, "and more")
		}
		m := manifest.ResourceMeta
		evidence = append(evidence, fmt.Sprintf("%s %s: %s", m.Kind, strings.TrimPrefix(m.Namespace+"/"+m.Name, "/"), condition.Message))
	}
	return evidence
}

func (w *walk) atRisk(losses []workloads.Loss) *Finding {
	finding := &Finding{
		Reason: WorkloadAtRisk,
		Sentence: fmt.Sprintf("Workloads on %s will be deleted after the eviction grace period, 60 min by default: no work of this hub holds them.",
			w.name),
		Evidence: []string{workloads.Summary(losses)},
		Command:  w.Shell.verb("reregister %s --hold-eviction", w.name),
	}
	for _, loss := range losses {
		if !loss.Since.IsZero() {
			finding.Evidence = append(finding.Evidence, fmt.Sprintf("work %s: the period began at %s", loss.Work, stamp(loss.Since.Time)))
		}
	}
	return finding
}
