package explain

import (
	"bytes"
	"errors"
	"fmt"
	"time"

	"github.com/acmdr/kubectl-acmdr/pkg/accept"
	"github.com/acmdr/kubectl-acmdr/pkg/access"
	"github.com/acmdr/kubectl-acmdr/pkg/kubeconfig"
	"github.com/acmdr/kubectl-acmdr/pkg/wait"
)

// walk is what the checks of one cluster have seen so far.
type walk struct {
	*Explainer
	name string
	now  time.Time
	// signals are what the hub knows of the agent.
	signals *accept.Signals
	// managed is the cluster's own API; nil when it is not open, for the reason in blind.
	managed *access.Managed
	blind   error
	// agent is the agent's own registration; nil when it could not be read.
	agent *registration
	// bootstrap is where the bootstrap kubeconfig leads; empty when it could not be read.
	bootstrap kubeconfig.Endpoint
	// user is for whom the hub takes the bootstrap token; empty when it was not asked.
	user string
	// pods is what runs of the agent, in words.
	pods string
	// asked is what the agent's CSRs come to.
	asked accept.Asked
}

// errBlind is why a check on the managed cluster cannot be made; the reason itself is told by the check of the credential.
var errBlind = errors.New("the managed cluster is not open")

// registration is what the agent keeps of the hub that it is registered at.
type registration struct {
	cluster  string
	endpoint kubeconfig.Endpoint
	notAfter time.Time
}

// needsBootstrap tells whether the agent has no certificate for the hub to which its bootstrap kubeconfig leads, so that
// it depends on that: by what the agent keeps, else by what the hub knows. The agent compares more than this (ocm
// pkg/registration/register/common.go); a difference in the rest only makes it ask for a certificate while it has one.
func (w *walk) needsBootstrap() bool {
	if w.agent == nil || w.bootstrap.Server == "" {
		return w.isOut()
	}
	return w.agent.endpoint.Server != w.bootstrap.Server || !bytes.Equal(w.agent.endpoint.CAData, w.bootstrap.CAData) || w.isExpired()
}

// isExpired tells whether the agent's certificate has run out.
func (w *walk) isExpired() bool {
	return w.agent != nil && !w.agent.notAfter.IsZero() && w.now.After(w.agent.notAfter)
}

// isOut tells, by what the hub knows alone, that the agent is not at work.
func (w *walk) isOut() bool {
	return !w.isJoined() || w.signals.Silent(w.now) != ""
}

// hasBeen tells that the agent was at work here, if not any more.
func (w *walk) hasBeen() bool {
	return w.isJoined() && w.signals.Renewed.After(w.signals.Since)
}

// isLate tells that a renewal of the lease is missing. A hub waits for five before it doubts an agent.
func (w *walk) isLate() bool {
	return w.now.Sub(w.signals.Renewed) > 2*w.signals.Period()
}

// silent explains an agent of which nothing is heard. What the hub says of it is in why.
func (w *walk) silent(why string, evidence ...string) *Finding {
	if !w.signals.Since.IsZero() {
		evidence = append(evidence, fmt.Sprintf("the cluster was switched to this hub %s ago, at %s", w.since(w.signals.Since), stamp(w.signals.Since)))
		if w.now.Sub(w.signals.Since) < wait.Fetch {
			evidence = append(evidence, "an agent takes some 5 s, an old one up to 3 min")
		}
	}
	switch {
	case errors.Is(w.blind, access.ErrUnreachable):
		return &Finding{
			Reason:   Unreachable,
			Sentence: fmt.Sprintf("%s cannot be reached, and its agent is silent: %s.", w.name, why),
			Evidence: append([]string{w.blind.Error()}, evidence...),
			Command:  w.Shell.verb("get credentials %s -o wide", w.name),
		}
	case w.managed == nil:
		return &Finding{
			Reason:   AgentSilent,
			Sentence: fmt.Sprintf("The agent on %s is silent, and the cluster cannot be looked at from here: %s.", w.name, why),
			Evidence: append([]string{w.blind.Error()}, evidence...),
			Command:  w.Shell.verb("explain %s --managed-kubeconfig=%s.kubeconfig", w.name, w.name),
		}
	}
	evidence = append(w.whereabouts(), evidence...)
	if w.isExpired() {
		return &Finding{
			Reason: CertificateExpired,
			Sentence: fmt.Sprintf("The certificate of the agent on %s expired on %s, and it does not ask for another one: %s.",
				w.name, stamp(w.agent.notAfter), why),
			Evidence: evidence,
			Command:  w.Shell.managed(w.name, "delete pods -n %s -l '%s'", w.managed.Namespace, agentPods),
		}
	}
	return &Finding{
		Reason:   AgentDown,
		Sentence: fmt.Sprintf("The agent on %s does not run, or cannot reach this hub: %s.", w.name, why),
		Evidence: evidence,
		Command:  w.Shell.managed(w.name, "get klusterlets,deployments,pods,events -n %s", w.managed.Namespace),
	}
}

// whereabouts is what the managed cluster says of its agent.
func (w *walk) whereabouts() []string {
	var evidence []string
	if w.bootstrap.Server != "" {
		evidence = append(evidence, fmt.Sprintf("its bootstrap kubeconfig leads to this hub, %s", w.bootstrap.Server))
	}
	switch {
	case w.agent == nil:
	case w.agent.endpoint.Server == "":
		evidence = append(evidence, "it is registered at no hub")
	case w.agent.endpoint.Server != w.bootstrap.Server:
		evidence = append(evidence, fmt.Sprintf("it is still registered at %s", w.agent.endpoint.Server))
	case !w.agent.notAfter.IsZero():
		evidence = append(evidence, fmt.Sprintf("it is registered at this hub, with a certificate until %s", stamp(w.agent.notAfter)))
	}
	if w.pods != "" {
		evidence = append(evidence, w.pods)
	}
	return evidence
}
