package journey

import (
	"context"
	"slices"
	"strings"

	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/acmdr/kubectl-acmdr/pkg/ocm"
	"github.com/acmdr/kubectl-acmdr/pkg/rbac"
)

// limited is the namespace and the name of the ServiceAccount that the verb rbac names by itself.
const limited = "acmdr"

// Limited is a user of a cluster who has one role of the plugin's, and nothing else.
type Limited struct {
	Role rbac.Role
	// File is the user's kubeconfig, Manifests what the verb rbac printed.
	File, Manifests string
	Rules           []rbac.Rule

	cluster *Cluster
	subject rbacv1.Subject
}

// Limited makes the user as an administrator would: what the verb rbac prints is applied by kubectl, and a token is requested.
func (w *World) Limited(t TB, cluster string, role rbac.Role, flags ...string) *Limited {
	t.Helper()
	l := &Limited{
		Role: role, cluster: w.Cluster(t, cluster),
		Rules: role.Rules(rbac.Options{
			VeleroNamespace: veleroNamespace, AgentNamespace: ocm.AgentNamespace, Minimal: slices.Contains(flags, "--minimal"),
		}),
		subject: rbacv1.Subject{Kind: rbacv1.ServiceAccountKind, Namespace: limited, Name: limited},
	}
	kube := l.cluster.Kube
	_, err := kube.CoreV1().Namespaces().Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: limited}}, metav1.CreateOptions{})
	if err != nil && !apierrors.IsAlreadyExists(err) {
		t.Fatalf("%v", err)
	}
	account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: limited}}
	_, err = kube.CoreV1().ServiceAccounts(limited).Create(t.Context(), account, metav1.CreateOptions{})
	if err != nil && !apierrors.IsAlreadyExists(err) {
		t.Fatalf("%v", err)
	}
	printed := w.Acmdr(t, append([]string{"rbac", string(role)}, flags...)...).Exits(0).Stdout
	l.Manifests = w.File(t, string(role)+".yaml", []byte(printed))
	w.Shell.Run(t, "kubectl", "apply", "--context", cluster, "-f", l.Manifests).Exits(0)
	token, err := kube.CoreV1().ServiceAccounts(limited).CreateToken(t.Context(), limited, &authenticationv1.TokenRequest{}, metav1.CreateOptions{})
	if err != nil {
		t.Fatalf("%v", err)
	}
	kubeconfig := ReadKubeconfig(t, w.Lab.Kubeconfig(cluster))
	kubeconfig.User = clientcmdapi.AuthInfo{Token: token.Status.Token}
	l.File = w.File(t, string(role)+".kubeconfig", kubeconfig.Encode(t))
	l.wait(t, l.Rules[0], true)
	return l
}

// Hub is the cluster that the user has the role on.
func (l *Limited) Hub() string { return l.cluster.Name }

// Without takes one right away, runs what needs it, and gives it back.
func (l *Limited) Without(t TB, rule rbac.Rule, do func()) {
	t.Helper()
	rest := slices.DeleteFunc(slices.Clone(l.Rules), func(other rbac.Rule) bool { return other.String() == rule.String() })
	l.set(t, rest)
	l.wait(t, rule, false)
	do()
	l.set(t, l.Rules)
	l.wait(t, rule, true)
}

// set writes the rights into the roles that are there; one that lost its only right is left empty.
func (l *Limited) set(t TB, rules []rbac.Rule) {
	t.Helper()
	wanted := map[string][]rbacv1.PolicyRule{}
	for _, object := range rbac.Manifests(l.Role, rules, l.subject) {
		switch role := object.(type) {
		case *rbacv1.ClusterRole:
			wanted[""] = role.Rules
		case *rbacv1.Role:
			wanted[role.Namespace] = role.Rules
		}
	}
	client := l.cluster.Kube.RbacV1()
	for _, object := range rbac.Manifests(l.Role, l.Rules, l.subject) {
		var err error
		switch role := object.(type) {
		case *rbacv1.ClusterRole:
			role.Rules = wanted[""]
			_, err = client.ClusterRoles().Update(t.Context(), role, metav1.UpdateOptions{})
		case *rbacv1.Role:
			role.Rules = wanted[role.Namespace]
			_, err = client.Roles(role.Namespace).Update(t.Context(), role, metav1.UpdateOptions{})
		}
		if err != nil {
			t.Fatalf("%v", err)
		}
	}
}

// wait waits until the cluster's authorizer has seen a change.
func (l *Limited) wait(t TB, rule rbac.Rule, allowed bool) {
	t.Helper()
	reviews := l.cluster.Kube.AuthorizationV1().SubjectAccessReviews()
	review := &authorizationv1.SubjectAccessReview{Spec: authorizationv1.SubjectAccessReviewSpec{
		User: strings.Join([]string{"system:serviceaccount", limited, limited}, ":"), ResourceAttributes: rule.Attributes(),
	}}
	eventually(t, patience, rule.String(), func(ctx context.Context) (bool, string) {
		answer, err := reviews.Create(ctx, review, metav1.CreateOptions{})
		if err != nil {
			return false, err.Error()
		}
		return answer.Status.Allowed == allowed, answer.Status.Reason
	})
}
