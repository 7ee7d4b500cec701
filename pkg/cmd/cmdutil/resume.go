package cmdutil

import (
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"k8s.io/apimachinery/pkg/util/sets"
)

// notRepeated are flags that choose targets, which the resuming command names, or hold secrets.
var notRepeated = sets.New("all", "selector", "token", "password")

// Resume is the command line, without its targets, that goes on where this one stopped.
func Resume(cmd *cobra.Command) string {
	words := []string{displayPath(cmd)}
	cmd.Flags().Visit(func(flag *pflag.Flag) {
		switch {
		case notRepeated.Has(flag.Name):
		case flag.Value.Type() == "bool" && flag.Value.String() == "true":
			words = append(words, "--"+flag.Name)
		default:
			words = append(words, "--"+flag.Name+"="+flag.Value.String())
		}
	})
	return strings.Join(words, " ")
}
