package explain

import (
	"context"
	"fmt"
	"strings"
	"time"

	authorizationv1 "k8s.io/api/authorization/v1"
	certificatesv1 "k8s.io/api/certificates/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/acmdr/kubectl-acmdr/pkg/accept"
	"github.com/acmdr/kubectl-acmdr/pkg/ocm"
	"github.com/acmdr/kubectl-acmdr/pkg/wait"
)

// request: an agent without a certificate for this hub has asked for one, and was answered.
func request(ctx context.Context, w *walk) (*Finding, string, error) {
	requests, err := w.Hub.Requests(ctx, w.name, time.Time{})
	if err != nil {
		return nil, "", err
	}
	w.asked = w.signals.Rules().Judge(requests, w.now)
	if !w.needsBootstrap() {
		return nil, "the agent has its certificate", nil
	}
	finding := w.answered()
	switch {
	case finding != nil:
		return finding, "", nil
	case w.asked.State == accept.Issued:
		return nil, fmt.Sprintf("CSR %s was issued", w.asked.Request.Name), nil
	case w.bootstrap.Server == "" && (w.hasBeen() || !w.signals.Cluster.Spec.HubAcceptsClient):
		return nil, "there is none, and the agent may have its certificate", nil
	}
	for _, look := range []func(context.Context) (*Finding, error){w.otherRequests, w.mayAsk} {
		if finding, err := look(ctx); finding != nil || err != nil {
			return finding, "", err
		}
	}
	return w.silent("it has not asked this hub for a certificate"), "", nil
}

// answered explains what the agent's CSRs came to, other than a certificate.
func (w *walk) answered() *Finding {
	csr := w.asked.Request
	switch w.asked.State {
	case accept.Pending:
		return &Finding{
			Reason:   CSRPending,
			Sentence: fmt.Sprintf("CSR %s waits for approval: the agent on %s has asked this hub for a certificate.", csr.Name, w.name),
			Evidence: append([]string{w.made(csr), "it is the one that its switch lets it make"}, w.expired()...),
			Command:  w.Shell.verb("accept %s", w.name),
		}
	case accept.Denied:
		return &Finding{
			Reason:   CSRDenied,
			Sentence: fmt.Sprintf("CSR %s of %s was denied: its agent waits for it until it is deleted, and then asks again.", csr.Name, w.name),
			Evidence: append([]string{w.made(csr)}, verdicts(csr)...),
			Command:  w.Shell.kubectl("delete csr %s", csr.Name),
		}
	case accept.Unsigned:
		return &Finding{
			Reason:   CSRNotSigned,
			Sentence: fmt.Sprintf("CSR %s of %s is approved and not signed: this hub's controller manager does not sign.", csr.Name, w.name),
			Evidence: append([]string{w.made(csr)}, verdicts(csr)...),
			Command:  w.Shell.kubectl("get csr %s -o yaml", csr.Name),
		}
	case accept.Refused:
		return &Finding{
			Reason:   CSRRefused,
			Sentence: fmt.Sprintf("CSR %s is not the one that %s may make, so it is not approved: %v.", csr.Name, w.name, w.asked.Why),
			Evidence: []string{w.made(csr), fmt.Sprintf("it should have been made by %s, since the switch", ocm.BootstrapUser(w.name))},
			Command:  w.reregister(),
		}
	case accept.Halted:
		return w.halted()
	}
	return nil
}

func (w *walk) halted() *Finding {
	finding := &Finding{
		Reason: CSRLimit,
		Sentence: fmt.Sprintf("The agent on %s has stopped asking for a certificate: this hub holds %d CSRs of it, and it makes none beside %d.",
			w.name, w.asked.Total, accept.MaxRequests),
		Evidence: []string{fmt.Sprintf("%d of them are of no use any more: from before the switch, or decided", len(w.asked.Removable))},
		Command:  w.Shell.verb("accept %s", w.name),
	}
	if w.asked.Request != nil {
		finding.Evidence = append(finding.Evidence, "the last one: "+w.made(w.asked.Request))
	}
	if len(w.asked.Removable) == 0 {
		// accept deletes no CSR that waits for somebody's answer.
		finding.Command = w.Shell.kubectl("delete csr -l %s=%s", ocm.ClusterNameLabel, w.name)
	}
	return finding
}

// otherRequests finds CSRs that the cluster's bootstrap identity made under another name.
func (w *walk) otherRequests(ctx context.Context) (*Finding, error) {
	list, err := w.Hub.Kube.CertificatesV1().CertificateSigningRequests().List(ctx, metav1.ListOptions{LabelSelector: ocm.ClusterNameLabel})
	if err != nil {
		return nil, fmt.Errorf("listing CSRs: %w", err)
	}
	for i := range list.Items {
		csr := &list.Items[i]
		if other := csr.Labels[ocm.ClusterNameLabel]; csr.Spec.Username == ocm.BootstrapUser(w.name) && other != w.name {
			return &Finding{
				Reason:   WrongClusterName,
				Sentence: fmt.Sprintf("The agent on %s asks this hub for a certificate under another name, %s.", w.name, other),
				Evidence: []string{fmt.Sprintf("CSR %s: %s", csr.Name, w.made(csr))},
				Command:  w.rename(),
			}, nil
		}
	}
	return nil, nil
}

// mayAsk: the bootstrap identity has the right to ask.
func (w *walk) mayAsk(ctx context.Context) (*Finding, error) {
	user := w.user
	if user == "" {
		user = ocm.BootstrapUser(w.name)
	}
	groups := []string{"system:authenticated"}
	if parts := strings.Split(user, ":"); len(parts) == 4 && strings.HasPrefix(user, "system:serviceaccount:") {
		groups = append(groups, "system:serviceaccounts", "system:serviceaccounts:"+parts[2])
	}
	review, err := w.Hub.Kube.AuthorizationV1().SubjectAccessReviews().Create(ctx, &authorizationv1.SubjectAccessReview{
		Spec: authorizationv1.SubjectAccessReviewSpec{User: user, Groups: groups, ResourceAttributes: &authorizationv1.ResourceAttributes{
			Group: certificatesv1.GroupName, Resource: "certificatesigningrequests", Verb: "create",
		}},
	}, metav1.CreateOptions{})
	if err != nil || review.Status.Allowed {
		return nil, nil //nolint:nilerr // who may not ask for another's rights goes on without
	}
	return &Finding{
		Reason:   BootstrapForbidden,
		Sentence: fmt.Sprintf("The agent on %s may not ask this hub for a certificate: its bootstrap identity has lost its rights.", w.name),
		Evidence: []string{
			fmt.Sprintf("%s may not create certificatesigningrequests", user),
			fmt.Sprintf("clusterrole and clusterrolebinding %s give it that right", ocm.BootstrapRole(w.name)),
		},
		Command: w.reregister(),
	}, nil
}

// overdue tells that the agent's certificate was issued so long ago that it should have come.
func (w *walk) overdue() bool {
	return w.asked.State != accept.Issued || w.now.Sub(accept.DecidedAt(w.asked.Request)) > wait.Fetch
}

// expired is the evidence of an agent that asks because its certificate has run out.
func (w *walk) expired() []string {
	if !w.isExpired() {
		return nil
	}
	return []string{"the agent's certificate expired on " + stamp(w.agent.notAfter)}
}

func (w *walk) made(csr *certificatesv1.CertificateSigningRequest) string {
	return fmt.Sprintf("made %s ago by %s", w.since(csr.CreationTimestamp.Time), csr.Spec.Username)
}

func verdicts(csr *certificatesv1.CertificateSigningRequest) []string {
	var evidence []string
	for _, condition := range csr.Status.Conditions {
		evidence = append(evidence, strings.TrimRight(fmt.Sprintf("%s: %s %s", condition.Type, condition.Reason, condition.Message), " "))
	}
	return evidence
}
