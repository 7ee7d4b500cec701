package cmdutil

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// emptyMeans marks a flag of which an empty value says something else than leaving it out.
const emptyMeans = "acmdr-empty-means-something"

// AllowEmpty lets flags be given empty.
func AllowEmpty(cmd *cobra.Command, flags ...string) {
	for _, flag := range flags {
		_ = cmd.Flags().SetAnnotation(flag, emptyMeans, nil) // it fails for a flag that is none
	}
}

// whichHub are the flags of kubectl that say which hub is meant: kubectl takes an empty one for the current context.
var whichHub = []string{"context", "kubeconfig"}

// RefuseEmpty refuses empty arguments and empty values of the verb's own flags. They come from a variable that is not set, and
// taken for left out they would have the verb do more than was meant: the whole fleet in place of a few clusters.
func RefuseEmpty(cmd *cobra.Command, args []string) error {
	if slices.ContainsFunc(args, blank) {
		return Usagef("an argument is empty: leave it out, or set the variable that it comes from")
	}
	var err error
	cmd.Flags().VisitAll(func(flag *pflag.Flag) {
		if cmd.InheritedFlags().Lookup(flag.Name) != nil && !slices.Contains(whichHub, flag.Name) {
			return // kubectl's own, which may be empty
		}
		if _, allowed := flag.Annotations[emptyMeans]; err != nil || allowed || !flag.Changed {
			return
		}
		if values := valuesOf(flag); len(values) == 0 || slices.ContainsFunc(values, blank) {
			err = Usagef("--%s must not be empty: leave it out, or set the variable that it comes from", flag.Name)
		}
	})
	return err
}

func blank(value string) bool { return strings.TrimSpace(value) == "" }
