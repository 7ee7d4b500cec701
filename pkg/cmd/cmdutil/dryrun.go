package cmdutil

import "github.com/spf13/cobra"

// DryRunFlag is --dry-run as kubectl has it.
type DryRunFlag struct{ value string }

// AddFlags registers --dry-run.
func (f *DryRunFlag) AddFlags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.value, "dry-run", "none",
		"Must be \"none\" or \"client\". With client, everything is read and nothing is written")
	cmd.Flags().Lookup("dry-run").NoOptDefVal = "client"
	_ = cmd.RegisterFlagCompletionFunc("dry-run", cobra.FixedCompletions([]string{"none", "client"}, cobra.ShellCompDirectiveNoFileComp))
}

// Enabled tells whether nothing is to be written; any other value than none and client is a usage error.
func (f *DryRunFlag) Enabled() (bool, error) {
	switch f.value {
	case "none":
		return false, nil
	case "client":
		return true, nil
	}
	return false, Usagef("--dry-run must be none or client, not %q", f.value)
}
