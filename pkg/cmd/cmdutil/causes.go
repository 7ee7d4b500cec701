package cmdutil

import (
	"fmt"
	"io"

	"github.com/acmdr/kubectl-acmdr/pkg/printing"
	"github.com/acmdr/kubectl-acmdr/pkg/velero"
)

// maxCauses is how many causes of Velero's warnings or errors are told in full.
const maxCauses = 10

// TellCauses writes a line per cause of Velero's warnings or errors, and an example below each that needs a look.
func TellCauses(out io.Writer, what string, causes []velero.Cause) {
	for i, cause := range causes {
		if i == maxCauses {
			fmt.Fprintf(out, "%s: and %d more causes\n", what, len(causes)-maxCauses)
			return
		}
		where := ""
		if cause.Namespaces > 0 {
			where = " in " + printing.Count(cause.Namespaces, "namespace")
		}
		note := ""
		if cause.Expected {
			note = " (expected)"
		}
		fmt.Fprintf(out, "%s: %d× %s%s%s\n", what, cause.Count, cause.Reason, where, note)
		if !cause.Expected && cause.Example != cause.Reason {
			fmt.Fprintf(out, "  for example: %s\n", cause.Example)
		}
	}
}
