package install

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
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
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	clienttesting "k8s.io/client-go/testing"

	"github.com/acmdr/kubectl-acmdr/pkg/cmd/cmdutil"
	"github.com/acmdr/kubectl-acmdr/pkg/factory"
	"github.com/acmdr/kubectl-acmdr/pkg/internal/testutil"
	"github.com/acmdr/kubectl-acmdr/pkg/storage"
	"github.com/acmdr/kubectl-acmdr/pkg/velero"
)

const credentials = "[default]\naws_access_key_id=AKIAEXAMPLE\naws_secret_access_key=SECRETEXAMPLE\n"

func write(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// Every mistake is named before anything is read: the kubeconfig does not exist.
func TestUsage(t *testing.T) {
	file := write(t, "credentials", credentials)
	ok := []string{"--bucket", "acm-dr", "--credentials-file", file}
	for name, c := range map[string]struct {
		args []string
		want string
	}{
		"no bucket":         {[]string{"--credentials-file", file}, "--bucket is required"},
		"bucket with path":  {[]string{"--bucket", "acm-dr/hubs", "--credentials-file", file}, "a path inside it goes into --prefix"},
		"no credentials":    {[]string{"--bucket", "acm-dr"}, "--credentials-file is required"},
		"no file":           {[]string{"--bucket", "acm-dr", "--credentials-file", file + "x"}, "no such file"},
		"a folder":          {[]string{"--bucket", "acm-dr", "--credentials-file", filepath.Dir(file)}, "is a directory"},
		"wrong file":        {[]string{"--bucket", "acm-dr", "--credentials-file", write(t, "x", "SECRET")}, "line 1 of the credentials file"},
		"bucket's case":     {[]string{"--bucket", "UPPER_x", "--credentials-file", file}, `--bucket "UPPER_x" is no name of a bucket: it has 3 to 63 lower`},
		"short bucket":      {[]string{"--bucket", "ab", "--credentials-file", file}, "is no name of a bucket"},
		"long bucket":       {[]string{"--bucket", strings.Repeat("a", 64), "--credentials-file", file}, "is no name of a bucket"},
		"bucket's end":      {[]string{"--bucket", "acm-", "--credentials-file", file}, "is no name of a bucket"},
		"bucket's dots":     {[]string{"--bucket", "acm..dr", "--credentials-file", file}, "is no name of a bucket"},
		"prefix goes up":    {append(ok, "--prefix", "../x"), `--prefix "../x" must be a plain path`},
		"empty part":        {append(ok, "--prefix", "a//b"), "must be a plain path"},
		"image":             {append(ok, "--image", "BAD IMAGE:::"), `--image "BAD IMAGE:::" is no image: invalid reference format`},
		"plugin image":      {append(ok, "--plugin-image", "quay.io/Velero/aws:v1"), `--plugin-image "quay.io/Velero/aws:v1" is no image: `},
		"prefix":            {append(ok, "--prefix", "/hubs"), "must not begin or end with a slash"},
		"URL":               {append(ok, "--s3-url", "s3.example.com:9000"), "--s3-url is no URL of an S3 server"},
		"URL with password": {append(ok, "--s3-url", "https://me:SECRET@s3"), "--s3-url carries a user or password"},
		"URL with query":    {append(ok, "--s3-url", "https://s3?x=SECRET"), "--s3-url must not have a query"},
		"public URL alone":  {append(ok, "--public-url", "https://s3"), "--public-url needs --s3-url"},
		"bad public URL":    {append(ok, "--s3-url", "https://s3", "--public-url", "ftp://s3"), "--public-url is no URL"},
		"CA":                {append(ok, "--cacert", file), "holds no PEM certificate"},
		"encryption":        {append(ok, "--server-side-encryption", "rot13"), "must be one of AES256"},
		"two encryptions":   {append(ok, "--server-side-encryption", "AES256", "--kms-key-id", "dr"), "exclude each other"},
		"SSE-C and KMS":     {append(ok, "--sse-c-key-file", file, "--kms-key-id", "dr"), "--sse-c-key-file excludes"},
		"SSE-C size":        {append(ok, "--sse-c-key-file", write(t, "key", "SECRET")), "holds 6 bytes, not exactly 32"},
		"SSE-C empty":       {append(ok, "--sse-c-key-file", ""), "--sse-c-key-file: "},
		"SSE-C plain":       {append(ok, "--sse-c-key-file", file, "--s3-url", "http://s3"), "needs --s3-url with https"},
		"checksum":          {append(ok, "--checksum-algorithm", "MD4"), "--checksum-algorithm must be empty or one of"},
		"namespace":         {append(ok, "--velero-namespace", "a/b"), "is no name of a namespace"},
		"timeout":           {append(ok, "--timeout", "-1s"), "--timeout must be more than 0"},
		"dry run":           {append(ok, "--dry-run=server"), "--dry-run must be none or client"},
		"output":            {append(ok, "-o", "xml"), `unknown output format "xml"`},
		"an argument":       {append(ok, "acm-dr"), `no argument is taken, but "acm-dr" was given`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("KUBECONFIG", filepath.Join(t.TempDir(), "none"))
			var out bytes.Buffer
			streams := genericiooptions.IOStreams{In: &bytes.Buffer{}, Out: &out, ErrOut: &out}
			cmd := New(factory.New(genericclioptions.NewConfigFlags(true)), streams)
			cmd.SilenceErrors, cmd.SilenceUsage = true, true
			cmd.SetArgs(c.args)
			err := cmd.Execute()
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("%v, want %q", err, c.want)
			}
			if _, ok := errors.AsType[*cmdutil.UsageError](err); !ok {
				t.Errorf("%v is no usage error", err)
			}
			if strings.Contains(err.Error(), "SECRET") {
				t.Errorf("%v shows a secret", err)
			}
		})
	}
}

// What was typed is told from what was not, also where it is empty.
func TestGiven(t *testing.T) {
	file := write(t, "credentials", credentials)
	for name, c := range map[string]struct {
		args   []string
		given  []string
		caCert []byte
	}{
		"nothing": {},
		"empty": {
			[]string{"--region", "", "--s3-force-path-style=false", "--kms-key-id", "", "--cacert", ""},
			[]string{"kmsKeyId", "region", "s3ForcePathStyle"}, []byte{},
		},
		"all": {
			[]string{"--public-url", "https://s3", "--server-side-encryption", "AES256"}, []string{"publicUrl", "serverSideEncryption"}, nil,
		},
	} {
		t.Run(name, func(t *testing.T) {
			flags := NewFlags()
			cmd := &cobra.Command{}
			flags.addFlags(cmd)
			args := append([]string{"--bucket", "acm-dr", "--s3-url", "https://s3", "--credentials-file", file}, c.args...)
			if err := cmd.ParseFlags(args); err != nil {
				t.Fatal(err)
			}
			s, err := flags.toSettings()
			if err != nil {
				t.Fatal(err)
			}
			slices.Sort(s.Given)
			if !slices.Equal(s.Given, c.given) || (s.Bucket.CACert == nil) != (c.caCert == nil) {
				t.Errorf("given %v, CA %q; want %v, %q", s.Given, s.Bucket.CACert, c.given, c.caCert)
			}
		})
	}
}

// What a mirror registry or a bucket may be called.
func TestNames(t *testing.T) {
	for _, image := range []string{
		"", "velero/velero:v1.18.3", "registry.example.com:5000/Mirror", "localhost/velero@sha256:" + strings.Repeat("0", 64), "[::1]:5000/a/b__c:T_1",
	} {
		if err := checkImage("--image", image); (err != nil) != strings.HasSuffix(image, "Mirror") {
			t.Errorf("%s: %v", image, err)
		}
	}
	for _, name := range []string{"abc", "acm-dr.1", "1.2.3-4", strings.Repeat("a", 63)} {
		if err := checkBucket(storage.Bucket{Name: name, Prefix: "hubs/one.two"}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// newOptions are the options of a run against a fake hub, with what it writes to stdout and stderr.
func newOptions(t *testing.T, hub *testutil.Hub, format string) (o *Options, out, errOut *bytes.Buffer) {
	t.Helper()
	testutil.ServerSideApply(hub.Dynamic)
	hub.Dynamic.PrependReactor("list", "dataprotectionapplications", func(action clienttesting.Action) (bool, runtime.Object, error) {
		return true, nil, apierrors.NewNotFound(action.GetResource().GroupResource(), "")
	})
	out, errOut = &bytes.Buffer{}, &bytes.Buffer{}
	var output cmdutil.OutputFlags
	if format != "" {
		output.SetDefault(format)
	}
	printer, err := output.ToPrinter()
	if err != nil {
		t.Fatal(err)
	}
	o = &Options{
		Hub: &factory.Clients{Kube: hub.Kube, Dynamic: hub.Dynamic}, Print: printer, Wait: true, Timeout: time.Minute,
		Settings: storage.Settings{Credentials: storage.Credentials(credentials), Bucket: storage.Bucket{Name: "acm-dr", Region: "eu-west-1"}},
		Streams:  genericiooptions.IOStreams{Out: out, ErrOut: errOut}, Lines: out,
	}
	return o, out, errOut
}

func runningServer() *appsv1.Deployment {
	server := &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Namespace: "velero", Name: "velero"}}
	server.Labels = map[string]string{velero.ManagedByLabel: velero.ManagedBy}
	server.Spec.Template.Spec.Containers = []corev1.Container{{Args: []string{"server"}}}
	server.Status = appsv1.DeploymentStatus{Replicas: 1, UpdatedReplicas: 1, AvailableReplicas: 1}
	return server
}

func TestRunTwice(t *testing.T) {
	hub := testutil.NewHub(t, runningServer())
	o, out, errOut := newOptions(t, hub, "")
	o.Wait = false
	if err := o.Run(context.Background()); err != nil {
		t.Fatal(err)
	}
	first := out.String()
	for _, want := range []string{
		"customresourcedefinition.apiextensions.k8s.io/backups.velero.io created\n", "namespace/velero created\n",
		"secret/cloud-credentials created\n", "backupstoragelocation.velero.io/default created\n", "deployment.apps/velero created\n",
		"NAME      PROVIDER   BUCKET   PREFIX   PHASE       LAST VALIDATED   ACCESS MODE   DEFAULT   AGE\n" +
			"default   aws        acm-dr   <none>   <unknown>   <unknown>        ReadWrite     true      <unknown>\n",
	} {
		if !strings.Contains(first, want) {
			t.Errorf("stdout lacks %q:\n%s", want, first)
		}
	}
	found(t, hub, string(velero.LocationAvailable), "")
	out.Reset()
	o.Wait = true
	if err := o.Run(context.Background()); err != nil {
		t.Fatal(err)
	}
	if again := out.String(); strings.Contains(again, " created") || strings.Contains(again, " configured") ||
		strings.Count(again, " unchanged\n") != 19 || !strings.Contains(again, "Available") {
		t.Errorf("second run changed something, or does not show the location:\n%s", again)
	}
	if all := first + out.String() + errOut.String(); strings.Contains(all, "SECRETEXAMPLE") {
		t.Error("the output shows the secret key")
	}
}

// found makes the fake hub's location what Velero made of it.
func found(t *testing.T, hub *testutil.Hub, phase, message string) {
	t.Helper()
	locations := hub.Dynamic.Resource(velero.LocationResource).Namespace("velero")
	location, err := locations.Get(context.Background(), "default", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	status := map[string]any{"phase": phase, "message": message, "lastValidationTime": metav1.Now().UTC().Format(time.RFC3339)}
	if err := unstructured.SetNestedMap(location.Object, status, "status"); err != nil {
		t.Fatal(err)
	}
	if _, err := locations.Update(context.Background(), location, metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
}

func TestRunMachine(t *testing.T) {
	hub := testutil.NewHub(t, runningServer())
	o, out, errOut := newOptions(t, hub, "name")
	o.Wait, o.Lines = false, errOut
	if err := o.Run(context.Background()); err != nil {
		t.Fatal(err)
	}
	if out.String() != "backupstoragelocation.velero.io/default\n" || !strings.Contains(errOut.String(), "deployment.apps/velero created") {
		t.Errorf("stdout %q, stderr %q: want the location alone on stdout", out, errOut)
	}
}

func TestDryRun(t *testing.T) {
	hub := testutil.NewHub(t)
	o, out, errOut := newOptions(t, hub, "yaml")
	o.DryRun = true
	if err := o.Run(context.Background()); err != nil {
		t.Fatal(err)
	}
	if writes := hub.Writes(); len(writes) > 0 {
		t.Errorf("a dry run wrote %v", writes)
	}
	if text := out.String(); strings.Contains(text, "kind: Secret\n") || !strings.Contains(text, "kind: Deployment\n") ||
		!strings.HasPrefix(text, "apiVersion: v1\nitems:\n") {
		t.Errorf("not the manifests without the secret:\n%.300s", text)
	}
	if !strings.Contains(errOut.String(), "kubectl create secret generic cloud-credentials -n velero --from-file=cloud=FILE") {
		t.Errorf("stderr does not say how to make the secret: %s", errOut)
	}
}

func TestInterrupted(t *testing.T) {
	hub := testutil.NewHub(t, runningServer())
	o, _, _ := newOptions(t, hub, "")
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	err := o.Run(ctx)
	if err == nil || !strings.HasPrefix(err.Error(), "interrupted; run the same command again to finish: ") {
		t.Errorf("%v, want to be told how to go on", err)
	}
}

// What is given for the store's sake ends in the location; the key itself only in the secret.
func TestProtection(t *testing.T) {
	const key = "0123456789abcdef0123456789abcdef"
	for name, c := range map[string]struct {
		args []string
		want map[string]string
		key  bool
	}{
		"nothing":  {nil, map[string]string{"s3Url": "https://s3", "region": storage.UsualRegion}, false},
		"SSE-S3":   {[]string{"--server-side-encryption", "AES256"}, map[string]string{"serverSideEncryption": "AES256"}, false},
		"SSE-KMS":  {[]string{"--kms-key-id", "dr"}, map[string]string{"kmsKeyId": "dr"}, false},
		"SSE-C":    {[]string{"--sse-c-key-file", write(t, "key", key)}, map[string]string{"customerKeyEncryptionSecret": "cloud-credentials/customer-key"}, true},
		"checksum": {[]string{"--checksum-algorithm", ""}, map[string]string{"checksumAlgorithm": ""}, false},
	} {
		t.Run(name, func(t *testing.T) {
			flags := NewFlags()
			cmd := &cobra.Command{}
			flags.addFlags(cmd)
			args := append([]string{"--bucket", "acm-dr", "--s3-url", "https://s3", "--credentials-file", write(t, "credentials", credentials)}, c.args...)
			if err := cmd.ParseFlags(args); err != nil {
				t.Fatal(err)
			}
			settings, err := flags.toSettings()
			if err != nil {
				t.Fatal(err)
			}
			settings.Namespace = "velero"
			plan, err := storage.NewInstallation(settings)
			if err != nil {
				t.Fatal(err)
			}
			keys := []string{"cloud"}
			if c.key {
				keys = append(keys, "customer-key")
			}
			if got := plan.SecretKeys(); !slices.Equal(got, keys) {
				t.Errorf("the secret is said to have %v, want %v", got, keys)
			}
			for _, object := range plan.Objects {
				data, _, _ := unstructured.NestedMap(object.Object, "data")
				if _, ok := data["customer-key"]; object.GetKind() == "Secret" && ok != c.key {
					t.Errorf("the secret has the key: %v, want %v", ok, c.key)
				}
				if object.GetKind() != "BackupStorageLocation" {
					continue
				}
				config, _, _ := unstructured.NestedStringMap(object.Object, "spec", "config")
				for field, want := range c.want {
					if got, ok := config[field]; !ok || got != want {
						t.Errorf("config %v, want %s=%q", config, field, want)
					}
				}
				if _, ok := config["checksumAlgorithm"]; ok != (name == "checksum") {
					t.Errorf("checksumAlgorithm in %v", config)
				}
			}
		})
	}
}
