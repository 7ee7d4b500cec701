package access

import (
	"context"
	"errors"
	"fmt"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/sets"

	"github.com/acmdr/kubectl-acmdr/pkg/kubeconfig"
	"github.com/acmdr/kubectl-acmdr/pkg/ocm"
)

// known are the IDs by which the hub knows a cluster; none where it knows none, or not the cluster.
func (f *Finder) known(ctx context.Context, cluster string) (sets.Set[string], error) {
	if f.Hub == nil {
		return nil, nil
	}
	found, err := ocm.ManagedClusters(f.Hub).Get(ctx, cluster)
	if apierrors.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading managedcluster %s: %w", cluster, err)
	}
	return ocm.KnownIDs(found), nil
}

// checkIdentity makes sure that it is the cluster that is to be moved: by the name under which its agent is registered, and
// by its ID where the hub knows one, since a name can be taken twice. Where no name can be seen, the ID alone will do.
func (m *Managed) checkIdentity(ctx context.Context, cluster string, known sets.Set[string]) error {
	named := m.checkName(ctx, cluster)
	if len(known) == 0 || named != nil && !isUntold(named) {
		return named
	}
	ids, err := ocm.IDsOf(ctx, m.Kube, m.Dynamic)
	switch {
	case ids.HasAny(known.UnsortedList()...):
		return nil
	case named != nil || apierrors.IsForbidden(err): // a narrow credential need not see the IDs
		return named
	case err != nil:
		return fmt.Errorf("looking for the cluster's ID, to be sure that it is the right cluster: %w", err)
	}
	return fmt.Errorf("%s is another cluster of the same name: its ID is %s, and this hub knows %s as %s; "+
		"if it was built anew, remove the label %s from the ManagedCluster",
		m.Credential.Config.Host, list(ids), cluster, list(known), ocm.ClusterIDLabel)
}

func list(ids sets.Set[string]) string { return strings.Join(sets.List(ids), ", ") }

// untoldError tells that the cluster's name could not be seen.
type untoldError struct{ error }

func isUntold(err error) bool {
	_, untold := errors.AsType[*untoldError](err)
	return untold
}

// checkName compares the name under which the agent is registered with the cluster's.
func (m *Managed) checkName(ctx context.Context, cluster string) error {
	secret, err := m.Kube.CoreV1().Secrets(m.Namespace).Get(ctx, ocm.HubSecret, metav1.GetOptions{})
	if apierrors.IsForbidden(err) {
		return m.checkBootstrapName(ctx, cluster)
	}
	if apierrors.IsNotFound(err) {
		return &untoldError{fmt.Errorf("no agent is registered at %s: it has no secret %s/%s", m.Credential.Config.Host, m.Namespace, ocm.HubSecret)}
	}
	if err != nil {
		return fmt.Errorf("reading secret %s/%s, to be sure that it is the right cluster: %w", m.Namespace, ocm.HubSecret, err)
	}
	if name := string(secret.Data[ocm.ClusterNameKey]); name != cluster {
		return fmt.Errorf("%s is another cluster: its agent is registered as %q, not %q", m.Credential.Config.Host, name, cluster)
	}
	return nil
}

// checkBootstrapName is for a credential that may only touch the bootstrap secret: the token in it was made for the
// bootstrap identity of the cluster, whose name is in the token's subject.
func (m *Managed) checkBootstrapName(ctx context.Context, cluster string) error {
	secret, err := m.Kube.CoreV1().Secrets(m.Namespace).Get(ctx, ocm.BootstrapSecret, metav1.GetOptions{})
	if err != nil {
		return fmt.Errorf("reading secret %s/%s, to be sure that it is the right cluster: %w", m.Namespace, ocm.BootstrapSecret, err)
	}
	subject := kubeconfig.ClaimsOf(kubeconfig.Token(secret.Data[ocm.KubeconfigKey])).Subject
	switch {
	case subject == ocm.BootstrapUser(cluster):
		return nil
	case strings.HasSuffix(subject, "-bootstrap-sa"):
		return fmt.Errorf("%s is another cluster: its bootstrap token is of %s", m.Credential.Config.Host, subject)
	}
	return &untoldError{fmt.Errorf("%s may not read secret %s/%s, so it cannot be told whether this is the right cluster",
		m.User, m.Namespace, ocm.HubSecret)}
}
