package restore

import (
	"errors"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"
	"github.com/vmware-tanzu/velero/pkg/util/results"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	clienttesting "k8s.io/client-go/testing"

	"github.com/acmdr/kubectl-acmdr/pkg/cmd/cmdutil"
	"github.com/acmdr/kubectl-acmdr/pkg/factory"
	"github.com/acmdr/kubectl-acmdr/pkg/internal/testutil"
	"github.com/acmdr/kubectl-acmdr/pkg/restore"
	"github.com/acmdr/kubectl-acmdr/pkg/velero"
)

// Every mistake is named before anything is read: the kubeconfig does not exist.
func TestUsage(t *testing.T) {
	for name, test := range map[string]struct {
		args []string
		want string
	}{
		"a bad name":      {[]string{"--name", "Full_Restore"}, "is no valid name"},
		"no backup's":     {[]string{"--from-backup", "Bad_N"}, `--from-backup: "Bad_N" is no valid name`},
		"two backups":     {[]string{"--from-backup", "a", "--at", "2h ago"}, "--from-backup and --at exclude each other"},
		"a backup of one": {[]string{"--from-backup", "a", "--from-hub", "b"}, "--from-backup and --from-hub exclude each other"},
		"no time at all":  {[]string{"--at", "yesterday"}, `--at "yesterday" is no time`},
		"the future":      {[]string{"--at", "2999-01-01T00:00:00Z"}, "is in the future"},
		"two choices":     {[]string{"managed-one", "-l", "a=b"}, "--selector and cluster names exclude each other"},
		"no selector":     {[]string{"-l", "a in"}, `--selector "a in"`},
		"what of it":      {[]string{"--existing", "replace"}, `--existing must be skip or update, not "replace"`},
		"no time":         {[]string{"--timeout", "0s"}, "--timeout must be positive"},
		"no workers":      {[]string{"--parallel", "0"}, "--parallel must be at least 1"},
		"unknown dry run": {[]string{"--dry-run=server"}, "--dry-run must be none or client"},
		"unknown output":  {[]string{"-o", "xml"}, "unknown output format"},
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

// run restores a backup with two managed clusters, one of which is on the hub, and returns what it wrote.
func run(t *testing.T, phase velero.RestorePhase, dryRun bool, format string) (out, errOut string, err error) {
	t.Helper()
	location := &velero.Location{ObjectMeta: metav1.ObjectMeta{Namespace: "velero", Name: "default"}}
	location.Spec.Default = true
	location.Status.Phase = velero.LocationAvailable
	backup := &velero.Backup{ObjectMeta: metav1.ObjectMeta{
		Namespace: "velero", Name: "nightly", Annotations: map[string]string{velero.SoftwareAnnotation: "{}"},
	}}
	backup.Spec.StorageLocation = "default"
	backup.Status.Phase = velero.BackupCompleted
	backup.Status.StartTimestamp = &metav1.Time{Time: time.Now().Add(-3 * time.Hour)}
	hub := testutil.NewHub(t, testutil.ManagedCluster("managed-two"),
		testutil.AdminKubeconfig("managed-two", "managed-two-admin-kubeconfig", time.Time{}, nil),
		testutil.Object(t, velero.LocationResource, location), testutil.Object(t, velero.BackupResource, backup),
		&appsv1.Deployment{
			ObjectMeta: metav1.ObjectMeta{Namespace: "velero", Name: "velero"},
			Spec: appsv1.DeploymentSpec{Template: corev1.PodTemplateSpec{Spec: corev1.PodSpec{Containers: []corev1.Container{{
				Image: "velero/velero:v1.18.3", Args: []string{"server", "--client-qps", "200"},
			}}}}},
			Status: appsv1.DeploymentStatus{AvailableReplicas: 1},
		})
	hub.Kube.Resources = []*metav1.APIResourceList{{
		GroupVersion: "cluster.open-cluster-management.io/v1", APIResources: []metav1.APIResource{{Name: "managedclusters"}},
	}}
	hub.Dynamic.PrependReactor("create", "restores", func(action clienttesting.Action) (bool, runtime.Object, error) {
		made := action.(clienttesting.CreateAction).GetObject().(*unstructured.Unstructured)
		return false, nil, unstructured.SetNestedMap(made.Object, map[string]any{
			"phase": string(phase), "warnings": int64(2), "progress": map[string]any{"itemsRestored": int64(12)},
			"startTimestamp": "2026-11-22T12:00:00Z", "completionTimestamp": "2026-11-22T12:00:07Z",
		}, "status")
	})
	tarball, _ := testutil.Contents(t, time.Now(), testutil.ManagedCluster("managed-one"), testutil.ManagedCluster("managed-two"),
		testutil.Lease("managed-one", time.Now()))
	files := map[string][]byte{
		"BackupContents/nightly": tarball,
		"RestoreResults/again": testutil.Gzip(t, map[string]results.Result{"warnings": {Namespaces: map[string][]string{
			"managed-one": {`could not restore, ConfigMap:a already exists. Warning: the in-cluster version is different`, "odd"},
		}}}),
	}
	testutil.NewStore(t, files).Serve(hub)
	flags, cmd := &Flags{}, &cobra.Command{}
	flags.output.AddFlags(cmd)
	if err := cmd.Flags().Set("output", format); err != nil {
		t.Fatal(err)
	}
	print, err := flags.output.ToPrinter()
	if err != nil {
		t.Fatal(err)
	}
	streams, _, stdout, stderr := genericiooptions.NewTestIOStreams()
	o := &Options{
		Restorer: &restore.Restorer{
			Hub:   restore.Hub{Kube: hub.Kube, Dynamic: hub.Dynamic, Velero: velero.In(hub.Dynamic, "velero"), UID: "hub-2"},
			Clock: testutil.Instant{}, Parallel: 2, Tell: func(line string) { stderr.WriteString(line + "\n") },
		},
		Request: restore.Request{Name: "again", Choice: restore.Choice{Backup: "nightly"}}, DryRun: dryRun, Timeout: time.Minute, Streams: streams, Print: print,
		Resume: "kubectl acmdr restore again",
	}
	err = o.Run(t.Context())
	if dryRun && len(hub.Writes()) > 0 {
		t.Errorf("a dry run wrote %v", hub.Writes())
	}
	return stdout.String(), stderr.String(), err
}

func TestRunPrintsTheRestoreAndTheClusters(t *testing.T) {
	out, errOut, err := run(t, velero.RestoreCompleted, false, "")
	if err != nil {
		t.Fatal(err)
	}
	testutil.Golden(t, "tables.txt", []byte(out))
	testutil.Golden(t, "progress.txt", []byte(errOut))
}

func TestDryRunPrintsThePlan(t *testing.T) {
	out, errOut, err := run(t, "", true, "")
	if err != nil {
		t.Fatal(err)
	}
	testutil.Golden(t, "dry-run.txt", []byte(out+errOut))
}

// A program gets all that would be done as one object.
func TestDryRunPrintsThePlanAsAValue(t *testing.T) {
	out, _, err := run(t, "", true, "yaml")
	if err != nil {
		t.Fatal(err)
	}
	testutil.Golden(t, "dry-run.yaml", []byte(out))
}

func TestRunFailsWithVelero(t *testing.T) {
	out, _, err := run(t, velero.RestoreFailed, false, "")
	if err == nil || !regexp.MustCompile(`^restore again is Failed`).MatchString(err.Error()) || !strings.Contains(out, "Failed") {
		t.Errorf("got %v and %s", err, out)
	}
}
