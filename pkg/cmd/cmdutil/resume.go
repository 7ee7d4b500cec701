package cmdutil

import (
	"regexp"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"k8s.io/apimachinery/pkg/util/sets"
)

// notRepeated are flags that choose targets, which the resuming command names, that would keep it from going on or from waiting, that
// only say how to print it, or that hold secrets.
var notRepeated = sets.New("all", "selector", "dry-run", "wait", "output", "token", "password")

// Resume is the command line, without its targets, that goes on where this one stopped.
func Resume(cmd *cobra.Command) string {
	return strings.TrimSpace(displayPath(cmd) + " " + typed(cmd, func(name string) bool { return !notRepeated.Has(name) }))
}

// Program is the plugin as the user called it.
func Program(cmd *cobra.Command) string { return displayPath(cmd.Root()) }

// HubFlags are those flags that choose the hubs, as they were typed, for another command that works on the same ones.
func HubFlags(cmd *cobra.Command) string {
	return typed(cmd, sets.New("kubeconfig", "context", "old-hub-kubeconfig", "old-hub-context").Has)
}

func typed(cmd *cobra.Command, keep func(name string) bool) string {
	var words []string
	cmd.Flags().Visit(func(flag *pflag.Flag) {
		switch {
		case !keep(flag.Name):
		case flag.Value.Type() == "bool" && flag.Value.String() == "true":
			words = append(words, "--"+flag.Name)
		default:
			for _, value := range valuesOf(flag) {
				words = append(words, "--"+flag.Name+"="+Quote(value))
			}
		}
	})
	return strings.Join(words, " ")
}

func valuesOf(flag *pflag.Flag) []string {
	if list, ok := flag.Value.(pflag.SliceValue); ok {
		return list.GetSlice()
	}
	return []string{flag.Value.String()}
}

// plain are words that a shell takes as they are.
var plain = regexp.MustCompile(`^[A-Za-z0-9_@%+=:,./-]*$`)

// Quote makes one word of a value, for a shell.
func Quote(value string) string {
	if plain.MatchString(value) {
		return value
	}
	return "'" + strings.ReplaceAll(value, "'", `'\''`) + "'"
}
