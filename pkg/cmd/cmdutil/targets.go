package cmdutil

import (
	"github.com/spf13/cobra"
)

// DefaultParallel is how many clusters are worked on at the same time unless --parallel says otherwise.
const DefaultParallel = 10

// TargetFlags choose managed clusters: by name, all of them, or by label.
type TargetFlags struct {
	All      bool
	Selector string
	Parallel int
}

// AddFlags registers --all, -l and --parallel.
func (f *TargetFlags) AddFlags(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&f.All, "all", false, "Every managed cluster of this hub, except the hub itself")
	AddSelector(cmd, &f.Selector)
	cmd.Flags().IntVar(&f.Parallel, "parallel", DefaultParallel, "How many clusters to work on at the same time")
}

// AddSelector registers -l.
func AddSelector(cmd *cobra.Command, selector *string) {
	cmd.Flags().StringVarP(selector, "selector", "l", "", "Label selector of ManagedClusters, for example environment=prod")
}

// Validate refuses a choice that is empty or says two things.
func (f *TargetFlags) Validate(names []string) error {
	switch {
	case f.All && len(names) > 0:
		return Usagef("--all and cluster names exclude each other")
	case f.Selector != "" && len(names) > 0:
		return Usagef("--selector and cluster names exclude each other")
	case f.All && f.Selector != "":
		return Usagef("--all and --selector exclude each other")
	case !f.All && f.Selector == "" && len(names) == 0:
		return Usagef("name at least one managed cluster, or use --all or --selector")
	case f.Parallel < 1:
		return Usagef("--parallel must be at least 1, not %d", f.Parallel)
	}
	return nil
}

// Choice is the choice as flags; empty when clusters are named.
func (f *TargetFlags) Choice() string {
	switch {
	case f.All:
		return "--all"
	case f.Selector != "":
		return "--selector=" + Quote(f.Selector)
	}
	return ""
}
