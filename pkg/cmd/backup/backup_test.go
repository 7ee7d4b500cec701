package backup

import (
	"bytes"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	kubefake "k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"

	"github.com/acmdr/kubectl-acmdr/pkg/backup"
	"github.com/acmdr/kubectl-acmdr/pkg/cmd/cmdutil"
	"github.com/acmdr/kubectl-acmdr/pkg/factory"
	"github.com/acmdr/kubectl-acmdr/pkg/internal/testutil"
	"github.com/acmdr/kubectl-acmdr/pkg/velero"
)

// Every mistake is named before anything is read: the kubeconfig does not exist.
func TestUsage(t *testing.T) {
	for name, test := range map[string]struct {
		args []string
		want string
	}{
		"a bad name":       {[]string{"Full_Backup"}, "is no valid name"},
		"no time":          {[]string{"--timeout", "0s"}, "must be positive"},
		"unknown dry run":  {[]string{"--dry-run=server"}, "--dry-run must be none or client"},
		"unknown output":   {[]string{"-o", "xml"}, "unknown output format"},
		"server's dry run": {[]string{"nightly", "--dry-run=maybe"}, "--dry-run must be none or client"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("KUBECONFIG", filepath.Join(t.TempDir(), "none"))
			cmd := New(factory.New(genericclioptions.NewConfigFlags(true)), genericiooptions.NewTestIOStreamsDiscard())
			cmd.SilenceErrors, cmd.SilenceUsage = true, true
			cmd.SetArgs(test.args)
			err := cmd.Execute()
			var usage *cmdutil.UsageError
			if !errors.As(err, &usage) || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}

// options are ready to back up a hub with one managed cluster that Hive made and one that it did not.
func options(t *testing.T, phase velero.BackupPhase) (o *Options, out, errOut *bytes.Buffer) {
	t.Helper()
	location := &velero.Location{ObjectMeta: metav1.ObjectMeta{Namespace: "velero", Name: "default"}}
	location.Spec.Default = true
	location.Status.Phase = velero.LocationAvailable
	hub := testutil.NewHub(t,
		testutil.ManagedCluster("managed-one"), testutil.ManagedCluster("imported"),
		testutil.ClusterDeployment("managed-one", "managed-one", "managed-one-admin-kubeconfig"),
		testutil.AdminKubeconfig("managed-one", "managed-one-admin-kubeconfig", time.Time{}, nil),
		testutil.Object(t, velero.LocationResource, location),
		&appsv1.Deployment{
			ObjectMeta: metav1.ObjectMeta{Namespace: "velero", Name: "velero"},
			Status:     appsv1.DeploymentStatus{AvailableReplicas: 1},
		})
	hub.Dynamic.PrependReactor("create", "backups", func(action clienttesting.Action) (bool, runtime.Object, error) {
		made := action.(clienttesting.CreateAction).GetObject().(*unstructured.Unstructured)
		return false, nil, unstructured.SetNestedMap(made.Object, map[string]any{
			"phase": string(phase), "failureReason": "its server was restarted",
			"startTimestamp": "2026-11-22T12:00:00Z", "completionTimestamp": "2026-11-22T12:00:07Z",
		}, "status")
	})
	var stored []runtime.Object
	for _, name := range []string{"imported", "managed-one"} {
		stored = append(stored, testutil.ManagedCluster(name), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}})
	}
	stored = append(stored, testutil.AdminKubeconfig("managed-one", "managed-one-admin-kubeconfig", time.Time{},
		testutil.Kubeconfig("https://managed-one", nil, "t")))
	tarball, list := testutil.Contents(t, time.Date(2026, 11, 22, 12, 0, 3, 0, time.UTC), stored...)
	testutil.NewStore(t, map[string][]byte{
		"BackupContents/nightly":     tarball,
		"BackupResourceList/nightly": testutil.Gzip(t, list),
		"BackupResults/nightly":      testutil.Gzip(t, map[string]any{}),
	}).Serve(hub)
	flags := &Flags{}
	print, err := flags.output.ToPrinter()
	if err != nil {
		t.Fatal(err)
	}
	streams, _, out, errOut := genericiooptions.NewTestIOStreams()
	return &Options{
		Hub:    backup.Hub{Kube: hub.Kube, Dynamic: hub.Dynamic, Velero: velero.In(hub.Dynamic, "velero"), UID: "hub-1"},
		Backup: backup.Options{Name: "nightly"}, Wait: true, Timeout: time.Hour,
		Streams: streams, Print: print, Program: "kubectl acmdr", Resume: "kubectl acmdr backup", Clock: testutil.Instant{},
	}, out, errOut
}

func TestRunPrintsATableAndSaysWhatIsVerified(t *testing.T) {
	o, out, errOut := options(t, velero.BackupCompleted)
	if err := o.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	testutil.Golden(t, "table.txt", out.Bytes())
	testutil.Golden(t, "progress.txt", errOut.Bytes())
}

func TestRunFailsWithVelero(t *testing.T) {
	o, out, _ := options(t, velero.BackupFailed)
	err := o.Run(t.Context())
	if err == nil || err.Error() != "backup nightly is Failed: its server was restarted" {
		t.Errorf("got %v", err)
	}
	if !strings.Contains(out.String(), "Failed") {
		t.Errorf("the table does not show it: %s", out)
	}
}

// A credential that the hub has and the backup has not is one line and a failure; it is not said to be verified, nor that the hub
// has none.
func TestRunFailsForACredentialThatIsNotInTheBackup(t *testing.T) {
	o, out, errOut := options(t, velero.BackupCompleted)
	secret := testutil.AdminKubeconfig("imported", "admin", time.Time{}, testutil.Kubeconfig("https://imported", nil, "t"))
	if _, err := o.Hub.Kube.CoreV1().Secrets("imported").Create(t.Context(), secret, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	err := o.Run(t.Context())
	want := "backup nightly is Completed but lacks what the hub has of its clusters; not in it: the credential of imported (secret imported/admin)"
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want %q", err, want)
	}
	testutil.Golden(t, "table.txt", out.Bytes())
	if got := errOut.String(); got != "nightly: Completed\n" {
		t.Errorf("got %q", got)
	}
}

func TestRunSaysWhatItMayNotLookAt(t *testing.T) {
	o, _, errOut := options(t, velero.BackupCompleted)
	refused := apierrors.NewForbidden(schema.GroupResource{Resource: "secrets"}, "",
		errors.New(`User "u" cannot list resource "secrets" in API group "" at the cluster scope`))
	o.Hub.Kube.(*kubefake.Clientset).PrependReactor("list", "secrets", func(clienttesting.Action) (bool, runtime.Object, error) {
		return true, nil, refused
	})
	if err := o.Run(t.Context()); err != nil {
		t.Error(err)
	}
	testutil.Golden(t, "forbidden.txt", errOut.Bytes())
}

func TestRunThatIsInterruptedSaysHowToGoOn(t *testing.T) {
	o, out, errOut := options(t, velero.BackupInProgress)
	o.Timeout = 1
	if err := o.Run(t.Context()); err == nil || out.Len() > 0 {
		t.Errorf("got %v and %s", err, out)
	}
	if want := "To resume: kubectl acmdr backup nightly\n"; !strings.HasSuffix(errOut.String(), want) {
		t.Errorf("got %q, want %q", errOut, want)
	}
}

func TestWithoutWaitingNothingIsVerified(t *testing.T) {
	o, out, errOut := options(t, "")
	o.Wait = false
	if err := o.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out.String(), "New") || !strings.Contains(errOut.String(), "it is not verified") {
		t.Errorf("got %s and %s", out, errOut)
	}
}

func TestDryRunPrintsWhatWouldBeCreated(t *testing.T) {
	o, out, _ := options(t, "")
	o.DryRun = true
	flags := &Flags{}
	flags.output.SetDefault("yaml")
	var err error
	if o.Print, err = flags.output.ToPrinter(); err != nil {
		t.Fatal(err)
	}
	if err := o.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	testutil.Golden(t, "dry-run.yaml", out.Bytes())
	if list, err := o.Hub.Velero.Backups.List(t.Context(), ""); err != nil || len(list) > 0 {
		t.Errorf("a dry run created %v, %v", list, err)
	}
}

// A backup of other clusters is not gone on with, so the command that goes on has to choose the same.
func TestResumeChoosesTheSameClusters(t *testing.T) {
	for selector, want := range map[string]string{"": "acmdr backup", "env in (a)": "acmdr backup --selector='env in (a)'"} {
		root := &cobra.Command{Use: "acmdr"}
		cmd := &cobra.Command{Use: "backup"}
		root.AddCommand(cmd)
		if got := (&Flags{selector: selector}).resume(cmd); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
