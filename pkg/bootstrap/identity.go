package bootstrap

import (
	"context"
	"fmt"
	"maps"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/acmdr/kubectl-acmdr/pkg/ocm"
)

// ManagedBy labels what the plugin creates on a hub or a managed cluster.
const (
	ManagedByLabel = "app.kubernetes.io/managed-by"
	ManagedBy      = "kubectl-acmdr"
)

// rules are what an agent needs until it has its certificate: ask for one, watch the answer, look at its ManagedCluster
// (ocm deploy/cluster-manager/chart/cluster-manager/templates/bootstrap_cluster_role.yaml). The ManagedCluster is there
// before the agent comes, so it needs no right to join a cluster set.
var rules = []rbacv1.PolicyRule{
	{
		APIGroups: []string{"certificates.k8s.io"}, Resources: []string{"certificatesigningrequests"},
		Verbs: []string{"create", "get", "list", "watch"},
	},
	{
		APIGroups: []string{"cluster.open-cluster-management.io"}, Resources: []string{"managedclusters"},
		Verbs: []string{"get", "create", "list", "watch"},
	},
}

// HasIdentity tells whether the bootstrap identity of a cluster is complete: namespace, ServiceAccount, role, binding.
func HasIdentity(ctx context.Context, hub kubernetes.Interface, cluster string) (bool, error) {
	name := ocm.BootstrapRole(cluster)
	namespace, err := hub.CoreV1().Namespaces().Get(ctx, cluster, metav1.GetOptions{})
	if err != nil {
		return false, ignoreNotFound(err)
	}
	if !namespace.DeletionTimestamp.IsZero() {
		return false, fmt.Errorf("namespace %s is Terminating on this hub: wait until it is gone, then restore again", cluster)
	}
	if _, err := hub.CoreV1().ServiceAccounts(cluster).Get(ctx, ocm.BootstrapServiceAccount(cluster), metav1.GetOptions{}); err != nil {
		return false, ignoreNotFound(err)
	}
	role, err := hub.RbacV1().ClusterRoles().Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return false, ignoreNotFound(err)
	}
	binding, err := hub.RbacV1().ClusterRoleBindings().Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return false, ignoreNotFound(err)
	}
	want := newBinding(cluster)
	return covers(role.Rules) && equality.Semantic.DeepEqual(binding.Subjects, want.Subjects) && binding.RoleRef == want.RoleRef, nil
}

// EnsureIdentity creates what is missing of the bootstrap identity and mends what differs. It only adds.
func EnsureIdentity(ctx context.Context, hub kubernetes.Interface, cluster string) error {
	labels := map[string]string{ManagedByLabel: ManagedBy}
	namespaceLabels := maps.Clone(labels)
	namespaceLabels[ocm.ManagedClusterNamespaceLabel] = cluster
	_, err := hub.CoreV1().Namespaces().Create(ctx, &corev1.Namespace{
		ObjectMeta: metav1.ObjectMeta{Name: cluster, Labels: namespaceLabels},
	}, metav1.CreateOptions{})
	if ignoreExists(err) != nil {
		return fmt.Errorf("creating namespace %s: %w", cluster, err)
	}
	account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: ocm.BootstrapServiceAccount(cluster), Labels: labels}}
	if _, err = hub.CoreV1().ServiceAccounts(cluster).Create(ctx, account, metav1.CreateOptions{}); ignoreExists(err) != nil {
		return fmt.Errorf("creating serviceaccount %s/%s: %w", cluster, account.Name, err)
	}
	if err := ensureRole(ctx, hub, cluster); err != nil {
		return err
	}
	return ensureBinding(ctx, hub, cluster)
}

func ensureRole(ctx context.Context, hub kubernetes.Interface, cluster string) error {
	name := ocm.BootstrapRole(cluster)
	roles := hub.RbacV1().ClusterRoles()
	_, err := roles.Create(ctx, &rbacv1.ClusterRole{ObjectMeta: owned(name), Rules: rules}, metav1.CreateOptions{})
	if !apierrors.IsAlreadyExists(err) {
		return named("creating clusterrole", name, err)
	}
	role, err := roles.Get(ctx, name, metav1.GetOptions{})
	if err != nil || covers(role.Rules) {
		return named("reading clusterrole", name, err)
	}
	role.Rules = append(role.Rules, rules...)
	_, err = roles.Update(ctx, role, metav1.UpdateOptions{})
	return named("updating clusterrole", name, err)
}

func ensureBinding(ctx context.Context, hub kubernetes.Interface, cluster string) error {
	want := newBinding(cluster)
	bindings := hub.RbacV1().ClusterRoleBindings()
	_, err := bindings.Create(ctx, want, metav1.CreateOptions{})
	if !apierrors.IsAlreadyExists(err) {
		return named("creating clusterrolebinding", want.Name, err)
	}
	binding, err := bindings.Get(ctx, want.Name, metav1.GetOptions{})
	if err == nil && binding.RoleRef != want.RoleRef { // which cannot be changed
		return fmt.Errorf("clusterrolebinding %s binds %s %s: delete it and run again", want.Name, binding.RoleRef.Kind, binding.RoleRef.Name)
	}
	if err != nil || equality.Semantic.DeepEqual(binding.Subjects, want.Subjects) {
		return named("reading clusterrolebinding", want.Name, err)
	}
	binding.Subjects = want.Subjects
	_, err = bindings.Update(ctx, binding, metav1.UpdateOptions{})
	return named("updating clusterrolebinding", want.Name, err)
}

func newBinding(cluster string) *rbacv1.ClusterRoleBinding {
	name := ocm.BootstrapRole(cluster)
	return &rbacv1.ClusterRoleBinding{
		ObjectMeta: owned(name),
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: name},
		Subjects: []rbacv1.Subject{{
			Kind: rbacv1.ServiceAccountKind, Namespace: cluster, Name: ocm.BootstrapServiceAccount(cluster),
		}},
	}
}

func owned(name string) metav1.ObjectMeta {
	return metav1.ObjectMeta{Name: name, Labels: map[string]string{ManagedByLabel: ManagedBy}}
}

// covers tells whether a role grants at least what the agent cannot do without: the article's role, which has no list and
// watch of managedclusters, does; more only spares the agent's log some noise.
func covers(have []rbacv1.PolicyRule) bool {
	need := map[string]bool{"certificatesigningrequests/create": true, "certificatesigningrequests/get": true,
		"certificatesigningrequests/list": true, "certificatesigningrequests/watch": true, "managedclusters/get": true}
	for _, rule := range have {
		for _, resource := range rule.Resources {
			for _, verb := range rule.Verbs {
				delete(need, resource+"/"+verb)
			}
		}
	}
	return len(need) == 0
}

func ignoreNotFound(err error) error {
	if apierrors.IsNotFound(err) {
		return nil
	}
	return err
}

func ignoreExists(err error) error {
	if apierrors.IsAlreadyExists(err) {
		return nil
	}
	return err
}

func named(doing, name string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s %s: %w", doing, name, err)
}
