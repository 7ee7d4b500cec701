package explain

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"slices"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	clusterv1 "open-cluster-management.io/api/cluster/v1"

	"github.com/acmdr/kubectl-acmdr/pkg/kubeconfig"
	"github.com/acmdr/kubectl-acmdr/pkg/ocm"
	"github.com/acmdr/kubectl-acmdr/pkg/reregister"
)

// bootstrapSecret: the bootstrap kubeconfig leads to this hub and, as far as the agent depends on it, opens it.
func bootstrapSecret(ctx context.Context, w *walk) (*Finding, string, error) {
	secret, err := w.secret(ctx, ocm.BootstrapSecret)
	if apierrors.IsNotFound(err) {
		return &Finding{
			Reason:   BootstrapMissing,
			Sentence: fmt.Sprintf("%s has no bootstrap kubeconfig: its agent knows no hub to ask.", w.name),
			Evidence: []string{fmt.Sprintf("secret %s/%s does not exist at %s", w.managed.Namespace, ocm.BootstrapSecret, w.managed.Credential.Config.Host)},
			Command:  w.reregister(),
		}, "", nil
	}
	if err != nil {
		return nil, "", err
	}
	data := secret.Data[ocm.KubeconfigKey]
	endpoint, token, err := kubeconfig.EndpointOf(data)
	if err != nil {
		return &Finding{
			Reason:   BootstrapInvalid,
			Sentence: fmt.Sprintf("The bootstrap kubeconfig on %s is not one that an agent can use.", w.name),
			Evidence: []string{fmt.Sprintf("secret %s/%s: %v", w.managed.Namespace, ocm.BootstrapSecret, err)},
			Command:  w.reregister(),
		}, "", nil
	}
	here, err := w.Endpoint(ctx, w.signals.Cluster)
	if err != nil && endpoint.Server != w.Server {
		return nil, "", fmt.Errorf("it leads to %s, and how agents reach this hub is not known: %w", endpoint.Server, err)
	}
	if !endpoint.IsOf(here) && endpoint.Server != w.Server && !w.joinedByHand(endpoint) {
		return w.elsewhere(ctx, endpoint, here, ocm.LastWrite(secret)), "", nil
	}
	w.bootstrap = endpoint
	return w.tryBootstrap(ctx, token)
}

// joinedByHand tells whether the agent of a cluster that the plugin did not move is at work here by this endpoint: a hub
// can have a URL that it does not know of itself.
func (w *walk) joinedByHand(endpoint kubeconfig.Endpoint) bool {
	return w.signals.Since.IsZero() && w.agent != nil && w.agent.endpoint.Server == endpoint.Server &&
		w.signals.Missing(w.now) == "" && !w.isLate()
}

// elsewhere explains a bootstrap kubeconfig that leads to another hub. The plugin keeps the previous one just before it
// switches a cluster, so what was written after that was written by somebody else.
func (w *walk) elsewhere(ctx context.Context, endpoint, here kubeconfig.Endpoint, last ocm.Write) *Finding {
	evidence := []string{
		fmt.Sprintf("secret %s/%s leads to %s", w.managed.Namespace, ocm.BootstrapSecret, endpoint.Server),
		fmt.Sprintf("this hub is %s", here.Server),
	}
	if !last.At.IsZero() {
		evidence = append(evidence, fmt.Sprintf("it was written last by %s, at %s", last.Manager, stamp(last.At)))
	}
	switch {
	case w.signals.Since.IsZero() && w.isJoined():
		return &Finding{
			Reason:   MovedAway,
			Sentence: fmt.Sprintf("%s has left this hub: its bootstrap kubeconfig leads to %s.", w.name, endpoint.Server),
			Evidence: append(evidence, w.condition(clusterv1.ManagedClusterConditionAvailable)...),
			Command:  join(w.Shell.Plugin, "explain", w.name, "--kubeconfig=other-hub.kubeconfig"),
		}
	case w.signals.Since.IsZero():
		return &Finding{
			Reason:   NotMoved,
			Sentence: fmt.Sprintf("%s has not been moved to this hub: its bootstrap kubeconfig leads to %s.", w.name, endpoint.Server),
			Evidence: evidence,
			Command:  w.reregister(),
		}
	}
	evidence = append(evidence, fmt.Sprintf("the cluster was switched to this hub at %s", stamp(w.signals.Since)))
	kept := w.keptAt(ctx)
	if !last.At.IsZero() && !kept.IsZero() && last.At.Before(kept) {
		return &Finding{
			Reason:   MoveInterrupted,
			Sentence: fmt.Sprintf("The move of %s to this hub was interrupted: its bootstrap kubeconfig still leads to %s.", w.name, endpoint.Server),
			Evidence: append(evidence, fmt.Sprintf("it is older than the copy that was kept of it, at %s", stamp(kept))),
			Command:  w.reregister(),
		}
	}
	return &Finding{
		Reason: TakenBack,
		Sentence: fmt.Sprintf("Another hub took %s back: since its switch to this hub its bootstrap kubeconfig leads to %s again.",
			w.name, endpoint.Server),
		Evidence: evidence,
		Command:  w.Shell.verb("reregister %s --old-hub-kubeconfig=old-hub.kubeconfig", w.name),
	}
}

// keptAt is when the previous bootstrap kubeconfig was kept, on the managed cluster's clock; zero when there is none.
func (w *walk) keptAt(ctx context.Context) time.Time {
	previous, err := w.secret(ctx, reregister.PreviousSecret)
	if err != nil {
		return time.Time{}
	}
	if last := ocm.LastWrite(previous); !last.At.IsZero() {
		return last.At
	}
	return previous.CreationTimestamp.Time
}

// tryBootstrap uses the bootstrap kubeconfig the way the agent does. A token that the agent does not need may have expired:
// its certificate is what counts then.
func (w *walk) tryBootstrap(ctx context.Context, token string) (*Finding, string, error) {
	detail := "leads to this hub, " + w.bootstrap.Server
	if len(w.bootstrap.CAData) > 0 && kubeconfig.FirstCertificate(w.bootstrap.CAData) == nil {
		return w.wrongCA("it holds no certificate"), "", nil
	}
	user, err := w.WhoAmI(ctx, w.bootstrap, token)
	var untrusted *tls.CertificateVerificationError
	switch {
	case err == nil:
		w.user = user
		return nil, detail, nil
	case errors.As(err, &untrusted):
		// Without a CA it is the trust store of the cluster's nodes that counts, not the one here.
		if len(w.bootstrap.CAData) > 0 || w.needsBootstrap() {
			return w.wrongCA(untrusted.Err.Error()), "", nil
		}
		return nil, detail, nil
	case apierrors.IsUnauthorized(err):
		if w.needsBootstrap() {
			return w.deadToken(kubeconfig.ClaimsOf(token)), "", nil
		}
		return nil, detail + "; its token has expired, and is not needed while the agent has its certificate", nil
	}
	return nil, "", fmt.Errorf("%s, and could not be tried from here: %w", detail, err)
}

func (w *walk) wrongCA(why string) *Finding {
	evidence := []string{fmt.Sprintf("%s: %s", w.bootstrap.Server, why)}
	if ca := kubeconfig.FirstCertificate(w.bootstrap.CAData); ca != nil {
		evidence = append(evidence, fmt.Sprintf("the CA in it is %q, valid until %s", ca.Subject, stamp(ca.NotAfter)))
	}
	if len(w.bootstrap.CAData) == 0 {
		evidence = append(evidence, "there is no CA in it: the nodes of the cluster would have to trust the hub's")
	}
	return &Finding{
		Reason:   WrongCA,
		Sentence: fmt.Sprintf("The CA in the bootstrap kubeconfig on %s does not verify this hub: its agent refuses to connect.", w.name),
		Evidence: evidence,
		Command:  w.reregister(),
	}
}

func (w *walk) deadToken(claims kubeconfig.Claims) *Finding {
	evidence := []string{fmt.Sprintf("%s answers 401 to the bootstrap token of %s", w.bootstrap.Server, orNobody(claims.Subject))}
	why := "is not accepted: it was revoked, or is of another hub"
	if notAfter := claims.NotAfter(); !notAfter.IsZero() && w.now.After(notAfter) {
		why = fmt.Sprintf("expired %s ago", w.since(notAfter))
		evidence = append(evidence, "the token expired at "+stamp(notAfter))
	}
	finding := &Finding{
		Reason:   TokenExpired,
		Sentence: fmt.Sprintf("The bootstrap token on %s %s, and its agent has no certificate for this hub.", w.name, why),
		Command:  w.reregister(),
	}
	if w.isExpired() && w.agent.endpoint.Server == w.bootstrap.Server {
		finding.Reason = CertificateExpired
		finding.Sentence = fmt.Sprintf("The certificate of the agent on %s expired on %s, and the bootstrap token to ask for another one %s.",
			w.name, stamp(w.agent.notAfter), why)
	}
	finding.Evidence = slices.Concat(evidence, w.whereabouts())
	return finding
}

// reregister is the command that puts a good bootstrap kubeconfig in place.
func (w *walk) reregister() string { return w.Shell.verb("reregister %s", w.name) }
