package journey

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// Lab drives the lab's program.
type Lab struct {
	program string
	dir     string
	echo    io.Writer
}

// Up starts the lab.
func (l *Lab) Up(t TB, o Options) {
	t.Helper()
	l.run(t, "up", "--managed", strconv.Itoa(o.Managed), "--eviction-grace", o.EvictionGrace.String(),
		"--acm="+strings.Join(o.ACM, ","), "--minio="+strconv.FormatBool(o.MinIO))
}

// Down stops the lab and waits until it has ended. It does not use the context of a test, which has ended by then.
func (l *Lab) Down() error {
	if _, err := os.Stat(l.dir); os.IsNotExist(err) {
		return nil
	}
	out, err := exec.Command(l.program, "down", "--dir", l.dir).CombinedOutput() //nolint:noctx // it must run when all else has ended
	if err != nil {
		return fmt.Errorf("lab down: %w\n%s", err, out)
	}
	return nil
}

// Kill ends a cluster, or one component of it, as a disaster does.
func (l *Lab) Kill(t TB, name string, component ...string) {
	t.Helper()
	l.run(t, append([]string{"kill", name}, l.component(component)...)...)
}

// Start brings a cluster, or one component of it, back with its data.
func (l *Lab) Start(t TB, name string, component ...string) {
	t.Helper()
	l.run(t, append([]string{"start", name}, l.component(component)...)...)
}

func (l *Lab) component(names []string) []string {
	if len(names) == 0 {
		return nil
	}
	return []string{"--component", names[0]}
}

// Env is what the lab gives to a shell.
func (l *Lab) Env(t TB) map[string]string {
	t.Helper()
	env := map[string]string{}
	for text := range strings.Lines(l.run(t, "env")) {
		name, value, ok := strings.Cut(strings.TrimPrefix(strings.TrimSpace(text), "export "), "=")
		if ok {
			env[name] = strings.Trim(value, "'")
		}
	}
	return env
}

// Kubeconfig is the path of a cluster's admin kubeconfig.
func (l *Lab) Kubeconfig(name string) string {
	return filepath.Join(l.dir, name, "kubeconfig")
}

// ManagedClusters are the names of the lab's managed clusters.
func (l *Lab) ManagedClusters(t TB) []string {
	t.Helper()
	folders, err := filepath.Glob(filepath.Join(l.dir, "managed-*", "kubeconfig"))
	if err != nil {
		t.Fatalf("%v", err)
	}
	var names []string
	for _, folder := range folders {
		names = append(names, filepath.Base(filepath.Dir(folder)))
	}
	return names
}

func (l *Lab) run(t TB, args ...string) string {
	t.Helper()
	began := time.Now()
	cmd := exec.CommandContext(t.Context(), l.program, append(args, "--dir", l.dir)...)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = time.Minute
	var out, said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &said
	if l.echo != nil && args[0] != "env" {
		fmt.Fprintf(l.echo, "\n$ lab %s\n", strings.Join(args, " "))
		cmd.Stdout, cmd.Stderr = io.MultiWriter(&out, l.echo), io.MultiWriter(&said, l.echo)
	}
	if err := cmd.Run(); err != nil {
		t.Fatalf("lab %s: %v\n%s%s", strings.Join(args, " "), err, out.String(), said.String())
	}
	t.Logf("lab %s: %.1fs", strings.Join(args, " "), time.Since(began).Seconds())
	return out.String()
}

// Close stops the lab of a world and waits until it has ended.
func Close(o Options) error {
	return (&Lab{program: filepath.Join(o.Bin, "lab"), dir: filepath.Join(o.Dir, "lab")}).Down()
}

// Kubectl is the kubectl that the lab has built.
func Kubectl(t TB, bin string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), filepath.Join(bin, "lab"), "build")
	cmd.Stderr = os.Stderr
	folder, err := cmd.Output()
	if err != nil {
		t.Fatalf("lab build: %v", err)
	}
	return filepath.Join(strings.TrimSpace(string(folder)), "kubectl")
}
