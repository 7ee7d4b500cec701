package build

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// PodRoot names the folder below which a process without a container finds what a kubelet mounts into one.
const PodRoot = "LAB_POD_ROOT"

// clientGo is the module that opens a cluster from inside of a pod.
const clientGo = "k8s.io/client-go"

// What becomes of its rest.InClusterConfig, whose paths are constants.
var inPod = strings.NewReplacer(
	"const (\n\t\ttokenFile ", "var (\n\t\ttokenFile ",
	`"/var/run/secrets/kubernetes.io/serviceaccount/`, `os.Getenv("`+PodRoot+`") + "/var/run/secrets/kubernetes.io/serviceaccount/`,
)

// inPodModule writes a go.mod by which a component looks for its service account below PodRoot, and in nothing else is another. It
// returns the file for go build -modfile.
func (b *Builder) inPodModule(ctx context.Context, dir string) (string, error) {
	original, err := b.goTool(ctx, "list", "-m", "-f", "{{.Dir}}", clientGo)
	if err != nil {
		return "", err
	}
	// It stays in the cache, for the next build: what is compiled is known by its folder.
	changed := filepath.Join(string(b.Cache), "client-go")
	if err := os.RemoveAll(changed); err != nil {
		return "", err
	}
	if err := os.CopyFS(changed, os.DirFS(original)); err != nil {
		return "", err
	}
	config := filepath.Join(changed, "rest", "config.go")
	data, err := os.ReadFile(config)
	if err != nil {
		return "", err
	}
	text := inPod.Replace(string(data))
	if strings.Count(text, PodRoot) != 2 || !strings.Contains(text, "var (\n\t\ttokenFile ") {
		return "", fmt.Errorf("%s of %s is not as it was: its InClusterConfig has to be found anew", filepath.Base(config), original)
	}
	// Files of the module cache are read-only.
	if err := os.Remove(config); err != nil {
		return "", err
	}
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		return "", err
	}
	module := filepath.Join(dir, "go.mod")
	for _, name := range []string{"go.mod", "go.sum"} {
		data, err := os.ReadFile(filepath.Join(b.Source, name))
		if err != nil {
			return "", err
		}
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			return "", err
		}
	}
	_, err = b.goTool(ctx, "mod", "edit", "-replace="+clientGo+"="+changed, module)
	return module, err
}
