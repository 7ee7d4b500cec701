package journey

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"

	authenticationv1 "k8s.io/api/authentication/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/acmdr/kubectl-acmdr/pkg/kubeconfig"
	"github.com/acmdr/kubectl-acmdr/pkg/ocm"
)

// Dying is a managed cluster whose moves to the new hub are struck by faults, again and again. Every request of the plugin
// passes a gate, but for the try of the bootstrap kubeconfig: that goes to the hub by the URL that agents use.
type Dying struct {
	w       *World
	gate    *Gate
	cluster string
	shell   *Shell
	move    []string
	old     []byte // the bootstrap kubeconfig of the old hub
}

// NewDying prepares a cluster that is at the old hub, and that the new hub knows from a restore.
func (w *World) NewDying(t Cleaner, cluster string) *Dying {
	t.Helper()
	dir := filepath.Join(w.Dir, "dying-"+cluster)
	home, given := filepath.Join(dir, "home"), filepath.Join(dir, "given")
	for _, folder := range []string{home, given} {
		if err := os.MkdirAll(folder, 0o700); err != nil {
			t.Fatalf("%v", err)
		}
	}
	gate := NewGate()
	write := func(name string, k Kubeconfig) string {
		path := filepath.Join(given, name)
		if err := os.WriteFile(path, k.Encode(t), 0o600); err != nil {
			t.Fatalf("%v", err)
		}
		return path
	}
	hub := write("hub", gate.Proxy(t, w.Lab.Kubeconfig(NewHub), "hub"))
	managed := write("managed", gate.Proxy(t, w.Lab.Kubeconfig(cluster), "managed"))
	oldHub := write("old-hub", gate.Proxy(t, w.Lab.Kubeconfig(OldHub), "old-hub"))
	return &Dying{
		w: w, gate: gate, cluster: cluster,
		shell: &Shell{Env: append(slices.Clone(w.Shell.Env), "HOME="+home, "TMPDIR="+home), Dir: home},
		move: []string{
			"reregister", cluster, "--accept", "--kubeconfig", hub, "--managed-kubeconfig", managed, "--old-hub-kubeconfig", oldHub,
			"--hub-server", ReadKubeconfig(t, w.Lab.Kubeconfig(NewHub)).Server,
		},
		old: w.Bootstrap(t, cluster)[ocm.KubeconfigKey],
	}
}

// Requests are those of a move that nothing strikes.
func (d *Dying) Requests(t TB) []string {
	t.Helper()
	d.strike(t, 0, Fault{}).Exits(0)
	requests, _ := d.gate.Seen()
	d.putBack(t)
	return requests
}

// Survives makes a move whose k-th request meets a fault, looks at what is left, and makes it again without. It tells
// whether there was a k-th request.
func (d *Dying) Survives(t TB, k int, fault Fault) bool {
	t.Helper()
	first := d.strike(t, k, fault)
	requests, struck := d.gate.Seen()
	if struck {
		t.Logf("%s: request %d, %s: %s: exit code %d", d.cluster, k, requests[k-1], fault.Name, first.Code)
	}
	d.hasWholeBootstrap(t)
	d.keptNothing(t)
	if first.Code == 0 {
		d.isBack(t)
	}
	d.strike(t, 0, Fault{}).Exits(0)
	d.isBack(t)
	d.keptNothing(t)
	d.putBack(t)
	return struck
}

func (d *Dying) strike(t TB, k int, fault Fault) *Result {
	t.Helper()
	d.gate.Arm(k, fault)
	running := d.shell.Start(t, "kubectl-acmdr", d.move...)
	d.gate.Started(running.Kill)
	return running.Wait(t)
}

// hasWholeBootstrap checks that the agent can work with what is there: the kubeconfig of the old hub, or a whole one of the new.
func (d *Dying) hasWholeBootstrap(t TB) {
	t.Helper()
	data := d.w.Bootstrap(t, d.cluster)[ocm.KubeconfigKey]
	if bytes.Equal(data, d.old) {
		return
	}
	config, err := clientcmd.RESTConfigFromKubeConfig(data)
	if err != nil {
		t.Fatalf("%s: the bootstrap kubeconfig is neither the old hub's nor a whole one: %v", d.cluster, err)
	}
	if want := d.newHub(t); config.Host != want {
		t.Fatalf("%s: the bootstrap kubeconfig leads to %s, want %s", d.cluster, config.Host, want)
	}
	agent, err := kubernetes.NewForConfig(config)
	if err != nil {
		t.Fatalf("%v", err)
	}
	_, err = agent.AuthenticationV1().SelfSubjectReviews().Create(t.Context(), &authenticationv1.SelfSubjectReview{}, metav1.CreateOptions{})
	if err != nil {
		t.Fatalf("%s: the new hub refuses the bootstrap kubeconfig: %v", d.cluster, err)
	}
}

func (d *Dying) newHub(t TB) string {
	t.Helper()
	return ReadKubeconfig(t, d.w.Lab.Kubeconfig(NewHub)).Server
}

func (d *Dying) isBack(t TB) {
	t.Helper()
	cluster, err := ocm.ManagedClusters(d.w.Cluster(t, NewHub).Dynamic).Get(t.Context(), d.cluster)
	if err != nil {
		t.Fatalf("%v", err)
	}
	if state := ocm.StateOf(cluster); state != ocm.Available {
		t.Fatalf("%s is said to be back, and is %s", d.cluster, state)
	}
	if got := kubeconfig.Server(d.w.Bootstrap(t, d.cluster)[ocm.KubeconfigKey]); got != d.newHub(t) {
		t.Fatalf("%s is said to be back, and its bootstrap kubeconfig leads to %s", d.cluster, got)
	}
}

// secret is what a token, a private key or a kubeconfig looks like in a file.
var secret = regexp.MustCompile(`eyJ[A-Za-z0-9_-]{20}|PRIVATE KEY|client-key-data|token:`)

// keptNothing checks that the plugin left no credential in its home, its temporary folder or where it was started.
func (d *Dying) keptNothing(t TB) {
	t.Helper()
	err := filepath.WalkDir(d.shell.Dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		data, err := os.ReadFile(path)
		if err == nil && secret.Match(data) {
			err = fmt.Errorf("%s holds a credential", path)
		}
		return err
	})
	if err != nil {
		t.Fatalf("%v", err)
	}
}

// putBack undoes the move, and takes away what a first move would not find.
func (d *Dying) putBack(t TB) {
	t.Helper()
	d.w.Direct(t, "undo", d.cluster, "--context", NewHub, "--old-hub-context", OldHub).Exits(0)
	if !bytes.Equal(d.w.Bootstrap(t, d.cluster)[ocm.KubeconfigKey], d.old) {
		t.Fatalf("%s: undone, and its bootstrap kubeconfig is not the one that it had", d.cluster)
	}
	for _, hub := range []string{OldHub, NewHub} {
		requests := d.w.Cluster(t, hub).Kube.CertificatesV1().CertificateSigningRequests()
		of := metav1.ListOptions{LabelSelector: ocm.ClusterNameLabel + "=" + d.cluster}
		if err := requests.DeleteCollection(t.Context(), metav1.DeleteOptions{}, of); err != nil {
			t.Fatalf("%v", err)
		}
	}
	hub := d.w.Cluster(t, NewHub)
	bindings := hub.Kube.RbacV1()
	name := ocm.BootstrapRole(d.cluster)
	for _, err := range []error{
		hub.Kube.CoreV1().ServiceAccounts(d.cluster).Delete(t.Context(), ocm.BootstrapServiceAccount(d.cluster), metav1.DeleteOptions{}),
		bindings.ClusterRoles().Delete(t.Context(), name, metav1.DeleteOptions{}),
		bindings.ClusterRoleBindings().Delete(t.Context(), name, metav1.DeleteOptions{}),
		ocm.ManagedClusters(hub.Dynamic).MergePatch(t.Context(), d.cluster, map[string]any{"spec": map[string]any{"hubAcceptsClient": false}}),
	} {
		if err != nil && !apierrors.IsNotFound(err) {
			t.Fatalf("%v", err)
		}
	}
}
