//go:build e2e

package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/acmdr/kubectl-acmdr/test/journey"
)

// The archive of this platform, made as a release is made, is installed by the real krew: into an empty KREW_ROOT, with no
// index and no network. kubectl then finds the plugin, and its completion where the caveats say to link it.
func TestKrew(t *testing.T) {
	if testing.Short() {
		t.Skip("builds a release")
	}
	const version = "v0.1.0"
	dir := t.TempDir()
	archive, manifest := dist(t, version, dir)
	root, bin := filepath.Join(dir, "krew"), filepath.Join(dir, "path")
	shell := &journey.Shell{
		Dir: dir,
		Env: []string{
			"HOME=" + dir, "PATH=" + bin + ":" + filepath.Join(root, "bin") + ":/usr/bin:/bin",
			"KREW_ROOT=" + root, "KREW_NO_UPGRADE_CHECK=1", "KUBECONFIG=", "TMPDIR=" + dir,
			// Whatever would go out fails at once.
			"HTTPS_PROXY=http://127.0.0.1:1", "HTTP_PROXY=http://127.0.0.1:1",
		},
	}
	if err := os.MkdirAll(bin, 0o700); err != nil {
		t.Fatal(err)
	}
	for name, program := range map[string]string{"kubectl": kubectl(t), "kubectl-krew": tool(t, "krew")} {
		if err := os.Symlink(program, filepath.Join(bin, name)); err != nil {
			t.Fatal(err)
		}
	}
	shell.Run(t, "kubectl", "krew", "install", "--manifest="+manifest, "--archive="+archive).Exits(0).Says("Installed plugin: acmdr")
	shell.Run(t, "kubectl", "acmdr", "version", "--client").Exits(0).Says("Client Version: " + version + " ").NeverSays("commit")
	shell.Run(t, "kubectl", "plugin", "list").Exits(0).Says("kubectl-acmdr").NeverSays("warning")

	stored := filepath.Join(root, "store", "acmdr", version)
	if _, err := os.Stat(filepath.Join(stored, "LICENSE")); err != nil {
		t.Error(err)
	}
	if err := os.Symlink(filepath.Join(stored, "kubectl_complete-acmdr"), filepath.Join(bin, "kubectl_complete-acmdr")); err != nil {
		t.Fatal(err)
	}
	shell.Run(t, "kubectl", "__complete", "acmdr", "resto").Exits(0).Says("restore")

	damaged := filepath.Join(dir, "damaged.tar.gz")
	if err := os.WriteFile(damaged, []byte("not what was released"), 0o600); err != nil {
		t.Fatal(err)
	}
	shell.With("KREW_ROOT="+filepath.Join(dir, "other")).Run(t, "kubectl", "krew", "install", "--manifest="+manifest, "--archive="+damaged).Exits(1).Says("checksum")
}

// The manifests of the repository are what krew accepts in an index.
func TestKrewManifest(t *testing.T) {
	validate := exec.CommandContext(t.Context(), "go", "run", "sigs.k8s.io/krew/cmd/validate-krew-manifest",
		"-skip-install", "-manifest", filepath.Join("..", "plugins", "acmdr.yaml"))
	validate.Dir = filepath.Join("..", "..", "tools")
	if out, err := validate.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// dist makes the release archive of this platform, twice, and the manifest of it alone.
func dist(t *testing.T, version, dir string) (archive, manifest string) {
	t.Helper()
	manifest = filepath.Join(dir, "acmdr.yaml")
	var sums []string
	for _, out := range []string{"first", "second"} {
		folder := filepath.Join(dir, out)
		cmd := exec.CommandContext(t.Context(), "go", "run", "./dist", "-version", version, "-out", folder,
			"-platforms", runtime.GOOS+"/"+runtime.GOARCH, "-manifests", manifest)
		cmd.Dir = filepath.Join("..", "..", "tools")
		cmd.Stderr = os.Stderr
		sum, err := cmd.Output()
		if err != nil {
			t.Fatal(err)
		}
		sums = append(sums, string(sum))
		archive = filepath.Join(folder, strings.Fields(string(sum))[1])
	}
	if sums[0] != sums[1] {
		t.Errorf("the same source gave two archives:\n%s%s", sums[0], sums[1])
	}
	return archive, manifest
}

// kubectl is the one that the lab has built.
func kubectl(t *testing.T) string {
	t.Helper()
	return journey.Kubectl(t, filepath.Dir(tool(t, "lab")))
}

func tool(t *testing.T, name string) string {
	t.Helper()
	path, err := filepath.Abs(filepath.Join("..", "..", "bin", name))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); err != nil {
		t.Fatalf("%v: run 'make e2e', which builds it", err)
	}
	return path
}
