package rbac

import (
	"errors"
	"regexp"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// refusal is how the API server words a right that a user lacks (apiserver pkg/endpoints/handlers/responsewriters/errors.go).
var refusal = regexp.MustCompile(`cannot (\S+) resource "([^"]+)"(?: in API group "([^"]*)")?`)

// RolesFor are the roles that hold the right which an error says is lacking; none when it says nothing of the kind, or when
// no verb needs it. Secrets of the agent's namespace are a managed cluster's, and so is what only that role has.
func RolesFor(err error) []Role {
	if !apierrors.IsForbidden(err) {
		return nil
	}
	var status apierrors.APIStatus
	if !errors.As(err, &status) {
		return nil
	}
	said := status.Status()
	words := refusal.FindStringSubmatch(said.Message)
	if words == nil {
		return escalation(said)
	}
	resource := words[2]
	if words[3] != "" {
		resource += "." + words[3]
	}
	var roles []Role
	for _, role := range Roles {
		holds := func(rule Rule) bool {
			return rule.Verb == words[1] && rule.Resource == resource && (rule.Name == "" || rule.Name == said.Details.Name)
		}
		if slices.ContainsFunc(role.Rules(Options{}), holds) {
			roles = append(roles, role)
		}
	}
	return roles
}

// escalation: nobody may give away a right that they do not have; only the bootstrap identity is given any.
func escalation(said metav1.Status) []Role {
	if strings.Contains(said.Message, "attempting to grant RBAC permissions not currently held") || said.Details != nil && said.Details.Kind == "signers" {
		return []Role{HubStandby}
	}
	return nil
}
