// Package explain finds the first thing that keeps a managed cluster from being well on a hub. It walks the way that an
// agent goes to join: credential, bootstrap kubeconfig, agent, certificate signing request, acceptance, lease, and then what
// the hub has the cluster do. It changes nothing anywhere.
package explain

import (
	"context"
	"errors"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/util/duration"
	clusterv1 "open-cluster-management.io/api/cluster/v1"

	"github.com/acmdr/kubectl-acmdr/pkg/accept"
	"github.com/acmdr/kubectl-acmdr/pkg/access"
	"github.com/acmdr/kubectl-acmdr/pkg/kubeconfig"
)

// Finding is what is wrong with a cluster: one sentence, what it is concluded from, and one command that cures it, or that
// shows the next thing to look at.
type Finding struct {
	Check    string
	Reason   Reason
	Sentence string
	Evidence []string
	Command  string
}

// Status is how a check ended.
type Status string

// The statuses of checks.
const (
	OK Status = "OK"
	// Skipped: the check could not be made.
	Skipped Status = "Skipped"
	Wrong   Status = "Wrong"
)

// Outcome is how one check ended, and what it saw.
type Outcome struct {
	Check  string
	Status Status
	Detail string
	// Err is why the check could not be made.
	Err error
}

// Report is the explanation of one cluster.
type Report struct {
	Cluster string
	// Finding is the first thing that is wrong; nil when the cluster is well.
	Finding *Finding
	// Summary is the sentence of the finding, or the one that says that the cluster is well.
	Summary string
	// Outcomes are the checks that were made, in order, to the first that found something.
	Outcomes []Outcome
}

// Explainer explains the clusters of one hub.
type Explainer struct {
	Hub    *accept.Hub
	Finder *access.Finder
	// Endpoint is how the agent of a cluster reaches the hub.
	Endpoint func(ctx context.Context, cluster *clusterv1.ManagedCluster) (kubeconfig.Endpoint, error)
	// WhoAmI asks an endpoint for whom it takes a token.
	WhoAmI func(ctx context.Context, endpoint kubeconfig.Endpoint, token string) (string, error)
	// Server is the hub's URL as the user reaches it.
	Server string
	Shell  Shell
}

// check is one thing to look at. It returns what is wrong, or what it saw; an error when it cannot be made. Each check can
// rely on what those before it have left in the walk.
type check struct {
	name string
	look func(ctx context.Context, w *walk) (*Finding, string, error)
}

// checks are in the order in which an agent comes to depend on them: what is wrong first makes all after it wrong.
var checks = []check{
	{"managedcluster", restored},
	{"namespace", namespace},
	{"credential", credential},
	{"identity", identity},
	{"bootstrap", bootstrapSecret},
	{"agent", pods},
	{"csr", request},
	{"acceptance", acceptance},
	{"clock", clockSkew},
	{"lease", lease},
	{"availability", availability},
	{"addons", addOns},
	{"works", works},
}

// Explain makes the checks of one cluster until one finds something wrong. emit is told of each, and may be nil. The error
// is for a hub that cannot be read.
func (e *Explainer) Explain(ctx context.Context, cluster string, emit func(Outcome)) (*Report, error) {
	if emit == nil {
		emit = func(Outcome) {}
	}
	w := &walk{Explainer: e, name: cluster, now: e.Hub.Clock.Now()}
	report := &Report{Cluster: cluster}
	for _, c := range checks {
		finding, detail, err := c.look(ctx, w)
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		if err != nil && w.signals == nil {
			return nil, err
		}
		outcome := Outcome{Check: c.name, Status: OK, Detail: detail}
		switch {
		case err != nil:
			outcome.Status, outcome.Detail, outcome.Err = Skipped, err.Error(), err
		case finding != nil:
			outcome.Status, outcome.Detail = Wrong, finding.Sentence
			finding.Check = c.name
		}
		report.Outcomes = append(report.Outcomes, outcome)
		emit(outcome)
		if finding != nil {
			report.Finding, report.Summary = finding, finding.Sentence
			return report, nil
		}
	}
	report.Summary = w.well()
	return report, nil
}

func (w *walk) well() string {
	summary := fmt.Sprintf("%s is well: joined and available, lease renewed %s ago", w.name, w.since(w.signals.Renewed))
	switch {
	case errors.Is(w.blind, access.ErrUnreachable):
		summary += "; its API cannot be reached from here"
	case w.managed == nil:
		summary += "; the cluster itself could not be looked at"
	}
	return summary + "."
}

// since is how long ago a time was, for a sentence.
func (w *walk) since(t time.Time) string {
	return duration.HumanDuration(max(w.now.Sub(t), 0))
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }
