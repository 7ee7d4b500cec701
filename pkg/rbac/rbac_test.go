package rbac_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/acmdr/kubectl-acmdr/pkg/rbac"
)

// No right is in a role twice, none is a wildcard, and each says for what it is.
func TestRules(t *testing.T) {
	for _, role := range rbac.Roles {
		seen := map[string]bool{}
		for _, rule := range role.Rules(defaults) {
			if seen[rule.String()] {
				t.Errorf("%s: %s is there twice", role, rule)
			}
			seen[rule.String()] = true
			if rule.Verb == "*" || rule.Resource == "*" || len(rule.Needs) == 0 || rule.Why == "" {
				t.Errorf("%s: %+v", role, rule)
			}
		}
	}
}

// The manifests give each right once, in its own scope, and no other.
func TestManifests(t *testing.T) {
	subject := rbacv1.Subject{Kind: rbacv1.ServiceAccountKind, Namespace: "a", Name: "b"}
	for _, role := range rbac.Roles {
		rules, given := role.Rules(defaults), 0
		for _, object := range rbac.Manifests(role, rules, subject) {
			switch o := object.(type) {
			case *rbacv1.ClusterRole:
				given += count(o.Rules)
			case *rbacv1.Role:
				given += count(o.Rules)
			case *rbacv1.RoleBinding:
				if o.RoleRef.Name != rbac.Name(role) || !slices.Equal(o.Subjects, []rbacv1.Subject{subject}) {
					t.Errorf("%s: binding %+v", role, o)
				}
			}
		}
		if given != len(rules) {
			t.Errorf("%s: the manifests give %d rights, the table has %d", role, given, len(rules))
		}
	}
}

func count(rules []rbacv1.PolicyRule) int {
	n := 0
	for _, rule := range rules {
		n += len(rule.Verbs) * len(rule.Resources) * len(rule.APIGroups)
	}
	return n
}

func TestRolesFor(t *testing.T) {
	refused := func(group, resource, name, why string) error {
		return fmt.Errorf("doing: %w", apierrors.NewForbidden(schema.GroupResource{Group: group, Resource: resource}, name, errors.New(why)))
	}
	tests := []struct {
		name string
		err  error
		want []rbac.Role
	}{
		{"the bootstrap secret is the managed cluster's", refused("", "secrets", "bootstrap-hub-kubeconfig",
			`User "u" cannot update resource "secrets" in API group "" in the namespace "open-cluster-management-agent"`), []rbac.Role{rbac.Managed}},
		{"only one hub restores", refused("velero.io", "restores", "",
			`User "u" cannot create resource "restores" in API group "velero.io" in the namespace "velero"`), []rbac.Role{rbac.HubStandby}},
		{"both hubs", refused("", "secrets", "x", `User "u" cannot get resource "secrets" in API group "" in the namespace "c1"`),
			[]rbac.Role{rbac.HubActive, rbac.HubStandby}},
		{"the old hub", fmt.Errorf("old hub: %w", refused("", "secrets", "x", `User "u" cannot get resource "secrets" in API group ""`)),
			[]rbac.Role{rbac.HubActive}},
		{"an escalation", refused("rbac.authorization.k8s.io", "clusterroles", "x", `user "u" is attempting to grant RBAC permissions not currently held`),
			[]rbac.Role{rbac.HubActive, rbac.HubStandby}},
		{"another right", refused("", "nodes", "", `User "u" cannot list resource "nodes" in API group "" at the cluster scope`), nil},
		{"another error", errors.New("cannot list resource"), nil},
		{"none", nil, nil},
	}
	for _, test := range tests {
		if got := rbac.RolesFor(test.err); !slices.Equal(got, test.want) {
			t.Errorf("%s: got %v, want %v", test.name, got, test.want)
		}
	}
}
