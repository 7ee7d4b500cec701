package cmdutil_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/acmdr/kubectl-acmdr/pkg/cmd/cmdutil"
	"github.com/acmdr/kubectl-acmdr/pkg/internal/testutil"
	"github.com/acmdr/kubectl-acmdr/pkg/ocm"
	"github.com/acmdr/kubectl-acmdr/pkg/printing"
	"github.com/acmdr/kubectl-acmdr/pkg/velero"
)

// parse gives flags an arguments line.
func parse(t *testing.T, add func(*cobra.Command), args string) {
	t.Helper()
	cmd := &cobra.Command{Use: "verb", Run: func(*cobra.Command, []string) {}}
	add(cmd)
	cmd.SetArgs(strings.Fields(args))
	if err := cmd.Execute(); err != nil {
		t.Fatal(err)
	}
}

func checkUsage(t *testing.T, err error, want string) {
	t.Helper()
	if want == "" {
		if err != nil {
			t.Error(err)
		}
		return
	}
	if _, ok := errors.AsType[*cmdutil.UsageError](err); !ok || !strings.HasPrefix(err.Error(), want) {
		t.Errorf("error %v (%T), want the usage error %q", err, err, want)
	}
}

func TestTargetFlags(t *testing.T) {
	tests := []struct{ args, names, want, choice string }{
		{"", "c1 c2", "", ""},
		{"--all", "", "", "--all"},
		{"-l env=prod", "", "", "--selector=env=prod"},
		{"--selector env!=prod", "", "", "--selector='env!=prod'"},
		{"", "", "name at least one managed cluster, or use --all or --selector", ""},
		{"--all", "c1", "--all and cluster names exclude each other", ""},
		{"-l env=prod", "c1", "--selector and cluster names exclude each other", ""},
		{"--all -l env=prod", "", "--all and --selector exclude each other", ""},
		{"--parallel 0", "c1", "--parallel must be at least 1, not 0", ""},
		{"--parallel -3", "c1", "--parallel must be at least 1, not -3", ""},
	}
	for _, test := range tests {
		t.Run(test.args+" "+test.names, func(t *testing.T) {
			flags := &cmdutil.TargetFlags{}
			parse(t, flags.AddFlags, test.args)
			checkUsage(t, flags.Validate(strings.Fields(test.names)), test.want)
			if got := flags.Choice(); test.want == "" && got != test.choice {
				t.Errorf("choice %s, want %s", got, test.choice)
			}
		})
	}
}

func TestTargetFlagsDefault(t *testing.T) {
	flags := &cmdutil.TargetFlags{}
	parse(t, flags.AddFlags, "")
	if flags.Parallel != cmdutil.DefaultParallel {
		t.Errorf("parallel is %d", flags.Parallel)
	}
}

func TestDryRunFlag(t *testing.T) {
	for args, want := range map[string]string{
		"": "false", "--dry-run": "true", "--dry-run=client": "true", "--dry-run=none": "false",
		"--dry-run=server": `--dry-run must be none or client, not "server"`, "--dry-run=true": `--dry-run must be none or client, not "true"`,
	} {
		flags := &cmdutil.DryRunFlag{}
		parse(t, flags.AddFlags, args)
		got, err := flags.Enabled()
		if want == "true" || want == "false" {
			if err != nil || got != (want == "true") {
				t.Errorf("%s: got %t, error %v", args, got, err)
			}
			continue
		}
		checkUsage(t, err, want)
	}
}

func TestOutputFlags(t *testing.T) {
	const formats = "use one of wide, json, yaml, name, jsonpath=TEMPLATE, custom-columns=SPEC, go-template=TEMPLATE"
	object := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "acmdr.github.io/v1alpha1", "kind": "Report", "metadata": map[string]any{"name": "c1"},
		"status": map[string]any{"status": "Done"},
	}}
	table := &metav1.Table{ColumnDefinitions: printing.Columns([]string{"Name", "Status"}, "Note"), Rows: []metav1.TableRow{printing.Row("c1", "Done", "x")}}
	tests := []struct{ args, want, err string }{
		{args: "", want: "NAME   STATUS\nc1     Done\n"},
		{args: "-o wide", want: "NAME   STATUS   NOTE\nc1     Done     x\n"},
		{args: "--no-headers", want: "c1    Done\n"},
		{args: "-o name", want: "report.acmdr.github.io/c1\n"},
		{args: "-o jsonpath={.status.status}", want: "Done"},
		{args: "-o go-template={{.metadata.name}}", want: "c1"},
		{args: "-o custom-columns=WHO:.metadata.name,HOW:.status.status,WHERE:.status.where", want: "WHO   HOW    WHERE\nc1    Done   <none>\n"},
		{args: "-o custom-columns=WHO:.metadata.name --no-headers", want: "c1\n"},
		{args: "-o json", want: "{\n    \"apiVersion\": \"acmdr.github.io/v1alpha1\",\n    \"kind\": \"Report\",\n    \"metadata\": {\n" +
			"        \"name\": \"c1\"\n    },\n    \"status\": {\n        \"status\": \"Done\"\n    }\n}\n"},
		{args: "-o yaml", want: "apiVersion: acmdr.github.io/v1alpha1\nkind: Report\nmetadata:\n  name: c1\nstatus:\n  status: Done\n"},
		{args: "-o xml", err: `unknown output format "xml": ` + formats},
		{args: "-o Wide", err: `unknown output format "Wide": ` + formats},
		{args: "-o jsonpath={.x", err: "error parsing jsonpath {.x, "},
		{args: "-o custom-columns=NAME", err: `custom-columns: "NAME" is not HEADER:PATH`},
	}
	for _, test := range tests {
		t.Run(test.args, func(t *testing.T) {
			flags := &cmdutil.OutputFlags{}
			parse(t, flags.AddFlags, test.args)
			print, err := flags.ToPrinter()
			if test.err != "" {
				checkUsage(t, err, test.err)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			var out bytes.Buffer
			if err := print(&out, object, table); err != nil {
				t.Fatal(err)
			}
			if out.String() != test.want {
				t.Errorf("got\n%s\nwant\n%s", out.String(), test.want)
			}
			if flags.Machine() != strings.Contains(test.args, "-o ") || (flags.Machine() && test.args == "-o wide") {
				if test.args != "-o wide" {
					t.Errorf("machine: %t", flags.Machine())
				}
			}
		})
	}
}

// Names are printed item by item, of a list of typed objects and of any other.
func TestOutputNames(t *testing.T) {
	flags := &cmdutil.OutputFlags{}
	parse(t, flags.AddFlags, "-o name")
	print, err := flags.ToPrinter()
	if err != nil {
		t.Fatal(err)
	}
	schedule := velero.Schedule{
		TypeMeta: metav1.TypeMeta{APIVersion: velero.APIVersion, Kind: velero.ScheduleKind}, ObjectMeta: metav1.ObjectMeta{Name: "fleet"},
	}
	cluster := *testutil.Object(t, ocm.ManagedClusterResource, testutil.ManagedCluster("c1"))
	for _, test := range []struct {
		object runtime.Object
		want   string
	}{
		{&velero.ScheduleList{Items: []velero.Schedule{schedule}}, "schedule.velero.io/fleet\n"},
		{&velero.ScheduleList{}, ""},
		{&schedule, "schedule.velero.io/fleet\n"},
		{&unstructured.UnstructuredList{Items: []unstructured.Unstructured{cluster}}, "managedcluster.cluster.open-cluster-management.io/c1\n"},
	} {
		var out bytes.Buffer
		if err := print(&out, test.object, nil); err != nil || out.String() != test.want {
			t.Errorf("%T: got %q, error %v, want %q", test.object, out.String(), err, test.want)
		}
	}
}

func TestOutputWithoutHeaders(t *testing.T) {
	table := &metav1.Table{ColumnDefinitions: printing.Columns([]string{"Name"}), Rows: []metav1.TableRow{printing.Row("c1")}}
	flags := &cmdutil.OutputFlags{}
	print, err := flags.WithoutHeaders().ToPrinter()
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := print(&out, nil, table); err != nil || out.String() != "c1\n" {
		t.Errorf("got %q, error %v", out.String(), err)
	}
}

func TestCredentialFlags(t *testing.T) {
	good := testutil.Kubeconfig("https://c1", nil, "s3cr3t")
	dir := t.TempDir()
	for name, data := range map[string]string{
		"c1.kubeconfig": string(good), "c2": "x", "c.3.yaml": "x", "c4.conf": "x", "c5.yml": "x", ".hidden": "x", "c6.json": "x",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(data), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(dir, "c7"), 0o700); err != nil {
		t.Fatal(err)
	}
	one := testutil.WriteFile(t, "one", good)
	empty := testutil.WriteFile(t, "empty", nil)
	notYAML := testutil.WriteFile(t, "not-yaml", []byte("s3cr3t: ["))
	exec := testutil.WriteFile(t, "exec", bytes.Replace(good, []byte(`token: "s3cr3t"`),
		[]byte("exec: {apiVersion: client.authentication.k8s.io/v1, command: sh, interactiveMode: Never}"), 1))
	tests := []struct{ name, args, names, want, err string }{
		{name: "none", names: "c1"},
		{name: "one", args: "--managed-kubeconfig " + one, names: "c1", want: "c1"},
		{name: "a directory", args: "--managed-kubeconfig-dir " + dir, names: "c1 c2", want: "c.3 c1 c2 c4 c5 c6.json"},
		{name: "both", args: "--managed-kubeconfig-dir " + dir + " --managed-kubeconfig " + one, names: "c9", want: "c.3 c1 c2 c4 c5 c6.json c9"},
		{name: "one file for two clusters", args: "--managed-kubeconfig " + one, names: "c1 c2",
			err: "--managed-kubeconfig goes with the name of exactly one cluster; for more, use --managed-kubeconfig-dir"},
		{name: "one file for all", args: "--managed-kubeconfig " + one, err: "--managed-kubeconfig goes with the name of exactly one cluster"},
		{name: "no file", args: "--managed-kubeconfig " + one + ".none", names: "c1", err: "--managed-kubeconfig: open "},
		{name: "empty", args: "--managed-kubeconfig " + empty, names: "c1", err: "--managed-kubeconfig " + empty + ": kubeconfig is empty"},
		{name: "not YAML", args: "--managed-kubeconfig " + notYAML, names: "c1",
			err: "--managed-kubeconfig " + notYAML + ": kubeconfig is not valid YAML of kind Config"},
		{name: "exec plugin", args: "--managed-kubeconfig " + exec, names: "c1",
			err: "--managed-kubeconfig " + exec + ": kubeconfig refused: users[].user.exec would run a program"},
		{name: "no directory", args: "--managed-kubeconfig-dir " + one, names: "c1", err: "--managed-kubeconfig-dir: "},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			flags := &cmdutil.CredentialFlags{}
			parse(t, flags.AddFlags, test.args)
			files, err := flags.Read(strings.Fields(test.names))
			if test.err != "" {
				checkUsage(t, err, test.err)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := strings.Join(sortedKeys(files), " "); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}
