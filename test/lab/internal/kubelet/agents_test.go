package kubelet

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	dynamicfake "k8s.io/client-go/dynamic/fake"
	"k8s.io/client-go/kubernetes/fake"

	"github.com/acmdr/kubectl-acmdr/test/lab/internal/kube"
	"github.com/acmdr/kubectl-acmdr/test/lab/internal/layout"
	"github.com/acmdr/kubectl-acmdr/test/lab/internal/process"
)

func newTestAgents(t *testing.T, objects ...runtime.Object) (*Agents, *fake.Clientset) {
	t.Helper()
	klusterlet := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "operator.open-cluster-management.io/v1", "kind": "Klusterlet",
		"metadata": map[string]any{"name": "klusterlet", "uid": "uid-1"},
		"spec":     map[string]any{"workConfiguration": map[string]any{"appliedManifestWorkEvictionGracePeriod": "1m0s"}},
	}}
	client := fake.NewClientset(objects...)
	return NewAgents(AgentsConfig{
		Cluster: "managed-one", ManagedCluster: "managed-one", Dir: layout.Dir(t.TempDir()), Kubeconfig: "/kc",
		Clients: &kube.Clients{Kube: client, Dynamic: dynamicfake.NewSimpleDynamicClient(runtime.NewScheme(), klusterlet)},
		Port:    func(string) int { return 21000 },
	}), client
}

func agentSecret(name string, data map[string]string) *corev1.Secret {
	return &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: AgentNamespace, Name: name}, StringData: data, Data: bytesOf(data)}
}

func bytesOf(data map[string]string) map[string][]byte {
	result := map[string][]byte{}
	for key, value := range data {
		result[key] = []byte(value)
	}
	return result
}

func TestRegistrationAgentWaitsForItsSecret(t *testing.T) {
	tests := map[string]struct {
		secrets []runtime.Object
		want    string
	}{
		"none":  {nil, "bootstrap-hub-kubeconfig not found"},
		"empty": {[]runtime.Object{agentSecret(bootstrapSecret, nil)}, "no kubeconfig yet"},
		"there": {[]runtime.Object{agentSecret(bootstrapSecret, map[string]string{"kubeconfig": "k"})}, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			a, _ := newTestAgents(t, tt.secrets...)
			args, err := a.registrationCommand(t.Context())
			if tt.want != "" {
				if err == nil || !strings.Contains(err.Error(), tt.want) {
					t.Errorf("got %v, want %q", err, tt.want)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			for _, want := range []string{"agent", "--agent-id=uid-1", "--spoke-cluster-name=managed-one"} {
				if !slices.Contains(args, want) {
					t.Errorf("%s is missing in %v", want, args)
				}
			}
			if data, err := os.ReadFile(filepath.Join(a.bootstrapDir(), "kubeconfig")); err != nil || string(data) != "k" {
				t.Errorf("file %q, %v", data, err)
			}
		})
	}
}

func TestWorkAgentHasTheGracePeriod(t *testing.T) {
	a, _ := newTestAgents(t, agentSecret(hubSecret, map[string]string{"kubeconfig": "k", "tls.crt": "c", "tls.key": "y"}))
	args, err := a.workCommand(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Contains(args, "--appliedmanifestwork-eviction-grace-period=1m0s") {
		t.Errorf("args %v", args)
	}
}

// The klusterlet operator starts the agent again when the grace period changes, and only then.
func TestKlusterletIsFollowed(t *testing.T) {
	a, _ := newTestAgents(t, agentSecret(hubSecret, map[string]string{"kubeconfig": "k"}))
	ctx := t.Context()
	starts := make(chan string, 10)
	a.work = process.New(process.Spec{Cluster: a.Cluster, Name: WorkAgent, Log: filepath.Join(t.TempDir(), "log"),
		Command: func(ctx context.Context) (*process.Command, error) {
			if _, err := a.workCommand(ctx); err != nil {
				return nil, err
			}
			starts <- *a.grace.Load()
			return &process.Command{Path: "/bin/sleep", Args: []string{"600"}}, nil
		},
	})
	done := make(chan struct{})
	go func() { defer close(done); a.followKlusterlet(ctx) }()
	t.Cleanup(func() { <-done })
	a.work.Start()
	t.Cleanup(a.work.Kill)
	if got := <-starts; got != "1m0s" {
		t.Fatalf("started with %q", got)
	}
	set := func(grace, label string) {
		t.Helper()
		klusterlet, err := a.klusterlet(ctx)
		if err != nil {
			t.Fatal(err)
		}
		klusterlet.SetLabels(map[string]string{"changed": label})
		if err := unstructured.SetNestedField(klusterlet.Object, grace, "spec", "workConfiguration", "appliedManifestWorkEvictionGracePeriod"); err != nil {
			t.Fatal(err)
		}
		if _, err := a.Clients.Dynamic.Resource(klusterlets()).Update(ctx, klusterlet, metav1.UpdateOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	// A watch of the fake client sees only what comes after it began: change it until the change is seen.
	for again, seen := 0, false; !seen; again++ {
		set("876000h0m0s", strconv.Itoa(again))
		select {
		case got := <-starts:
			if seen = true; got != "876000h0m0s" {
				t.Fatalf("started again with %q", got)
			}
		case <-time.After(100 * time.Millisecond):
		}
	}
	if a.work.Status().Restarts > 1 {
		t.Errorf("started again %d times", a.work.Status().Restarts)
	}
}

func TestSecretsAreFollowed(t *testing.T) {
	secret := agentSecret(hubSecret, map[string]string{"kubeconfig": "one", "tls.crt": "c"})
	a, client := newTestAgents(t, secret)
	ctx := t.Context()
	done := make(chan struct{})
	go func() { defer close(done); a.syncSecrets(ctx) }()
	t.Cleanup(func() { <-done })
	file := filepath.Join(a.workDir(), "kubeconfig")
	eventually(t, "one", func() string { return read(file) })
	// A watch of the fake client sees only what comes after it began: change it until the change is seen.
	changed := agentSecret(hubSecret, map[string]string{"kubeconfig": "two", "tls.crt": "d"})
	eventually(t, "two", func() string {
		if _, err := client.CoreV1().Secrets(AgentNamespace).Update(ctx, changed, metav1.UpdateOptions{}); err != nil {
			t.Fatal(err)
		}
		return read(file)
	})
	if got := read(filepath.Join(a.workDir(), "tls.crt")); got != "d" {
		t.Errorf("tls.crt holds %q when the kubeconfig has changed", got)
	}
	if err := client.CoreV1().Secrets(AgentNamespace).Delete(ctx, hubSecret, metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	if got := read(file); got != "two" {
		t.Errorf("a mounted secret that is deleted leaves its files; this one holds %q", got)
	}
}

func read(file string) string {
	data, _ := os.ReadFile(file) // not there: ""
	return string(data)
}

func eventually(t *testing.T, want string, get func() string) {
	t.Helper()
	got := ""
	for range 1500 {
		if got = get(); got == want {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Fatalf("got %q, want %q", got, want)
}

func TestWriteFilesPutsTheKubeconfigLast(t *testing.T) {
	dir := t.TempDir()
	// The kubeconfig cannot be written: what belongs to it must be there all the same.
	if err := os.MkdirAll(filepath.Join(dir, "kubeconfig", "x"), 0o700); err != nil {
		t.Fatal(err)
	}
	err := writeFiles(dir, bytesOf(map[string]string{"kubeconfig": "k", "tls.crt": "c", "tls.key": "y", "cluster-name": "n", "zz": "z"}))
	if err == nil {
		t.Fatal("want an error")
	}
	for _, key := range []string{"tls.crt", "tls.key", "cluster-name", "zz"} {
		if info, err := os.Stat(filepath.Join(dir, key)); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v", key, err)
		}
	}
}
