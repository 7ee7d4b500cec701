package cmdutil_test

import (
	"errors"
	"testing"

	"github.com/spf13/cobra"

	"github.com/acmdr/kubectl-acmdr/pkg/cmd/cmdutil"
)

func TestOnHub(t *testing.T) {
	const flags = "--context=hub-dr2"
	for text, want := range map[string]string{
		"no command: kubectl":             "no command: kubectl",
		"run 'kubectl acmdr install'":     "run 'kubectl acmdr --context=hub-dr2 install'",
		"run 'oc acmdr install' on it":    "run 'oc acmdr --context=hub-dr2 install' on it",
		"'kubectl get pods -n v' says it": "'kubectl --context=hub-dr2 get pods -n v' says it",
		`take over with: kubectl patch b default --type merge -p '{"spec":{}}'`: `take over with: kubectl --context=hub-dr2 patch b default ` +
			`--type merge -p '{"spec":{}}'`,
		"see 'kubectl acmdr fence', and run: kubectl acmdr schedule create fleet --schedule '0 */6 * * *'": "see 'kubectl acmdr --context=hub-dr2 " +
			"fence', and run: kubectl acmdr --context=hub-dr2 schedule create fleet --schedule '0 */6 * * *'",
		// It says itself which cluster it is for, or the text does, or it is for none.
		"To resume: kubectl acmdr backup --context=hub-dr1 x":             "To resume: kubectl acmdr backup --context=hub-dr1 x",
		"run: kubectl get x --kubeconfig=c1; run: kubectl get y":          "run: kubectl get x --kubeconfig=c1; run: kubectl --context=hub-dr2 get y",
		"run 'kubectl acmdr backup' on the active hub":                    "run 'kubectl acmdr backup' on the active hub",
		"run 'kubectl acmdr accept c1' with the old hub as the current":   "run 'kubectl acmdr accept c1' with the old hub as the current",
		"on the standby hub run: kubectl patch x":                         "on the standby hub run: kubectl patch x",
		"'kubectl acmdr rbac hub-active' prints the role that may":        "'kubectl acmdr rbac hub-active' prints the role that may",
		"keep one, as 'kubectl config view --minify --flatten' does here": "keep one, as 'kubectl config view --minify --flatten' does here",
	} {
		if got := cmdutil.OnHub(text, flags); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
		if got := cmdutil.OnHub(text, ""); got != text {
			t.Errorf("without flags: %s", got)
		}
	}
}

// What main prints acts on the hub that was named; the help is no matter of a hub.
func TestMessageNamesTheHub(t *testing.T) {
	var message string
	failing := &cobra.Command{Use: "verb", RunE: func(cmd *cobra.Command, _ []string) error {
		err := cmdutil.Usagef("none: run 'kubectl acmdr install'")
		message = cmdutil.Message(cmd, err)
		return errors.Unwrap(err)
	}}
	root := &cobra.Command{
		Use: "kubectl-acmdr", SilenceErrors: true, SilenceUsage: true,
		Annotations: map[string]string{cobra.CommandDisplayNameAnnotation: "kubectl acmdr"},
	}
	root.PersistentFlags().String("context", "", "")
	root.PersistentFlags().String("kubeconfig", "", "")
	root.AddCommand(failing)
	root.SetArgs([]string{"verb", "--kubeconfig", "my hubs", "--context", "hub-dr2"})
	_ = root.Execute()
	want := "error: none: run 'kubectl acmdr --context=hub-dr2 --kubeconfig='my hubs' install' (see 'kubectl acmdr verb --help')"
	if message != want {
		t.Errorf("got  %s\nwant %s", message, want)
	}
}
