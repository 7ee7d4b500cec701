package cmdutil

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/acmdr/kubectl-acmdr/pkg/backup"
	"github.com/acmdr/kubectl-acmdr/pkg/printing"
	"github.com/acmdr/kubectl-acmdr/pkg/velero"
)

// AddBareMetalHosts adds the flag by which a backup holds what only a restore with the same flag brings back.
func AddBareMetalHosts(cmd *cobra.Command, hosts *bool) {
	cmd.Flags().BoolVar(hosts, "include-baremetalhosts", false, "Also back up BareMetalHosts. Only 'kubectl acmdr restore --include-baremetalhosts' "+
		"brings them back safely: any other restore has their machines wiped and installed again")
}

// TellContent says what a backup of this hub holds beyond the table of contents, and what it does not.
func TellContent(out io.Writer, kinds *backup.Kinds, server velero.Version) {
	if kinds == nil {
		return
	}
	if len(kinds.Added) > 0 {
		fmt.Fprintf(out, "Backed up with their API group: %s.\n", strings.Join(kinds.Added, ", "))
	}
	for _, machines := range kinds.Machines {
		kind, _, _ := strings.Cut(machines.Resource, ".")
		fmt.Fprintf(out, "warning: %s of %s on this hub, not backed up: %s\n", printing.Count(machines.Count, "object"), kind, machines.Why)
	}
	if !server.FilterPolicies() {
		fmt.Fprintf(out, "warning: Velero %s has no filter policies, as v1.18.3 has: the backup also holds service account tokens, "+
			"every kube-root-ca.crt and the works that carry a bootstrap kubeconfig, and nothing of namespace openshift-gitops\n", server)
	}
}
