package supervisor

import (
	"io"
	"os"
	"strings"
	"testing"

	"k8s.io/client-go/tools/clientcmd"

	"github.com/acmdr/kubectl-acmdr/test/lab/internal/build"
	"github.com/acmdr/kubectl-acmdr/test/lab/internal/layout"
	"github.com/acmdr/kubectl-acmdr/test/lab/internal/state"
)

// planned is a lab that has been planned; its only process, the S3 server, has no program to run.
func planned(t *testing.T, dir layout.Dir, managed int) *Supervisor {
	t.Helper()
	s := &Supervisor{
		Options: Options{Dir: dir, Cache: build.Cache(t.TempDir()), Managed: managed, Log: io.Discard},
		journal: newJournal(io.Discard),
	}
	if err := s.plan(); err != nil {
		t.Fatal(err)
	}
	for _, store := range s.stores {
		t.Cleanup(store.Kill)
	}
	return s
}

func TestPlan(t *testing.T) {
	t.Setenv("ACMDR_LAB_CACHE", t.TempDir())
	dir := layout.Dir(t.TempDir())
	s := planned(t, dir, 2)
	config, err := clientcmd.LoadFromFile(dir.Kubeconfig())
	if err != nil {
		t.Fatal(err)
	}
	if config.CurrentContext != layout.HubOne || len(config.Contexts) != 4 {
		t.Errorf("context %s, %d contexts", config.CurrentContext, len(config.Contexts))
	}
	authorities := map[string]string{}
	for name, context := range config.Contexts {
		ca := string(config.Clusters[context.Cluster].CertificateAuthorityData)
		if other := authorities[ca]; other != "" {
			t.Errorf("%s and %s have one CA", name, other)
		}
		authorities[ca] = name
	}
	if got := len(s.registrations()); got != 4 {
		t.Errorf("%d registrations, want local-cluster twice and two managed clusters", got)
	}
	for _, file := range []string{dir.Kubeconfig(), dir.S3Credentials(), dir.State(), dir.Cluster("managed-two").Kubeconfig()} {
		if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v %v", file, info, err)
		}
	}
}

func TestPlanAgainKeepsWhatThereIs(t *testing.T) {
	t.Setenv("ACMDR_LAB_CACHE", t.TempDir())
	dir := layout.Dir(t.TempDir())
	first := planned(t, dir, 1)
	if err := first.remember(func(st *state.State) { st.Filled[state.Key(layout.HubOne, "managed-one")] = true }); err != nil {
		t.Fatal(err)
	}
	again := planned(t, dir, 3)
	for i, n := range first.nodes {
		if again.nodes[i].Server != n.Server || string(again.nodes[i].CA()) != string(n.CA()) {
			t.Errorf("%s has another URL or CA", n.Name)
		}
	}
	if first.state.Infix["managed-one"] != again.state.Infix["managed-one"] {
		t.Error("Hive's names changed")
	}
	for _, r := range again.registrations() {
		if r.Name == "managed-one" {
			t.Error("managed-one would be registered again")
		}
	}
}

func TestUnknownNames(t *testing.T) {
	t.Setenv("ACMDR_LAB_CACHE", t.TempDir())
	s := planned(t, layout.Dir(t.TempDir()), 1)
	if err := s.Kill(t.Context(), "managed-one", ""); err == nil {
		t.Error("killed while starting")
	}
	s.setReady()
	for name, tt := range map[string][2]string{
		"cluster":   {"managed-two", ""},
		"component": {"managed-one", "velero"},
	} {
		err := s.Kill(t.Context(), tt[0], tt[1])
		if err == nil || !strings.Contains(err.Error(), "it has") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestLock(t *testing.T) {
	dir := layout.Dir(t.TempDir())
	unlock, err := Lock(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Lock(dir); err == nil {
		t.Error("locked twice")
	}
	unlock()
	again, err := Lock(dir)
	if err != nil {
		t.Fatal(err)
	}
	again()
}
