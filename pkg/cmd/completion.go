package cmd

import (
	"context"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"k8s.io/kubectl/pkg/util/templates"

	"github.com/acmdr/kubectl-acmdr/pkg/cmd/cmdutil"
	"github.com/acmdr/kubectl-acmdr/pkg/factory"
	"github.com/acmdr/kubectl-acmdr/pkg/ocm"
	"github.com/acmdr/kubectl-acmdr/pkg/wait"
)

// names lists what a shell may complete a word to. An error is no names: a shell has nowhere to show it.
type names func(ctx context.Context) ([]string, error)

var completionLong = templates.LongDesc(`
	Print the script that lets a shell complete the plugin when it is called by its own name, kubectl-acmdr: verbs, flags,
	and the names of clusters, backups and contexts.

	To complete 'kubectl acmdr', kubectl runs a program kubectl_complete-acmdr, and oc one named oc_complete-acmdr. It is in
	the plugin's archive: link it, under both names, into a folder of your PATH.`)

var completionExample = templates.Examples(`
	# For every new bash
	kubectl acmdr completion bash > ~/.local/share/bash-completion/completions/kubectl-acmdr

	# For zsh
	kubectl acmdr completion zsh > ~/.zsh/completions/_kubectl-acmdr

	# For fish
	kubectl acmdr completion fish > ~/.config/fish/completions/kubectl-acmdr.fish`)

// addCompletion lets shells complete the names of what is on the hub, and of contexts.
func addCompletion(root *cobra.Command, f *factory.Factory) {
	clusters, backups := clustersOf(f), backupsOf(f)
	for path, names := range map[string]names{
		"accept": clusters, "explain": clusters, "fence": clusters, "reregister": clusters, "undo": clusters,
		"get clusters": clusters, "get credentials": clusters,
		"get backups": backups, "inspect": backups,
	} {
		if cmd, rest, err := root.Find(strings.Fields(path)); err == nil && len(rest) == 0 {
			cmd.ValidArgsFunction = names.complete
		}
	}
	completeFlags(root, map[string]names{
		"context":         f.Contexts,
		"old-hub-context": f.Contexts,
		"from-backup":     backups,
	})
	root.InitDefaultCompletionCmd()
	if cmd, _, err := root.Find([]string{"completion"}); err == nil && cmd != root {
		cmd.Long, cmd.Example = completionLong, completionExample
		for _, shell := range cmd.Commands() {
			shell.Args = cmdutil.NoArgs
		}
	}
}

// completeFlags completes the values of flags, by name, of a command and of those below it.
func completeFlags(cmd *cobra.Command, flags map[string]names) {
	for name, names := range flags {
		if cmd.Flags().Lookup(name) != nil || cmd.PersistentFlags().Lookup(name) != nil {
			_ = cmd.RegisterFlagCompletionFunc(name, names.complete) // it fails for one that has its own
		}
	}
	for _, child := range cmd.Commands() {
		completeFlags(child, flags)
	}
}

func (n names) complete(cmd *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
	ctx, cancel := context.WithTimeout(cmd.Context(), wait.Complete)
	defer cancel()
	all, _ := n(ctx)
	all = slices.DeleteFunc(all, func(name string) bool { return !strings.HasPrefix(name, typed) || slices.Contains(args, name) })
	return all, cobra.ShellCompDirectiveNoFileComp
}

func clustersOf(f *factory.Factory) names {
	return func(ctx context.Context) ([]string, error) {
		hub, err := f.Hub(ctx)
		if err != nil {
			return nil, err
		}
		all, err := ocm.ManagedClusters(hub.Dynamic).List(ctx, "")
		list := make([]string, 0, len(all))
		for i := range all {
			list = append(list, all[i].Name)
		}
		return list, err
	}
}

func backupsOf(f *factory.Factory) names {
	return func(ctx context.Context) ([]string, error) {
		hub, err := f.Hub(ctx)
		if err != nil {
			return nil, err
		}
		api, err := (&cmdutil.VeleroFlags{}).API(ctx, hub)
		if err != nil {
			return nil, err
		}
		all, err := api.Backups.List(ctx, "")
		list := make([]string, 0, len(all))
		for i := range all {
			list = append(list, all[i].Name)
		}
		return list, err
	}
}
