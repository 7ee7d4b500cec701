package cmdutil_test

import (
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"k8s.io/cli-runtime/pkg/genericclioptions"

	"github.com/acmdr/kubectl-acmdr/pkg/cmd/cmdutil"
)

// tree is a verb below a root with kubectl's flags.
func tree(run func(cmd *cobra.Command)) *cobra.Command {
	root := &cobra.Command{Use: "kubectl-acmdr", Annotations: map[string]string{cobra.CommandDisplayNameAnnotation: "kubectl acmdr"}}
	genericclioptions.NewConfigFlags(true).WithDeprecatedPasswordFlag().AddFlags(root.PersistentFlags())
	verb := &cobra.Command{Use: "verb", Run: func(cmd *cobra.Command, _ []string) { run(cmd) }}
	(&cmdutil.TargetFlags{}).AddFlags(verb)
	(&cmdutil.DryRunFlag{}).AddFlags(verb)
	(&cmdutil.OutputFlags{}).AddFlags(verb)
	verb.Flags().Bool("wait", true, "")
	verb.Flags().Bool("accept", false, "")
	verb.Flags().Duration("timeout", 0, "")
	verb.Flags().String("managed-kubeconfig", "", "")
	root.AddCommand(verb)
	return root
}

func TestResume(t *testing.T) {
	tests := []struct{ args, want string }{
		{"verb c1", "kubectl acmdr verb"},
		{"verb c1 --accept --parallel 50 --timeout 90s", "kubectl acmdr verb --accept --parallel=50 --timeout=1m30s"},
		{"verb c1 --accept=false", "kubectl acmdr verb --accept=false"},
		{"verb --all --context hub-dr2", "kubectl acmdr verb --context=hub-dr2"},
		{"verb -l env=prod", "kubectl acmdr verb"},
		{"verb c1 --token s3cr3t --username admin --password s3cr3t", "kubectl acmdr verb --username=admin"},
		{"verb c1 --dry-run", "kubectl acmdr verb"},
		{"verb c1 --wait=false -o json --timeout 90s", "kubectl acmdr verb --timeout=1m30s"},
		{"verb c1 --as a --as-group b --as-group c", "kubectl acmdr verb --as=a --as-group=b --as-group=c"},
		{"verb c1 --managed-kubeconfig my|file's;name", `kubectl acmdr verb --managed-kubeconfig='my|file'\''s;name'`},
		{"verb c1 --managed-kubeconfig $HOME/x", "kubectl acmdr verb --managed-kubeconfig='$HOME/x'"},
	}
	for _, test := range tests {
		t.Run(test.args, func(t *testing.T) {
			var got string
			root := tree(func(cmd *cobra.Command) { got = cmdutil.Resume(cmd) })
			root.SetArgs(strings.Fields(test.args))
			if err := root.Execute(); err != nil {
				t.Fatal(err)
			}
			if got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
			if strings.Contains(got, "s3cr3t") {
				t.Errorf("a secret in %s", got)
			}
		})
	}
}
