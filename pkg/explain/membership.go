package explain

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	clusterv1 "open-cluster-management.io/api/cluster/v1"

	"github.com/acmdr/kubectl-acmdr/pkg/access"
	"github.com/acmdr/kubectl-acmdr/pkg/ocm"
)

func (w *walk) isJoined() bool {
	return ocm.IsTrue(w.signals.Cluster, clusterv1.ManagedClusterConditionJoined)
}

// acceptance: the hub takes the cluster, and has acted on it.
func acceptance(ctx context.Context, w *walk) (*Finding, string, error) {
	cluster := w.signals.Cluster
	accepts := cluster.Spec.HubAcceptsClient
	if accepts && ocm.IsTrue(cluster, clusterv1.ManagedClusterConditionHubAccepted) {
		return nil, "the hub accepts the cluster", nil
	}
	// All that the hub does about a cluster goes through its webhooks, so a refusal there comes before anything else.
	if err := w.Hub.TryAccept(ctx, w.name); err != nil {
		return w.refused(err), "", nil
	}
	if !accepts {
		return &Finding{
			Reason:   NotAccepted,
			Sentence: fmt.Sprintf("This hub has not accepted %s.", w.name),
			Evidence: append([]string{"spec.hubAcceptsClient of the ManagedCluster is false"},
				w.condition(clusterv1.ManagedClusterConditionHubAccepted, clusterv1.ManagedClusterConditionHubDenied)...),
			Command: w.Shell.verb("accept %s", w.name),
		}, "", nil
	}
	return &Finding{
		Reason:   HubNotActing,
		Sentence: fmt.Sprintf("This hub is to accept %s and has not done so: its registration controller does not act.", w.name),
		Evidence: append([]string{"spec.hubAcceptsClient of the ManagedCluster is true"}, w.condition(clusterv1.ManagedClusterConditionHubAccepted)...),
		Command:  w.Shell.kubectl("get deployments,pods -n open-cluster-management-hub"),
	}, "", nil
}

// webhook finds the name of the webhook that denied a request or could not be called.
var webhook = regexp.MustCompile(`(?:admission|calling) webhook "([^"]+)"`)

// refused explains why the API server does not take the acceptance.
func (w *walk) refused(err error) *Finding {
	finding := &Finding{Reason: AcceptanceRefused, Evidence: []string{err.Error()}}
	switch match := webhook.FindStringSubmatch(err.Error()); {
	case match != nil && strings.Contains(err.Error(), "denied"):
		finding.Sentence = fmt.Sprintf("Webhook %s of this hub refuses to accept %s.", match[1], w.name)
		finding.Command = w.Shell.kubectl("auth can-i update managedclusters.register.open-cluster-management.io --subresource=accept")
	case match != nil:
		finding.Sentence = fmt.Sprintf("%s cannot be accepted: webhook %s of this hub cannot be called.", w.name, match[1])
		finding.Command = w.Shell.kubectl("get validatingwebhookconfigurations,mutatingwebhookconfigurations -o wide")
	case apierrors.IsForbidden(err):
		finding.Sentence = fmt.Sprintf("%s is not accepted, and you may not accept it.", w.name)
		finding.Command = w.Shell.kubectl("auth can-i patch managedclusters.cluster.open-cluster-management.io")
	default:
		finding.Sentence = fmt.Sprintf("This hub refuses to accept %s.", w.name)
		finding.Command = w.Shell.verb("accept %s", w.name)
	}
	return finding
}

// clockSkew: the clocks agree. An agent whose clock differs from the hub's writes no status (ocm
// pkg/registration/spoke/managedcluster/status_controller.go), so the other conditions are old.
func clockSkew(_ context.Context, w *walk) (*Finding, string, error) {
	if ocm.ConditionStatus(w.signals.Cluster, clusterv1.ManagedClusterConditionClockSynced) != metav1.ConditionFalse {
		return nil, "the hub sees no difference between the clocks", nil
	}
	evidence := w.condition(clusterv1.ManagedClusterConditionClockSynced)
	if stored := w.signals.Stored; !stored.IsZero() {
		evidence = append(evidence, fmt.Sprintf("the agent renewed its lease at %s by its clock, at %s by the hub's",
			stamp(w.signals.Renewed), stamp(stored)))
	}
	return &Finding{
		Reason:   ClockSkew,
		Sentence: fmt.Sprintf("The clock of %s differs from the hub's: its agent writes no status until that is mended.", w.name),
		Evidence: evidence,
		Command:  w.Shell.managed(w.name, "get nodes -o wide"),
	}, "", nil
}

// lease: the agent has joined, and goes on saying that it is alive.
func lease(_ context.Context, w *walk) (*Finding, string, error) {
	if !w.isJoined() {
		if w.overdue() {
			return w.silent("it could join, and has not", w.condition(clusterv1.ManagedClusterConditionJoined)...), "", nil
		}
		return &Finding{
			Reason:   NotJoined,
			Sentence: fmt.Sprintf("The agent on %s has got its certificate and is about to join.", w.name),
			Evidence: []string{fmt.Sprintf("CSR %s was issued", w.asked.Request.Name)},
			Command:  w.Shell.verb("accept %s", w.name),
		}, "", nil
	}
	if why := w.signals.Silent(w.now); why != "" {
		return w.silent(why, w.condition(clusterv1.ManagedClusterConditionAvailable)...), "", nil
	}
	if errors.Is(w.blind, access.ErrUnreachable) && w.isLate() {
		return w.silent(fmt.Sprintf("the lease, due every %s, was renewed last %s ago", w.signals.Period(), w.since(w.signals.Renewed))), "", nil
	}
	return nil, fmt.Sprintf("renewed %s ago", w.since(w.signals.Renewed)), nil
}

// availability: the agent says that its cluster is healthy.
func availability(_ context.Context, w *walk) (*Finding, string, error) {
	if ocm.IsTrue(w.signals.Cluster, clusterv1.ManagedClusterConditionAvailable) {
		return nil, "available", nil
	}
	return &Finding{
		Reason:   Unavailable,
		Sentence: fmt.Sprintf("The agent on %s is at work and does not find its cluster available.", w.name),
		Evidence: append(w.condition(clusterv1.ManagedClusterConditionAvailable), fmt.Sprintf("lease renewed %s ago", w.since(w.signals.Renewed))),
		Command:  w.Shell.managed(w.name, "get --raw '/readyz?verbose'"),
	}, "", nil
}

// condition is what conditions of the ManagedCluster say, as evidence.
func (w *walk) condition(kinds ...string) []string {
	var evidence []string
	for _, kind := range kinds {
		if c := meta.FindStatusCondition(w.signals.Cluster.Status.Conditions, kind); c != nil {
			evidence = append(evidence, fmt.Sprintf("%s is %s since %s: %s %s", kind, c.Status, stamp(c.LastTransitionTime.Time), c.Reason, c.Message))
		}
	}
	return evidence
}
