package cmdutil

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/acmdr/kubectl-acmdr/pkg/rbac"
)

// standbyVerbs are the verbs that run on the hub which takes over; what they may not do elsewhere, the error says.
var standbyVerbs = []string{"restore", "reregister", "accept", "undo"}

// allowing is the command that prints the role which would have allowed what failed; empty when that was not the trouble.
// plugin is how the plugin was called, verb the one that failed.
func allowing(err error, plugin, verb string) string {
	roles := rbac.RolesFor(err)
	if len(roles) == 0 {
		return ""
	}
	if len(roles) > 1 && slices.Contains(standbyVerbs, verb) {
		roles = []rbac.Role{rbac.HubStandby}
	}
	if len(roles) > 1 && (verb == "backup" || verb == "fence") {
		roles = []rbac.Role{rbac.HubActive}
	}
	var names []string
	for _, role := range roles {
		names = append(names, "'"+plugin+" rbac "+string(role)+"'")
	}
	return strings.Join(names, " or ") + " prints the role that may"
}

// TellAllowed writes the commands that print the roles which would have allowed what failed, each once.
func TellAllowed(out io.Writer, plugin, verb string, errs ...error) {
	var told []string
	for _, err := range errs {
		if allowed := allowing(err, plugin, verb); allowed != "" && !slices.Contains(told, allowed) {
			told = append(told, allowed)
			fmt.Fprintf(out, "Not allowed: %s.\n", allowed)
		}
	}
}
