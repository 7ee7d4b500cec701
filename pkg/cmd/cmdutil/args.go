package cmdutil

import (
	"github.com/spf13/cobra"
)

// NoArgs refuses any argument.
func NoArgs(_ *cobra.Command, args []string) error {
	if len(args) > 0 {
		return Usagef("no argument is taken, but %q was given", args[0])
	}
	return nil
}

// OneArg wants the name of one thing.
func OneArg(what string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		switch len(args) {
		case 0:
			return Usagef("name the %s", what)
		case 1:
			return nil
		}
		return Usagef("name one %s, not %d", what, len(args))
	}
}

// AtMostArgs takes up to n names; what says that with the noun, such as "one backup".
func AtMostArgs(n int, what string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		if len(args) > n {
			return Usagef("name %s at most, not %d", what, len(args))
		}
		return nil
	}
}
