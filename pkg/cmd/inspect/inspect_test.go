package inspect

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/acmdr/kubectl-acmdr/pkg/cmd/cmdutil"
	"github.com/acmdr/kubectl-acmdr/pkg/factory"
	"github.com/acmdr/kubectl-acmdr/pkg/internal/testutil"
)

// run is the verb without a kubeconfig.
func run(t *testing.T, args ...string) (out, errOut string, err error) {
	t.Helper()
	t.Setenv("KUBECONFIG", filepath.Join(t.TempDir(), "none"))
	streams, _, stdout, stderr := genericiooptions.NewTestIOStreams()
	cmd := New(factory.New(genericclioptions.NewConfigFlags(true)), streams)
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	cmd.SetArgs(append([]string{}, args...)) // nil would be the arguments of the test
	err = cmd.Execute()
	return stdout.String(), stderr.String(), err
}

func TestUsage(t *testing.T) {
	for name, test := range map[string]struct {
		args []string
		want string
	}{
		"nothing":        {nil, "name a backup, or give its tarball"},
		"both":           {[]string{"nightly", "-f", "x"}, "exclude each other"},
		"a bad name":     {[]string{"Full_Backup"}, "is no valid name"},
		"no such file":   {[]string{"-f", "none.tar.gz"}, "no such file"},
		"a directory":    {[]string{"-f", os.TempDir()}, "is a directory: give the tarball of a backup"},
		"stdin twice":    {[]string{"-f", "-", "-f", "-"}, "-f - can be given once"},
		"unknown output": {[]string{"-f", "x", "-o", "xml"}, "unknown output format"},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := run(t, test.args...)
			var usage *cmdutil.UsageError
			if !errors.As(err, &usage) || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}

func TestStdin(t *testing.T) {
	tarball, _ := testutil.Contents(t, time.Unix(0, 0),
		testutil.ManagedCluster("c1"), testutil.AdminKubeconfig("c1", "admin", time.Unix(0, 0), testutil.Kubeconfig("https://c1", nil, "t")))
	for name, test := range map[string]struct {
		data []byte
		want string
	}{"whole": {tarball, ""}, "cut": {tarball[:len(tarball)-30], "stdin: "}, "nothing": {nil, "stdin: "}} {
		t.Run(name, func(t *testing.T) {
			streams, in, _, stderr := genericiooptions.NewTestIOStreams()
			in.Write(test.data)
			cmd := New(factory.New(genericclioptions.NewConfigFlags(true)), streams)
			cmd.SilenceErrors, cmd.SilenceUsage = true, true
			cmd.SetArgs([]string{"-f", "-"})
			err := cmd.Execute()
			if test.want == "" && (err != nil || !strings.Contains(stderr.String(), "1 managed cluster; 1 could be brought back")) ||
				test.want != "" && (err == nil || !strings.HasPrefix(err.Error(), test.want)) {
				t.Errorf("got %v, %s", err, stderr)
			}
		})
	}
}

func TestFile(t *testing.T) {
	c1 := []runtime.Object{
		testutil.ManagedCluster("c1", testutil.Labelled("env", "prod")),
		testutil.AdminKubeconfig("c1", "admin", time.Unix(0, 0), testutil.Kubeconfig("https://c1", nil, "t")),
		testutil.ManifestWork(t, "c1", "one"),
	}
	whole, _ := testutil.Contents(t, time.Unix(0, 0), c1...)
	more, _ := testutil.Contents(t, time.Unix(0, 0), append(c1, testutil.ManagedCluster("c2"))...)
	path := testutil.WriteFile(t, "whole.tar.gz", whole)
	out, errOut, err := run(t, "-f", path, "-o", "wide")
	if err != nil || !strings.HasSuffix(errOut, "1 managed cluster; 1 could be brought back by it alone.\n") {
		t.Errorf("got %v, %s", err, errOut)
	}
	testutil.Golden(t, "wide.txt", []byte(out))
	out, _, err = run(t, "-f", testutil.WriteFile(t, "more.tar.gz", more), "-o", "yaml")
	if !errors.Is(err, cmdutil.ErrReported) {
		t.Errorf("got %v", err)
	}
	testutil.Golden(t, "list.yaml", []byte(out))
	if _, _, err = run(t, "-f", testutil.WriteFile(t, "cut.tar.gz", whole[:len(whole)-30])); err == nil || !strings.HasSuffix(err.Error(), "damaged: truncated") {
		t.Errorf("got %v", err)
	}
}
