package rbac

import (
	"slices"

	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/acmdr/kubectl-acmdr/pkg/velero"
)

// Manifests are the ClusterRole and Roles that give rights to a subject, and their bindings: one role per namespace in which
// any is needed. The subject itself is not among them.
func Manifests(role Role, rules []Rule, subject rbacv1.Subject) []runtime.Object {
	scopes := map[string][]rbacv1.PolicyRule{}
	var namespaces []string
	for _, rule := range rules {
		if _, ok := scopes[rule.Namespace]; !ok {
			namespaces = append(namespaces, rule.Namespace)
		}
		scopes[rule.Namespace] = add(scopes[rule.Namespace], rule)
	}
	slices.Sort(namespaces)
	var objects []runtime.Object
	for _, namespace := range namespaces {
		objects = append(objects, scoped(role, namespace, scopes[namespace], subject)...)
	}
	return objects
}

func scoped(role Role, namespace string, rules []rbacv1.PolicyRule, subject rbacv1.Subject) []runtime.Object {
	meta := metav1.ObjectMeta{
		Name: Name(role), Namespace: namespace, Labels: map[string]string{velero.ManagedByLabel: velero.ManagedBy},
	}
	ref := rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Name: meta.Name}
	kind := func(kind string) metav1.TypeMeta {
		return metav1.TypeMeta{APIVersion: rbacv1.SchemeGroupVersion.String(), Kind: kind}
	}
	subjects := []rbacv1.Subject{subject}
	if namespace == "" {
		ref.Kind = "ClusterRole"
		return []runtime.Object{
			&rbacv1.ClusterRole{TypeMeta: kind("ClusterRole"), ObjectMeta: meta, Rules: rules},
			&rbacv1.ClusterRoleBinding{TypeMeta: kind("ClusterRoleBinding"), ObjectMeta: meta, RoleRef: ref, Subjects: subjects},
		}
	}
	ref.Kind = "Role"
	return []runtime.Object{
		&rbacv1.Role{TypeMeta: kind("Role"), ObjectMeta: meta, Rules: rules},
		&rbacv1.RoleBinding{TypeMeta: kind("RoleBinding"), ObjectMeta: meta, RoleRef: ref, Subjects: subjects},
	}
}

// Name is what the objects of a role are called.
func Name(role Role) string { return "acmdr-" + string(role) }

// add puts a right to those of the same resource and name.
func add(rules []rbacv1.PolicyRule, rule Rule) []rbacv1.PolicyRule {
	group, resource := rule.path()
	var names []string
	if rule.Name != "" {
		names = []string{rule.Name}
	}
	for i := range rules {
		if rules[i].APIGroups[0] == group && rules[i].Resources[0] == resource && slices.Equal(rules[i].ResourceNames, names) {
			rules[i].Verbs = append(rules[i].Verbs, rule.Verb)
			return rules
		}
	}
	return append(rules, rbacv1.PolicyRule{
		APIGroups: []string{group}, Resources: []string{resource}, ResourceNames: names, Verbs: []string{rule.Verb},
	})
}
