package rbac_test

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/acmdr/kubectl-acmdr/pkg/internal/testutil"
	"github.com/acmdr/kubectl-acmdr/pkg/ocm"
	"github.com/acmdr/kubectl-acmdr/pkg/rbac"
	"github.com/acmdr/kubectl-acmdr/pkg/velero"
)

var defaults = rbac.Options{VeleroNamespace: velero.DefaultNamespace, AgentNamespace: ocm.AgentNamespace}

// The tables of docs/rbac.md are those of the code: testdata/tables.golden, copied between its markers.
func TestDocs(t *testing.T) {
	var tables bytes.Buffer
	for _, role := range rbac.Roles {
		rules, minimal := role.Rules(defaults), defaults
		minimal.Minimal = true
		fmt.Fprintf(&tables, "\n### %s: %d rights, %d with `--minimal`\n\n", role, len(rules), len(role.Rules(minimal)))
		fmt.Fprintf(&tables, "| right | verbs | why | without it | needed on |\n|---|---|---|---|---|\n")
		for _, rule := range rules {
			without, only := rule.Without, rule.Only
			if without == "" {
				without = "it fails"
			}
			if only == "" {
				only = "every hub"
				if role == rbac.Managed {
					only = "every cluster"
				}
			}
			why := strings.ReplaceAll(rule.Why, "<cluster>", "`<cluster>`")
			fmt.Fprintf(&tables, "| `%s` | %s | %s | %s | %s |\n", rule, strings.Join(rule.Needs, ", "), why, without, only)
		}
	}
	testutil.Golden(t, "tables.golden", tables.Bytes())
	docs, err := os.ReadFile("../../docs/rbac.md")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(docs, tables.Bytes()) {
		t.Error("docs/rbac.md does not end with testdata/tables.golden")
	}
}
