package rbac

import (
	"errors"
	"regexp"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
)

// refusal is how the API server words a right that a user lacks (apiserver pkg/endpoints/handlers/responsewriters/errors.go).
var refusal = regexp.MustCompile(`cannot (\S+) resource "([^"]+)"(?: in API group "([^"]*)")?`)

// RolesFor are the roles that hold the right which an error says is lacking; none when it says nothing of the kind, or when
// no verb needs it.
func RolesFor(err error) []Role {
	var refused apierrors.APIStatus
	if !apierrors.IsForbidden(err) || !errors.As(err, &refused) {
		return nil
	}
	said := refused.Status()
	for _, text := range unnamed {
		if strings.Contains(said.Message, text) {
			return hubs(err, HubActive, HubStandby)
		}
	}
	words := refusal.FindStringSubmatch(said.Message)
	if words == nil || said.Details == nil {
		return nil
	}
	lacking := Rule{Verb: words[1], Resource: words[2], Name: said.Details.Name}
	if words[3] != "" {
		lacking.Resource += "." + words[3]
	}
	var roles []Role
	for _, role := range []Role{Managed, HubActive, HubStandby} {
		if !slices.ContainsFunc(role.Rules(Options{}), func(rule Rule) bool { return rule.named(lacking) && !rule.quiet() }) {
			continue
		}
		if role == Managed { // whose objects are named, and no hub's
			return []Role{Managed}
		}
		roles = append(roles, role)
	}
	return hubs(err, roles...)
}

// unnamed are refusals that name no resource: nobody may give away rights that they lack, or approve for a signer without
// the right to (apiserver's RBAC storage; plugin/pkg/admission/certificates/approval).
var unnamed = []string{"attempting to grant RBAC permissions not currently held", "not permitted to approve requests with signerName"}

// quiet rights are never what a failure is about: the verbs do without them and say nothing.
func (r Rule) quiet() bool { return r.Without != "" && r.Only != "" }

// named tells whether a refusal, which says no namespace, can be for lack of this right.
func (r Rule) named(lacking Rule) bool {
	r.Namespace = ""
	return r.covers(lacking)
}

// hubs leaves the role of the old hub where that is what the error speaks of.
func hubs(err error, roles ...Role) []Role {
	if len(roles) > 1 && strings.Contains(err.Error(), "old hub") {
		return []Role{HubActive}
	}
	return roles
}
