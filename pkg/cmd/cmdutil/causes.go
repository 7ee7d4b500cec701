package cmdutil

import (
	"fmt"
	"io"

	"github.com/acmdr/kubectl-acmdr/pkg/printing"
	"github.com/acmdr/kubectl-acmdr/pkg/velero"
)

// maxCauses is how many causes of Velero's warnings or errors are told in full.
const maxCauses = 10

// TellCauses writes a line per cause of Velero's warnings or errors, and an example below each that needs a look. Those that
// are part of a good run are counted in one line, unless they are asked for. hubFlags choose the hub.
func TellCauses(out io.Writer, what string, causes []velero.Cause, harmless bool, hubFlags string) {
	hidden, told := 0, 0
	for i, cause := range causes {
		if cause.Expected && !harmless {
			hidden += cause.Count
			continue
		}
		if told++; told > maxCauses {
			fmt.Fprintf(out, "%s: and %d more causes\n", what, len(causes)-i)
			break
		}
		tellCause(out, what, cause, hubFlags)
	}
	if hidden > 0 {
		fmt.Fprintf(out, "harmless: %s of Velero, shown by -v\n", printing.Count(hidden, what))
	}
}

func tellCause(out io.Writer, what string, cause velero.Cause, hubFlags string) {
	where, note := "", ""
	if cause.Namespaces > 0 {
		where = " in " + printing.Count(cause.Namespaces, "namespace")
	}
	if cause.Expected {
		note = " (harmless)"
	}
	fmt.Fprintf(out, "%s: %d× %s%s%s\n", what, cause.Count, OnHub(cause.Reason, hubFlags), where, note)
	if !cause.Expected && cause.Example != cause.Reason {
		fmt.Fprintf(out, "  for example: %s\n", cause.Example)
	}
}
