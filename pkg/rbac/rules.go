// Package rbac says what a user of each verb must be allowed, on either hub and on the managed clusters: one table, from
// which the roles are made, the permissions are checked, and a refusal is explained.
package rbac

import (
	"fmt"
	"slices"
	"strings"

	authorizationv1 "k8s.io/api/authorization/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Role is what a user does on one kind of cluster.
type Role string

// The roles, as the verb rbac names them.
const (
	// HubActive is for the hub that is backed up; the same hub is the old one when its clusters have left it.
	HubActive Role = "hub-active"
	// HubStandby is for the hub that is restored onto and that the clusters move to.
	HubStandby Role = "hub-standby"
	// Managed is for the credential that opens a managed cluster.
	Managed Role = "managed"
)

// Roles are all roles.
var Roles = []Role{HubActive, HubStandby, Managed}

// Options say where a role holds.
type Options struct {
	// VeleroNamespace is Velero's on a hub, AgentNamespace the agent's on a managed cluster.
	VeleroNamespace, AgentNamespace string
	// Minimal leaves out what the verbs can do without.
	Minimal bool
}

// Rule is one right: one verb of the API on one resource.
type Rule struct {
	Verb string
	// Resource has its group and maybe a subresource: secrets, serviceaccounts/token, backups.velero.io.
	Resource string
	// Namespace is empty for the whole cluster, Name for all objects.
	Namespace, Name string
	// Needs are the verbs of the plugin that fail without it, or do less, the first of them the plainest.
	Needs []string
	Why   string
	// Without says what happens where the right is not given; empty when the verb fails.
	Without string
	// Only says where the right matters at all; empty for everywhere.
	Only string
}

// String is the right in words: get secrets/bootstrap-hub-kubeconfig in open-cluster-management-agent.
func (r Rule) String() string {
	text := r.Verb + " " + r.Resource
	if r.Name != "" {
		text += " " + r.Name
	}
	if r.Namespace != "" {
		text += " in namespace " + r.Namespace
	}
	return text
}

// Attributes are the right as a SelfSubjectAccessReview asks for it.
func (r Rule) Attributes() *authorizationv1.ResourceAttributes {
	resource, subresource := r.split()
	return &authorizationv1.ResourceAttributes{
		Verb: r.Verb, Group: resource.Group, Resource: resource.Resource, Subresource: subresource, Namespace: r.Namespace, Name: r.Name,
	}
}

// split tells group, resource and subresource apart: in managedclusters/accept.register.open-cluster-management.io the
// subresource is accept.
func (r Rule) split() (resource schema.GroupResource, subresource string) {
	resource = schema.ParseGroupResource(r.Resource)
	resource.Resource, subresource, _ = strings.Cut(resource.Resource, "/")
	return resource, subresource
}

// path is the resource as a role names it, with its subresource.
func (r Rule) path() (group, resource string) {
	parsed := schema.ParseGroupResource(r.Resource)
	return parsed.Group, parsed.Resource
}

// Rules are the rights of a role, in the order in which the verbs need them.
func (r Role) Rules(o Options) []Rule {
	var rules []Rule
	switch r {
	case HubActive:
		rules = slices.Concat(anyHub(o.VeleroNamespace), activeHub(o.VeleroNamespace))
	case HubStandby:
		rules = slices.Concat(anyHub(o.VeleroNamespace), standbyHub(o.VeleroNamespace), restoredKinds())
	case Managed:
		rules = managedCluster(o.AgentNamespace)
	}
	rules = merge(rules)
	if o.Minimal {
		rules = slices.DeleteFunc(rules, func(rule Rule) bool { return rule.Without != "" })
	}
	return rules
}

// Parse returns the role of a name.
func Parse(name string) (Role, error) {
	if role := Role(name); slices.Contains(Roles, role) {
		return role, nil
	}
	return "", fmt.Errorf("no role %q: choose one of %v", name, Roles)
}

// merge makes one row of rows for the same right, and of those that a wider one covers.
func merge(rules []Rule) []Rule {
	var merged []Rule
	for i, rule := range rules {
		wider := slices.ContainsFunc(rules, func(other Rule) bool { return other.covers(rule) && !rule.covers(other) })
		first := slices.IndexFunc(rules, func(other Rule) bool { return other.covers(rule) && rule.covers(other) }) == i
		if wider || !first {
			continue
		}
		for _, other := range rules[i+1:] {
			if rule.covers(other) {
				rule = rule.with(other)
			}
		}
		for _, other := range rules[:i] {
			if rule.covers(other) {
				rule = rule.with(other)
			}
		}
		merged = append(merged, rule)
	}
	return merged
}

// covers tells whether who has this right has the other one, too.
func (r Rule) covers(other Rule) bool {
	return r.Verb == other.Verb && r.Resource == other.Resource &&
		(r.Namespace == "" || r.Namespace == other.Namespace) && (r.Name == "" || r.Name == other.Name)
}

// with is the right for the needs of another one as well.
func (r Rule) with(other Rule) Rule {
	for _, verb := range other.Needs {
		if !slices.Contains(r.Needs, verb) {
			r.Needs = append(slices.Clone(r.Needs), verb)
		}
	}
	if other.Without == "" {
		r.Without = ""
	}
	if other.Only == "" {
		r.Only = ""
	}
	return r
}
