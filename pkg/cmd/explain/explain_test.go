package explain

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	clienttesting "k8s.io/client-go/testing"
	clocktesting "k8s.io/utils/clock/testing"

	"github.com/acmdr/kubectl-acmdr/pkg/accept"
	"github.com/acmdr/kubectl-acmdr/pkg/access"
	"github.com/acmdr/kubectl-acmdr/pkg/cmd/cmdutil"
	"github.com/acmdr/kubectl-acmdr/pkg/explain"
	"github.com/acmdr/kubectl-acmdr/pkg/factory"
	"github.com/acmdr/kubectl-acmdr/pkg/internal/testutil"
)

var now = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// What is written for a cluster of which the hub alone can be seen, in each format; the walk goes to stderr.
func TestRun(t *testing.T) {
	well := []runtime.Object{testutil.ManagedCluster("c1", testutil.Back), testutil.Lease("c1", now.Add(-3*time.Second))}
	terminating := append([]runtime.Object{&corev1.Namespace{
		ObjectMeta: metav1.ObjectMeta{Name: "c1"},
		Status: corev1.NamespaceStatus{Phase: corev1.NamespaceTerminating, Conditions: []corev1.NamespaceCondition{
			{Type: corev1.NamespaceContentRemaining, Status: corev1.ConditionTrue, Message: "Some resources are remaining: configmaps. has 1 resource instances"},
		}},
	}}, well...)
	tests := []struct {
		name, output string
		objects      []runtime.Object
		want         error
	}{
		{name: "well", objects: well},
		{name: "well.json", output: "json", objects: well},
		{name: "stuck", objects: terminating, want: cmdutil.ErrReported},
		{name: "stuck.wide", output: "wide", objects: terminating, want: cmdutil.ErrReported},
		{name: "stuck.yaml", output: "yaml", objects: terminating, want: cmdutil.ErrReported},
		{name: "stuck.jsonpath", output: "jsonpath={.status.command}", objects: terminating, want: cmdutil.ErrReported},
		{name: "unknown", want: cmdutil.ErrReported},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			streams, _, out, errOut := genericiooptions.NewTestIOStreams()
			options := &Options{Explainer: explainer(t, test.objects...), Cluster: "c1", Print: printerOf(t, test.output), Streams: streams}
			if err := options.Run(t.Context()); !errors.Is(err, test.want) {
				t.Errorf("got %v, want %v", err, test.want)
			}
			var all bytes.Buffer
			all.WriteString("stderr:\n")
			all.Write(errOut.Bytes())
			all.WriteString("stdout:\n")
			all.Write(out.Bytes())
			testutil.Golden(t, test.name+".golden", all.Bytes())
		})
	}
}

// A cluster that looks well is not said to be where something on the hub may not be looked at.
func TestWhatMayNotBeSeen(t *testing.T) {
	streams, _, out, errOut := genericiooptions.NewTestIOStreams()
	hub := testutil.NewHub(t, testutil.ManagedCluster("c1", testutil.Back), testutil.Lease("c1", now.Add(-3*time.Second)))
	hub.Dynamic.PrependReactor("list", "managedclusteraddons", func(clienttesting.Action) (bool, runtime.Object, error) {
		resource := schema.GroupResource{Group: "addon.open-cluster-management.io", Resource: "managedclusteraddons"}
		refused := apierrors.NewForbidden(resource, "", errors.New(
			`User "u" cannot list resource "managedclusteraddons" in API group "addon.open-cluster-management.io" in the namespace "c1"`))
		return true, nil, refused
	})
	options := &Options{Explainer: explainerOf(hub), Cluster: "c1", Print: printerOf(t, ""), Streams: streams}
	if err := options.Run(t.Context()); !errors.Is(err, cmdutil.ErrReported) {
		t.Errorf("got %v", err)
	}
	const want = "Not allowed: 'oc acmdr rbac hub-active' or 'oc acmdr rbac hub-standby' prints the role that may.\n"
	if !strings.HasSuffix(errOut.String(), want) {
		t.Errorf("got %s%s", out, errOut)
	}
}

func explainer(t *testing.T, objects ...runtime.Object) *explain.Explainer {
	t.Helper()
	return explainerOf(testutil.NewHub(t, objects...))
}

func explainerOf(hub *testutil.Hub) *explain.Explainer {
	return &explain.Explainer{
		Hub:    &accept.Hub{Kube: hub.Kube, Dynamic: hub.Dynamic, Clock: clocktesting.NewFakeClock(now)},
		Finder: &access.Finder{Sources: []access.Source{access.Files{}}},
		Server: "https://hub-dr2.example.com:6443",
		Shell:  explain.Shell{Plugin: "oc acmdr", HubFlags: "--context=hub-dr2"},
	}
}

func printerOf(t *testing.T, output string) func(io.Writer, *explain.Report) error {
	t.Helper()
	flags, cmd := &Flags{}, &cobra.Command{}
	flags.output.AddFlags(cmd)
	if output != "" {
		if err := cmd.Flags().Set("output", output); err != nil {
			t.Fatal(err)
		}
	}
	printer, err := flags.printer(cmd)
	if err != nil {
		t.Fatal(err)
	}
	return printer
}

func TestUsage(t *testing.T) {
	for name, args := range map[string][]string{
		"no cluster":              nil,
		"two clusters":            {"c1", "c2"},
		"unknown output":          {"c1", "-o", "xml"},
		"kubeconfig that is gone": {"c1", "--managed-kubeconfig", "/nowhere"},
	} {
		t.Run(name, func(t *testing.T) {
			cmd := New(factory.New(genericclioptions.NewConfigFlags(false)), genericiooptions.NewTestIOStreamsDiscard())
			cmd.SetArgs(args)
			cmd.SilenceErrors, cmd.SilenceUsage = true, true
			err := cmd.ExecuteContext(t.Context())
			if err == nil || strings.Contains(err.Error(), "kubeconfig found") {
				t.Errorf("got %v", err)
			}
		})
	}
}
