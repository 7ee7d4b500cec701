// Package cmd is the command tree of the plugin; everything that knows cobra is below it.
package cmd

import (
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"k8s.io/kubectl/pkg/util/templates"

	"github.com/acmdr/kubectl-acmdr/pkg/cmd/accept"
	"github.com/acmdr/kubectl-acmdr/pkg/cmd/backup"
	"github.com/acmdr/kubectl-acmdr/pkg/cmd/check"
	"github.com/acmdr/kubectl-acmdr/pkg/cmd/cmdutil"
	"github.com/acmdr/kubectl-acmdr/pkg/cmd/explain"
	"github.com/acmdr/kubectl-acmdr/pkg/cmd/fence"
	"github.com/acmdr/kubectl-acmdr/pkg/cmd/get"
	"github.com/acmdr/kubectl-acmdr/pkg/cmd/inspect"
	"github.com/acmdr/kubectl-acmdr/pkg/cmd/install"
	"github.com/acmdr/kubectl-acmdr/pkg/cmd/rbac"
	"github.com/acmdr/kubectl-acmdr/pkg/cmd/reregister"
	"github.com/acmdr/kubectl-acmdr/pkg/cmd/restore"
	"github.com/acmdr/kubectl-acmdr/pkg/cmd/schedule"
	"github.com/acmdr/kubectl-acmdr/pkg/cmd/status"
	"github.com/acmdr/kubectl-acmdr/pkg/cmd/undo"
	"github.com/acmdr/kubectl-acmdr/pkg/cmd/version"
	"github.com/acmdr/kubectl-acmdr/pkg/factory"
)

// NewRoot returns the plugin's root command, writing to streams; argv0 is the name that it was called by.
func NewRoot(argv0 string, streams genericiooptions.IOStreams) *cobra.Command {
	flags := genericclioptions.NewConfigFlags(true)
	f := factory.New(flags)
	root := &cobra.Command{
		Use:   "kubectl-acmdr",
		Short: "Bring a fleet of managed clusters back when its hub is lost",
		Long: templates.LongDesc(`
			Back up a hub of Open Cluster Management or Red Hat Advanced Cluster Management with Velero, restore it on
			another hub, and move every managed cluster there without losing a workload.

			Each step is a verb of its own. Every verb reads its state from the clusters, so it can be run again, from any
			machine, to finish what an earlier run began.`),
		Annotations: map[string]string{cobra.CommandDisplayNameAnnotation: displayName(argv0)},
		Args:        cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return cmdutil.Usagef("unknown verb %q", args[0])
			}
			return cmd.Help()
		},
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.SetIn(streams.In)
	root.SetOut(streams.Out)
	root.SetErr(streams.ErrOut)
	flags.AddFlags(root.PersistentFlags())
	groups := templates.CommandGroups{
		{Message: "On the active hub:", Commands: []*cobra.Command{
			install.New(f, streams),
			backup.New(f, streams),
			schedule.New(f, streams),
		}},
		{Message: "On the standby hub:", Commands: []*cobra.Command{
			restore.New(f, streams),
			reregister.New(f, streams),
			accept.New(f, streams),
			undo.New(f, streams),
		}},
		{Message: "At any time:", Commands: []*cobra.Command{
			check.New(f, streams),
			get.New(f, streams),
			status.New(f, streams),
			inspect.New(f, streams),
			explain.New(f, streams),
			fence.New(f, streams),
			rbac.New(streams),
			version.New(f, streams),
		}},
	}
	groups.Add(root)
	templates.ActsAsRootCommand(root, nil, groups...)
	// After the templates, which set one of their own.
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return &cmdutil.UsageError{Err: err} })
	root.AddCommand(newOptions())
	addCompletion(root, f)
	finish(root)
	return root
}

// displayName is how the user called the plugin: oc when it runs as oc's, else kubectl.
func displayName(argv0 string) string {
	if strings.HasPrefix(filepath.Base(argv0), "oc-") {
		return "oc acmdr"
	}
	return "kubectl acmdr"
}

// finish has every verb refuse what is empty, and leaves it to the help's template to say that there are flags.
func finish(cmd *cobra.Command) {
	cmd.DisableFlagsInUseLine = true
	accepts := cmd.Args
	cmd.Args = func(cmd *cobra.Command, args []string) error {
		if err := cmdutil.RefuseEmpty(cmd, args); err != nil || accepts == nil {
			return err
		}
		return accepts(cmd, args)
	}
	for _, child := range cmd.Commands() {
		finish(child)
	}
}

// newOptions is the command that lists the flags which every verb inherits. kubectl's own is not used: its package costs
// 50 ms of start-up.
func newOptions() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "options",
		Short: "Print the flags that every verb inherits",
		Args:  cmdutil.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Usage() },
	}
	templates.UseOptionsTemplates(cmd)
	return cmd
}
