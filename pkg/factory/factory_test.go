package factory_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/client-go/rest"

	"github.com/acmdr/kubectl-acmdr/pkg/factory"
	"github.com/acmdr/kubectl-acmdr/pkg/internal/testutil"
)

const clusterAPI = "/apis/cluster.open-cluster-management.io/v1"

// hubAPI is the API of an OCM hub with this UID.
func hubAPI(uid string) testutil.API {
	return testutil.API{
		clusterAPI: metav1.APIResourceList{
			TypeMeta: metav1.TypeMeta{Kind: "APIResourceList", APIVersion: "v1"}, GroupVersion: "cluster.open-cluster-management.io/v1",
		},
		"/api/v1/namespaces/kube-system": corev1.Namespace{
			TypeMeta: metav1.TypeMeta{Kind: "Namespace", APIVersion: "v1"}, ObjectMeta: metav1.ObjectMeta{Name: "kube-system", UID: types.UID(uid)},
		},
	}
}

// flagsFor are kubectl's flags with a kubeconfig, and nothing of the machine that the test runs on.
func flagsFor(t *testing.T, path string) *genericclioptions.ConfigFlags {
	t.Helper()
	t.Setenv("KUBECONFIG", "")
	t.Setenv("HOME", t.TempDir())
	t.Setenv("KUBERNETES_SERVICE_HOST", "")
	flags := genericclioptions.NewConfigFlags(true)
	flags.KubeConfig = &path
	return flags
}

func TestHub(t *testing.T) {
	authority := testutil.NewAuthority(t)
	hub := authority.Serve(t, hubAPI("1"))
	plain := authority.Serve(t, testutil.API{})
	closed := authority.Serve(t, testutil.API{clusterAPI: apierrors.NewUnauthorized("Unauthorized")})
	narrow := authority.Serve(t, testutil.API{clusterAPI: apierrors.NewForbidden(schema.GroupResource{Resource: "x"}, "y", nil)})
	gone := authority.Serve(t, testutil.API{})
	gone.Close()
	tests := []struct {
		name       string
		kubeconfig []byte
		context    string
		want       string
	}{
		{name: "a hub", kubeconfig: testutil.Kubeconfig(hub.URL, authority.PEM, "s3cr3t")},
		{name: "by its context", kubeconfig: testutil.Kubeconfig(hub.URL, authority.PEM, "s3cr3t"), context: "test"},
		{name: "no kubeconfig", kubeconfig: []byte("apiVersion: v1\nkind: Config\n"), want: "no kubeconfig found: set KUBECONFIG or use --kubeconfig"},
		{name: "unknown context", kubeconfig: testutil.Kubeconfig(hub.URL, authority.PEM, "s3cr3t"), context: "hub-dr9",
			want: `--context "hub-dr9" does not exist in the kubeconfig`},
		{name: "not a hub", kubeconfig: testutil.Kubeconfig(plain.URL, authority.PEM, "s3cr3t"),
			want: plain.URL + " is not an OCM hub: it has no API cluster.open-cluster-management.io/v1"},
		{name: "wrong credentials", kubeconfig: testutil.Kubeconfig(closed.URL, authority.PEM, "s3cr3t"),
			want: closed.URL + " does not accept the credentials of the kubeconfig"},
		{name: "no rights", kubeconfig: testutil.Kubeconfig(narrow.URL, authority.PEM, "s3cr3t"), want: "cannot read the API groups of " + narrow.URL + ": "},
		{name: "unreachable", kubeconfig: testutil.Kubeconfig(gone.URL, authority.PEM, "s3cr3t"), want: "cannot reach " + gone.URL + ": dial tcp "},
		{name: "another CA", kubeconfig: testutil.Kubeconfig(hub.URL, testutil.NewAuthority(t).PEM, "s3cr3t"),
			want: "cannot reach " + hub.URL + ": tls: failed to verify certificate: x509: "},
		{name: "not YAML", kubeconfig: []byte("s3cr3t: ["), want: "--kubeconfig "},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			flags := flagsFor(t, testutil.WriteFile(t, "kubeconfig", test.kubeconfig))
			flags.Context = &test.context
			clients, err := factory.New(flags).Hub(t.Context())
			if test.want == "" {
				if err != nil || clients.Config.Host != hub.URL {
					t.Errorf("got %+v, error %v", clients, err)
				}
				return
			}
			if err == nil || !strings.HasPrefix(err.Error(), test.want) {
				t.Fatalf("error %v, want %q", err, test.want)
			}
			if strings.Contains(err.Error(), "s3cr3t") || strings.Contains(err.Error(), "\n") {
				t.Errorf("error %q holds a secret or more than one line", err)
			}
		})
	}
}

func TestHubWithoutAFile(t *testing.T) {
	flags := flagsFor(t, "")
	if _, err := factory.New(flags).Hub(t.Context()); err == nil || err.Error() != "no kubeconfig found: set KUBECONFIG or use --kubeconfig" {
		t.Errorf("error %v", err)
	}
	missing := filepath.Join(t.TempDir(), "none")
	if _, err := factory.New(flagsFor(t, missing)).Hub(t.Context()); err == nil || !strings.Contains(err.Error(), missing) {
		t.Errorf("error %v", err)
	}
}

func TestOldHub(t *testing.T) {
	authority := testutil.NewAuthority(t)
	newHub, oldHub, plain := authority.Serve(t, hubAPI("1")), authority.Serve(t, hubAPI("2")), authority.Serve(t, testutil.API{})
	oldFile := testutil.WriteFile(t, "old", testutil.Kubeconfig(oldHub.URL, authority.PEM, "s3cr3t"))
	plainFile := testutil.WriteFile(t, "plain", testutil.Kubeconfig(plain.URL, authority.PEM, "s3cr3t"))
	both := strings.NewReplacer(
		"contexts: [", "contexts: [{name: old, context: {cluster: old, user: test}}, ",
		"clusters: [", "clusters: [{name: old, cluster: {server: "+oldHub.URL+", certificate-authority: CAFILE}}, ",
	).Replace(string(testutil.Kubeconfig(newHub.URL, authority.PEM, "s3cr3t")))
	both = strings.Replace(both, "CAFILE", testutil.WriteFile(t, "ca", authority.PEM), 1)
	current := testutil.WriteFile(t, "both", []byte(both))
	tests := []struct{ name, path, context, host, want string }{
		{name: "none"},
		{name: "its own file", path: oldFile, host: oldHub.URL},
		{name: "its own file and context", path: oldFile, context: "test", host: oldHub.URL},
		{name: "its own context in the same file", context: "old", host: oldHub.URL},
		{name: "unknown context", context: "x", want: `old hub: --old-hub-context "x" does not exist in the kubeconfig`},
		{name: "no file", path: oldFile + "-none", want: "old hub: --old-hub-kubeconfig " + oldFile + "-none cannot be read: no such file or directory"},
		{name: "not a hub", path: plainFile, want: "old hub: " + plain.URL + " is not an OCM hub: "},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			f := factory.New(flagsFor(t, current))
			clients, err := f.OldHub(t.Context(), test.path, test.context)
			switch {
			case test.want != "":
				if err == nil || !strings.HasPrefix(err.Error(), test.want) || clients != nil {
					t.Errorf("got %+v, error %v, want %q", clients, err, test.want)
				}
			case test.host == "":
				if clients != nil || err != nil {
					t.Errorf("got %+v, error %v", clients, err)
				}
			case err != nil || clients.Config.Host != test.host:
				t.Errorf("got %+v, error %v", clients, err)
			}
		})
	}
}

func TestFrom(t *testing.T) {
	config := &rest.Config{Host: "https://c1", BearerToken: "s3cr3t"}
	clients, err := factory.From(config)
	if err != nil || clients.Kube == nil || clients.Dynamic == nil {
		t.Fatalf("got %+v, error %v", clients, err)
	}
	if !strings.HasPrefix(clients.Config.UserAgent, "kubectl-acmdr/") || clients.Config.QPS < 100 || clients.Config.WarningHandler == nil {
		t.Errorf("got %+v", clients.Config)
	}
	if config.UserAgent != "" || config.QPS != 0 {
		t.Error("the caller's config was changed")
	}
	if _, err := factory.From(&rest.Config{Host: "https://c1", TLSClientConfig: rest.TLSClientConfig{CAData: []byte("no PEM")}}); err == nil {
		t.Error("a CA that is none was accepted")
	}
	if _, err := factory.From(&rest.Config{Host: "https://c1", TLSClientConfig: rest.TLSClientConfig{CertData: []byte("x"), KeyData: []byte("y")}}); err == nil {
		t.Error("a certificate that is none was accepted")
	}
}

func TestClusterUID(t *testing.T) {
	hub := testutil.NewHub(t, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "kube-system", UID: "a"}})
	if uid, err := factory.ClusterUID(t.Context(), hub.Kube); err != nil || uid != "a" {
		t.Errorf("got %s, error %v", uid, err)
	}
	if _, err := factory.ClusterUID(t.Context(), testutil.NewHub(t).Kube); !apierrors.IsNotFound(err) {
		t.Errorf("error %v", err)
	}
}

// What is wrong with a kubeconfig is told in one line without what is in it, and as a wrong flag where a flag named it.
func TestUnreadableKubeconfig(t *testing.T) {
	text := testutil.WriteFile(t, "text", []byte("root:x:0:0:s3cr3t:/root:/bin/sh\n"))
	missing := filepath.Join(t.TempDir(), "none")
	folder := t.TempDir()
	check := func(flag bool, want string, err error) {
		t.Helper()
		wrong, ok := errors.AsType[*factory.FlagError](err)
		if err == nil || err.Error() != want || ok != flag {
			t.Errorf("got %v (%v), want %s", err, wrong, want)
		}
	}
	for path, want := range map[string]string{
		text: "is not valid YAML of kind Config", folder: "cannot be read: is a directory", missing: "cannot be read: no such file or directory",
	} {
		_, err := factory.New(flagsFor(t, path)).Hub(t.Context())
		check(true, "--kubeconfig "+path+" "+want, err)
		flags := flagsFor(t, "")
		t.Setenv("KUBECONFIG", missing+string(os.PathListSeparator)+path)
		_, err = factory.New(flags).Hub(t.Context())
		if path == missing {
			want = "no kubeconfig found: set KUBECONFIG or use --kubeconfig"
		} else {
			want = "kubeconfig " + path + " " + want
		}
		check(false, want, err)
	}
}

func TestRequestTimeout(t *testing.T) {
	authority := testutil.NewAuthority(t)
	hub := authority.Serve(t, hubAPI("1"))
	for timeout, want := range map[string]string{
		"": "", "0": "", "30": "", "2m": "", "1x": `--request-timeout "1x" is no length of time: write it as 30s, 2m or 1h`,
	} {
		flags := flagsFor(t, testutil.WriteFile(t, "kubeconfig", testutil.Kubeconfig(hub.URL, authority.PEM, "s3cr3t")))
		flags.Timeout = &timeout
		_, err := factory.New(flags).Hub(t.Context())
		_, wrong := errors.AsType[*factory.FlagError](err)
		if got := fmt.Sprint(err); want != "" && (got != want || !wrong) || want == "" && err != nil {
			t.Errorf("%q: got %v, want %s", timeout, err, want)
		}
	}
}

// The machine's own kubeconfig is not read when a file is named.
func TestNamedFileOnly(t *testing.T) {
	authority := testutil.NewAuthority(t)
	hub := authority.Serve(t, hubAPI("1"))
	flags := flagsFor(t, testutil.WriteFile(t, "kubeconfig", testutil.Kubeconfig(hub.URL, authority.PEM, "s3cr3t")))
	t.Setenv("KUBECONFIG", filepath.Join(os.TempDir(), "does-not-exist"))
	if _, err := factory.New(flags).Hub(t.Context()); err != nil {
		t.Error(err)
	}
}
