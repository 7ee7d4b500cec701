package fence

import (
	"bytes"
	"errors"
	"path/filepath"
	"strings"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	clienttesting "k8s.io/client-go/testing"

	"github.com/acmdr/kubectl-acmdr/pkg/cmd/cmdutil"
	"github.com/acmdr/kubectl-acmdr/pkg/factory"
	"github.com/acmdr/kubectl-acmdr/pkg/fence"
	"github.com/acmdr/kubectl-acmdr/pkg/internal/testutil"
	"github.com/acmdr/kubectl-acmdr/pkg/velero"
)

// Every mistake is named before anything is read: the kubeconfig does not exist.
func TestUsage(t *testing.T) {
	for name, c := range map[string]struct {
		args []string
		want string
	}{
		"no old hub":         {[]string{}, "name the old hub with --old-hub-kubeconfig or --old-hub-context"},
		"lift and unaccept":  {[]string{"--old-hub-context", "x", "--lift", "--unaccept"}, "--lift and --unaccept exclude each other"},
		"all and a name":     {[]string{"--old-hub-context", "x", "--all", "c1"}, "--all and cluster names exclude each other"},
		"selector and name":  {[]string{"--old-hub-context", "x", "-l", "a=b", "c1"}, "--selector and cluster names exclude each other"},
		"all and a selector": {[]string{"--old-hub-context", "x", "-l", "a=b", "--all"}, "--all and --selector exclude each other"},
		"parallel":           {[]string{"--old-hub-context", "x", "--parallel", "0"}, "--parallel must be at least 1"},
		"dry run":            {[]string{"--old-hub-context", "x", "--dry-run=server"}, "--dry-run must be none or client"},
		"output":             {[]string{"--old-hub-context", "x", "-o", "xml"}, `unknown output format "xml"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("KUBECONFIG", filepath.Join(t.TempDir(), "none"))
			var out bytes.Buffer
			streams := genericiooptions.IOStreams{In: &bytes.Buffer{}, Out: &out, ErrOut: &out}
			cmd := New(factory.New(genericclioptions.NewConfigFlags(true)), streams)
			cmd.SilenceErrors, cmd.SilenceUsage = true, true
			cmd.SetArgs(c.args)
			err := cmd.Execute()
			if _, usage := errors.AsType[*cmdutil.UsageError](err); !usage || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

// options are those of a whole hub with two clusters.
func options(t *testing.T, format string) (*Options, *testutil.Hub, *bytes.Buffer, *bytes.Buffer) {
	t.Helper()
	hub := testutil.NewHub(t,
		testutil.ManagedCluster("c1", testutil.Back), testutil.ManagedCluster("c2", testutil.Back),
		testutil.ClusterDeployment("c1", "c1", "c1-admin-kubeconfig"),
		testutil.ManifestWork(t, "c2", "c2-klusterlet", testutil.Manifest("v1", "Secret", "open-cluster-management-agent", "bootstrap-hub-kubeconfig")),
		testutil.Object(t, velero.LocationResource, &velero.Location{
			ObjectMeta: metav1.ObjectMeta{Namespace: "velero", Name: "default"},
		}),
	)
	out, said := &bytes.Buffer{}, &bytes.Buffer{}
	var output cmdutil.OutputFlags
	if format != "" {
		output.SetDefault(format)
	}
	printer, err := output.ToPrinter()
	if err != nil {
		t.Fatal(err)
	}
	return &Options{
		Old: hub.Dynamic, Host: "https://old", Clusters: []string{"c1", "c2"}, Whole: true, Parallel: 1,
		Machine: output.Machine(), Print: printer, Streams: genericiooptions.IOStreams{Out: out, ErrOut: said},
	}, hub, out, said
}

func TestRun(t *testing.T) {
	tests := []struct {
		name   string
		format string
		edit   func(o *Options, hub *testutil.Hub)
		golden string
		said   string
		failed bool
		writes int
	}{
		{name: "the whole hub", golden: "whole.golden", said: "5 changes made on https://old.\n", writes: 5},
		{name: "and no way back", golden: "unaccept.golden", said: "7 changes made on https://old.\n", writes: 7,
			edit: func(o *Options, _ *testutil.Hub) { o.Fence.Unaccept = true }},
		{name: "one cluster", golden: "one.golden", said: "2 changes made on https://old.\n", writes: 2,
			edit: func(o *Options, _ *testutil.Hub) { o.Whole, o.Clusters = false, []string{"c2"} }},
		{name: "dry run", golden: "whole.golden", said: "5 changes would be made on https://old.\n",
			edit: func(o *Options, _ *testutil.Hub) { o.DryRun = true }},
		{name: "for a program", format: "yaml", golden: "whole.yaml.golden", said: "5 changes made on https://old.\n", writes: 5},
		{name: "nothing to lift", said: "Nothing to change on https://old.\n", golden: "nothing.golden",
			edit: func(o *Options, _ *testutil.Hub) { o.Lift = true }},
		{
			name: "one change is refused", format: "yaml", golden: "refused.yaml.golden", failed: true, writes: 4,
			said: "error: changing managedclusters.cluster.open-cluster-management.io/c1 on the old hub: " +
				`managedclusters.cluster.open-cluster-management.io "c1" is forbidden: rbac` +
				"\n5 changes on https://old: 4 done, 1 failed. Run the same command again to go on.\n",
			edit: func(_ *Options, hub *testutil.Hub) {
				refuse(hub, "patch", "managedclusters", "c1")
			},
		},
		{
			name: "what cannot be read does not keep the rest from being fenced", golden: "hidden.golden", failed: true, writes: 4,
			said: `error: listing schedules.velero.io on the old hub: schedules.velero.io is forbidden: rbac
error: listing backupstoragelocations.velero.io on the old hub: backupstoragelocations.velero.io is forbidden: rbac
4 changes on https://old: 4 done, 0 failed. Run the same command again to go on.
`,
			edit: func(_ *Options, hub *testutil.Hub) {
				refuse(hub, "list", "schedules", "")
				refuse(hub, "list", "backupstoragelocations", "")
			},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			o, hub, out, said := options(t, test.format)
			if test.edit != nil {
				test.edit(o, hub)
			}
			changes := hub.Changes()
			err := o.Run(t.Context())
			if errors.Is(err, cmdutil.ErrReported) != test.failed || err != nil && !test.failed {
				t.Errorf("error is %v", err)
			}
			if said.String() != test.said {
				t.Errorf("said %q, want %q", said.String(), test.said)
			}
			if got := changes(); len(got) != test.writes {
				t.Errorf("wrote %q", got)
			}
			testutil.Golden(t, test.golden, out.Bytes())
		})
	}
}

func refuse(hub *testutil.Hub, verb, resource, name string) {
	hub.Dynamic.PrependReactor(verb, resource, func(action clienttesting.Action) (bool, runtime.Object, error) {
		if patch, ok := action.(clienttesting.PatchAction); ok && patch.GetName() != name {
			return false, nil, nil
		}
		resource := schema.GroupResource{Group: action.GetResource().Group, Resource: resource}
		return true, nil, apierrors.NewForbidden(resource, name, errors.New("rbac"))
	})
}

// The hub is fenced before its clusters, and comes after them when the fence is lifted.
func TestOrder(t *testing.T) {
	o, hub, _, _ := options(t, "")
	o.Parallel = 10
	changes := hub.Changes()
	if err := o.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	fenced := changes()
	o.Lift = true
	if err := o.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	lifted := changes()
	const location = "patch backupstoragelocations velero/default"
	if fenced[0] != location || lifted[len(lifted)-1] != location || len(lifted) != len(fenced) {
		t.Errorf("wrote %q, then %q", fenced, lifted)
	}
}

func TestAdvise(t *testing.T) {
	var out bytes.Buffer
	advise(&out, fence.BeforeItComesBack("kubectl acmdr", "--context=hub-dr2 --old-hub-context=hub-dr1"))
	testutil.Golden(t, "advice.golden", out.Bytes())
}
