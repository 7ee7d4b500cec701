package cmd

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/acmdr/kubectl-acmdr/pkg/cmd/cmdutil"
	"github.com/acmdr/kubectl-acmdr/pkg/internal/testutil"
)

// outcome is what a run of the plugin shows its caller.
type outcome struct {
	stdout, stderr string
	code           int
}

// run runs the plugin as main does, with nothing of the machine that the test runs on.
func run(t *testing.T, argv0 string, args ...string) outcome {
	t.Helper()
	return runWith(t.Context(), t, argv0, args...)
}

func runWith(ctx context.Context, t *testing.T, argv0 string, args ...string) outcome {
	t.Helper()
	t.Setenv("HOME", t.TempDir())
	t.Setenv("KUBERNETES_SERVICE_HOST", "")
	if os.Getenv("KUBECONFIG") == "" || !strings.HasPrefix(os.Getenv("KUBECONFIG"), os.TempDir()) {
		t.Setenv("KUBECONFIG", filepath.Join(t.TempDir(), "none"))
	}
	streams, _, out, errOut := genericiooptions.NewTestIOStreams()
	root := NewRoot(argv0, streams)           //nolint:contextcheck // cobra hands the context on
	root.SetArgs(append([]string{}, args...)) // nil means those of the test binary
	command, err := root.ExecuteContextC(ctx)
	if message := cmdutil.Message(command, err); message != "" {
		errOut.WriteString(message + "\n")
	}
	return outcome{stdout: out.String(), stderr: errOut.String(), code: cmdutil.ExitCode(ctx, err)}
}

// verbs are all commands of the tree that a user can call, by their path below the root.
func verbs(t *testing.T) map[string]*cobra.Command {
	t.Helper()
	root := NewRoot("kubectl-acmdr", genericiooptions.NewTestIOStreamsDiscard())
	found := map[string]*cobra.Command{}
	var walk func(cmd *cobra.Command, path string)
	walk = func(cmd *cobra.Command, path string) {
		found[path] = cmd
		if cmd.Name() == "completion" {
			return // its shells are cobra's
		}
		for _, child := range cmd.Commands() {
			if !child.Hidden && child.Name() != "help" {
				walk(child, strings.TrimSpace(path+" "+child.Name()))
			}
		}
	}
	walk(root, "")
	return found
}

// TestHelp: the help of the root and of each verb, in testdata/help*.golden.
func TestHelp(t *testing.T) {
	for path := range verbs(t) {
		t.Run(path, func(t *testing.T) {
			got := run(t, "kubectl-acmdr", append(strings.Fields(path), "--help")...)
			if got.code != 0 || got.stderr != "" {
				t.Errorf("exit code %d, stderr %s", got.code, got.stderr)
			}
			testutil.Golden(t, strings.ReplaceAll(strings.TrimSpace("help "+path), " ", "-")+".golden", []byte(got.stdout))
		})
	}
}

// TestHelpHasNoStaleGoldens: a verb that is gone takes its help with it.
func TestHelpHasNoStaleGoldens(t *testing.T) {
	files, err := filepath.Glob("testdata/help*.golden")
	if err != nil {
		t.Fatal(err)
	}
	known := verbs(t)
	for _, file := range files {
		name := strings.TrimSuffix(strings.TrimPrefix(filepath.Base(file), "help"), ".golden")
		if _, ok := known[strings.TrimSpace(strings.ReplaceAll(name, "-", " "))]; !ok {
			t.Errorf("%s is of no verb", file)
		}
	}
}

func TestBareRootHelps(t *testing.T) {
	if got := run(t, "kubectl-acmdr"); got.code != 0 || !strings.Contains(got.stdout, "On the standby hub:") {
		t.Errorf("got %+v", got)
	}
}

func TestName(t *testing.T) {
	for argv0, want := range map[string]string{
		"kubectl-acmdr": "kubectl acmdr", "/usr/local/bin/kubectl-acmdr": "kubectl acmdr", "/home/a/.krew/bin/oc-acmdr": "oc acmdr",
		"kubectl_complete-acmdr": "kubectl acmdr", "": "kubectl acmdr",
	} {
		if got := run(t, argv0, "frobnicate"); got.stderr != `error: unknown verb "frobnicate" (see '`+want+` --help')`+"\n" {
			t.Errorf("%s: %s", argv0, got.stderr)
		}
		if got := run(t, argv0, "accept", "--help"); !strings.Contains(got.stdout, want+" accept NAME... | --all | -l SELECTOR") {
			t.Errorf("%s: %s", argv0, got.stdout)
		}
	}
}

// TestExamples: every verb has at least three examples with a comment each, which use verbs and flags that exist.
func TestExamples(t *testing.T) {
	for path, cmd := range verbs(t) {
		if path == "" || path == "options" {
			continue
		}
		t.Run(path, func(t *testing.T) {
			var commands []string
			comments := 0
			for line := range strings.SplitSeq(cmd.Example, "\n") {
				switch line = strings.TrimSpace(line); {
				case strings.HasPrefix(line, "#"):
					comments++
				case strings.HasPrefix(line, "kubectl acmdr "):
					commands = append(commands, line)
				}
			}
			if len(commands) < 3 || comments < 3 {
				t.Errorf("%d examples with %d comments", len(commands), comments)
			}
			for _, command := range commands {
				checkExample(t, command)
			}
		})
	}
}

func checkExample(t *testing.T, command string) {
	t.Helper()
	command, _, _ = strings.Cut(command, " | ") // what the example pipes into
	command, _, _ = strings.Cut(command, " > ")
	words := strings.Fields(command)[2:]
	root := NewRoot("kubectl-acmdr", genericiooptions.NewTestIOStreamsDiscard())
	cmd, rest, err := root.Find(words)
	if err != nil || cmd == root {
		t.Errorf("%s: no such verb, error %v", command, err)
		return
	}
	if err := cmd.ParseFlags(rest); err != nil && !errors.Is(err, pflag.ErrHelp) {
		t.Errorf("%s: %v", command, err)
	}
}

// TestUsageErrors: exit code 2 and one line, before any hub is asked: there is none.
func TestUsageErrors(t *testing.T) {
	empty := testutil.WriteFile(t, "empty", nil)
	tests := []struct{ args, want string }{
		{"frobnicate", `unknown verb "frobnicate" (see 'kubectl acmdr --help')`},
		{"accept --frobnicate", "unknown flag: --frobnicate (see 'kubectl acmdr accept --help')"},
		{"accept", "name at least one managed cluster, or use --all or --selector (see 'kubectl acmdr accept --help')"},
		{"accept c1 --all", "--all and cluster names exclude each other (see 'kubectl acmdr accept --help')"},
		{"accept c1 -o xml", `unknown output format "xml": `},
		{"accept c1 --dry-run=server", `--dry-run must be none or client, not "server" (see 'kubectl acmdr accept --help')`},
		{"accept c1 --timeout soon", `invalid argument "soon" for "--timeout" flag: `},
		{"reregister", "name at least one managed cluster, or use --all or --selector (see 'kubectl acmdr reregister --help')"},
		{"reregister c1 --all", "--all and cluster names exclude each other (see 'kubectl acmdr reregister --help')"},
		{"reregister c1 -l a=b", "--selector and cluster names exclude each other (see 'kubectl acmdr reregister --help')"},
		{"reregister --all -l a=b", "--all and --selector exclude each other (see 'kubectl acmdr reregister --help')"},
		{"reregister c1 --parallel 0", "--parallel must be at least 1, not 0 (see 'kubectl acmdr reregister --help')"},
		{"reregister c1 --token-lifetime 1m", "--token-lifetime must be at least 10m0s (see 'kubectl acmdr reregister --help')"},
		{"reregister c1 --dry-run=x", `--dry-run must be none or client, not "x" (see 'kubectl acmdr reregister --help')`},
		{"reregister c1 -o custom-columns=x", `custom-columns: "x" is not HEADER:PATH (see 'kubectl acmdr reregister --help')`},
		{"reregister c1 c2 --managed-kubeconfig x", "--managed-kubeconfig goes with the name of exactly one cluster; for more, use --managed-kubeconfig-dir "},
		{"reregister c1 --managed-kubeconfig " + empty, "--managed-kubeconfig " + empty + ": kubeconfig is empty (see 'kubectl acmdr reregister --help')"},
		{"reregister c1 --hub-ca-file none.pem", "--hub-ca-file: open none.pem: "},
		{"get", "say what to get: "},
		{"get pods", `cannot get "pods": `},
		{"get clusters -o xml", `unknown output format "xml": `},
		{"get clusters -l a,,b", `label selector "a,,b": `},
		{"version c1", `no argument is taken, but "c1" was given (see 'kubectl acmdr version --help')`},
		{"schedule list fleet", `no argument is taken, but "fleet" was given (see 'kubectl acmdr schedule list --help')`},
		{"schedule pause", "name the schedule (see 'kubectl acmdr schedule pause --help')"},
		{"schedule delete a b", "name one schedule, not 2 (see 'kubectl acmdr schedule delete --help')"},
		{"explain", "name the managed cluster (see 'kubectl acmdr explain --help')"},
		{"backup --ttl 0", `invalid argument "0" for "--ttl" flag: it must be more than 0 (see 'kubectl acmdr backup --help')`},
		{"backup --ttl 7", `invalid argument "7" for "--ttl" flag: write it as 90m, 8h or 7d (see 'kubectl acmdr backup --help')`},
		{"backup --ttl 7d --timeout 0", "--timeout must be positive (see 'kubectl acmdr backup --help')"},
		{"backup prune", "say either how many backups to keep with --keep, or how old they may be with --older-than "},
		{"backup prune --keep 1 --older-than 1h", "--keep and --older-than exclude each other (see 'kubectl acmdr backup prune --help')"},
		{"backup prune --older-than 0d", `invalid argument "0d" for "--older-than" flag: it must be more than 0 `},
		{"schedule create fleet --schedule @daily --ttl 0", `invalid argument "0" for "--ttl" flag: it must be more than 0 `},
		{"schedule create fleet --schedule @daily --ttl -1h", `invalid argument "-1h" for "--ttl" flag: write it as `},
		{"schedule list --rpo 0", `invalid argument "0" for "--rpo" flag: it must be more than 0 `},
		{"check --rpo 0", `invalid argument "0" for "--rpo" flag: it must be more than 0 `},
		{"check --rpo 1d --expires-within 0 --parallel 0", "--parallel must be at least 1, not 0 "},
		{"reregister c1 --token-lifetime 1d --dry-run=x", "--dry-run must be none or client"},
		{"rbac managed --for-user a --serviceaccount b:c", "--serviceaccount and --for-user exclude each other (see 'kubectl acmdr rbac --help')"},
		{"rbac", "name the role (see 'kubectl acmdr rbac --help')"},
		{"backup a b", "name one backup at most, not 2 (see 'kubectl acmdr backup --help')"},
		{"backup list", `"list" is not taken for a name: did you mean 'kubectl acmdr get backups'? (see 'kubectl acmdr backup --help')`},
		{"backup get nightly", `"get" is not taken for a name: did you mean 'kubectl acmdr get backups'? `},
		{"backup create nightly", `"create" is not taken for a name: did you mean 'kubectl acmdr backup NAME'? `},
		{"backup describe nightly", `"describe" is not taken for a name: did you mean 'kubectl acmdr inspect NAME'? `},
		{"backup logs nightly", `"logs" is not taken for a name: did you mean 'kubectl acmdr inspect NAME'? `},
		{"backup download nightly", `"download" is not taken for a name: did you mean 'kubectl acmdr inspect NAME'? `},
		{"backup delete nightly", `"delete" is not taken for a name: did you mean 'kubectl acmdr backup prune'? `},
		{"backup help", `"help" is not taken for a name: did you mean 'kubectl acmdr backup --help'? `},
		{"inspect a b c", "name two backups at most, not 3 (see 'kubectl acmdr inspect --help')"},
		{"completion bash x", `no argument is taken, but "x" was given (see 'kubectl acmdr completion bash --help')`},
	}
	for _, test := range tests {
		t.Run(test.args, func(t *testing.T) {
			got := run(t, "kubectl-acmdr", strings.Fields(test.args)...)
			if got.code != cmdutil.ExitUsage || got.stdout != "" || !strings.HasPrefix(got.stderr, "error: "+test.want) || strings.Count(got.stderr, "\n") != 1 {
				t.Errorf("got %+v, want %q", got, test.want)
			}
		})
	}
}

// TestEmptyValues: what a variable that is not set makes of any flag or argument of any verb is a usage error, before any hub is
// asked: there is none.
func TestEmptyValues(t *testing.T) {
	const cause = " empty: leave it out, or set the variable that it comes from (see 'kubectl acmdr"
	check := func(want string, args ...string) {
		t.Run(strings.Join(args, "_"), func(t *testing.T) {
			got := run(t, "kubectl-acmdr", args...)
			if got.code != cmdutil.ExitUsage || got.stdout != "" || !strings.HasPrefix(got.stderr, "error: "+want+cause) ||
				strings.Count(got.stderr, "\n") != 1 {
				t.Errorf("got %+v, want %q", got, want)
			}
		})
	}
	for path, cmd := range verbs(t) {
		words := strings.Fields(path)
		if path != "completion" {
			check("an argument is", append(words, "")...)
			check("an argument is", append(words, "x", " ")...)
		}
		allowed := map[string][]string{"install": {
			"region", "public-url", "server-side-encryption", "kms-key-id", "checksum-algorithm", "cacert",
		}}[path]
		cmd.LocalNonPersistentFlags().VisitAll(func(flag *pflag.Flag) {
			switch kind := flag.Value.Type(); {
			case kind == "string" && !slices.Contains(allowed, flag.Name):
				check("--"+flag.Name+" must not be", append(words, "--"+flag.Name+"=")...)
			case kind == "stringSlice", kind == "stringArray":
				check("--"+flag.Name+" must not be", append(words, "--"+flag.Name+"=")...)
			}
		})
	}
	check("--clusters must not be", "backup", "--clusters", "managed-one,managed-one,")
	check("--filename must not be", "inspect", "-f", "x", "-f", "")
	check("--context must not be", "status", "--context", "")
	check("--kubeconfig must not be", "restore", "--kubeconfig", "")
}

// TestEmptyThatMeansSomething: by some of install's flags, given empty, a location loses what it has; an empty namespace is none, as
// kubectl has it.
func TestEmptyThatMeansSomething(t *testing.T) {
	if got := run(t, "kubectl-acmdr", "install", "--checksum-algorithm", "", "--kms-key-id", "", "--cacert", "", "--namespace", ""); !strings.HasPrefix(got.stderr, "error: --bucket is required") {
		t.Errorf("got %+v", got)
	}
}

// TestNoHub: exit code 1 and one line.
func TestNoHub(t *testing.T) {
	for path, cmd := range verbs(t) {
		if cmd.HasSubCommands() || path == "options" || !slices.Contains([]string{"accept", "reregister", "get clusters", "status", "version"}, path) {
			continue
		}
		args := strings.Fields(path)
		if path == "accept" || path == "reregister" {
			args = append(args, "c1")
		}
		t.Run(path, func(t *testing.T) {
			got := run(t, "kubectl-acmdr", args...)
			if got.code != cmdutil.ExitFailed || got.stderr != "error: no kubeconfig found: set KUBECONFIG or use --kubeconfig\n" {
				t.Errorf("got %+v", got)
			}
		})
	}
}

func TestVersionOfTheClient(t *testing.T) {
	got := run(t, "kubectl-acmdr", "version", "--client")
	if got.code != 0 || !strings.HasPrefix(got.stdout, "Client Version: ") || strings.Contains(got.stdout, "Hub Version") {
		t.Errorf("got %+v", got)
	}
}

func TestOptions(t *testing.T) {
	got := run(t, "kubectl-acmdr", "options")
	for _, flag := range []string{"--kubeconfig", "--context", "--as"} {
		if !strings.Contains(got.stdout+got.stderr, flag) {
			t.Errorf("no %s in %+v", flag, got)
		}
	}
}
