package explain

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/acmdr/kubectl-acmdr/pkg/kubeconfig"
	"github.com/acmdr/kubectl-acmdr/pkg/ocm"
)

// credential opens the managed cluster, where it can be opened. That alone is never what is wrong: a cluster that only its
// agent can reach is as well as any.
func credential(ctx context.Context, w *walk) (*Finding, string, error) {
	w.managed, w.blind = w.Finder.Reach(ctx, w.name)
	if w.managed == nil {
		return nil, "", w.blind
	}
	found := w.managed.Credential
	detail := fmt.Sprintf("opened %s with %s (%s)", found.Config.Host, found.Source, found.Origin)
	if w.blind != nil {
		detail += ", but it does not do for a move: " + w.blind.Error()
	}
	return nil, detail, nil
}

// identity: the agent is the one of this cluster.
func identity(ctx context.Context, w *walk) (*Finding, string, error) {
	secret, err := w.secret(ctx, ocm.HubSecret)
	if apierrors.IsNotFound(err) {
		w.agent = &registration{}
		return nil, "the agent is registered at no hub", nil
	}
	if err != nil {
		return nil, "", err
	}
	w.agent = &registration{
		cluster:  string(secret.Data[ocm.ClusterNameKey]),
		endpoint: kubeconfig.AgentEndpoint(secret.Data[ocm.KubeconfigKey]),
	}
	if certificate := kubeconfig.FirstCertificate(secret.Data[corev1.TLSCertKey]); certificate != nil {
		w.agent.notAfter = certificate.NotAfter
	}
	if w.agent.cluster == "" || w.agent.cluster == w.name {
		return nil, fmt.Sprintf("the agent is registered as %s at %s", w.name, w.agent.endpoint.Server), nil
	}
	return w.otherName(ctx), "", nil
}

// otherName explains an agent of another name: either the credential opens another cluster, or the cluster's own agent calls
// itself something else. The bootstrap token tells, since it was made for one cluster.
func (w *walk) otherName(ctx context.Context) *Finding {
	host := w.managed.Credential.Config.Host
	finding := &Finding{
		Reason: WrongClusterName,
		Evidence: []string{
			fmt.Sprintf("secret %s/%s at %s: cluster-name is %s", w.managed.Namespace, ocm.HubSecret, host, w.agent.cluster),
			"opened with " + w.managed.Credential.Origin,
		},
	}
	subject := ""
	if secret, err := w.secret(ctx, ocm.BootstrapSecret); err == nil {
		subject = kubeconfig.ClaimsOf(kubeconfig.Token(secret.Data[ocm.KubeconfigKey])).Subject
		finding.Evidence = append(finding.Evidence, fmt.Sprintf("its bootstrap token is of %s", orNobody(subject)))
	}
	if subject != ocm.BootstrapUser(w.name) {
		finding.Sentence = fmt.Sprintf("What this hub takes for %s is another cluster: its agent is registered as %s.", w.name, w.agent.cluster)
		finding.Command = w.Shell.verb("explain %s --managed-kubeconfig=%s.kubeconfig", w.name, w.name)
		return finding
	}
	finding.Sentence = fmt.Sprintf("The agent on %s is registered under another name, %s.", w.name, w.agent.cluster)
	finding.Command = w.rename()
	return finding
}

// rename has the klusterlet call its cluster what the hub calls it.
func (w *walk) rename() string {
	return w.Shell.managed(w.name, `patch klusterlet klusterlet --type=merge -p '{"spec":{"clusterName":%q}}'`, w.name)
}

// secret reads a secret of the agent.
func (w *walk) secret(ctx context.Context, name string) (*corev1.Secret, error) {
	if w.managed == nil {
		return nil, errBlind
	}
	secret, err := w.managed.Kube.CoreV1().Secrets(w.managed.Namespace).Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return nil, fmt.Errorf("reading secret %s/%s: %w", w.managed.Namespace, name, err)
	}
	return secret, nil
}

func orNobody(name string) string {
	if name == "" {
		return "nobody that it names"
	}
	return name
}
