package build

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// fakeModule is a module with a component that builds in no time.
func fakeModule(t *testing.T, main string) string {
	t.Helper()
	dir := t.TempDir()
	files := map[string]string{"go.mod": "module example.com/x\n\ngo 1.26\n", "go.sum": "", "components/velero/main.go": main,
		minIOSource + "/go.mod": "module example.com/y\n", minIOSource + "/go.sum": ""}
	for name, text := range files {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestKeyFollowsTheSources(t *testing.T) {
	one, two := fakeModule(t, "package main\nfunc main() {}\n"), fakeModule(t, "package main\nfunc main() { }\n")
	key1, err := key(one, "go1")
	if err != nil {
		t.Fatal(err)
	}
	again, _ := key(one, "go1")
	other, _ := key(two, "go1")
	newer, _ := key(one, "go2")
	if key1 != again || key1 == other || key1 == newer {
		t.Errorf("keys: %s %s %s %s", key1, again, other, newer)
	}
}

func TestBuildOne(t *testing.T) {
	velero := Component{Name: "velero", Package: "./components/velero", Dir: binDir}
	tests := map[string]struct {
		main    string
		wantErr string
	}{
		"good": {"package main\nfunc main() {}\n", ""},
		"bad":  {"package main\nfunc main() { nonsense }\n", "nonsense"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			b := &Builder{Source: fakeModule(t, tt.main), Cache: Cache(t.TempDir()), Logf: t.Logf}
			err := b.buildOne(t.Context(), velero, "[1/1] velero")
			_, statErr := os.Stat(b.Cache.Program("velero"))
			if tt.wantErr == "" && (err != nil || statErr != nil) {
				t.Errorf("build %v, file %v", err, statErr)
			}
			if tt.wantErr != "" && (err == nil || !strings.Contains(err.Error(), tt.wantErr) || statErr == nil) {
				t.Errorf("want %q, got %v; file %v", tt.wantErr, err, statErr)
			}
			left, _ := filepath.Glob(filepath.Join(string(b.Cache), "building-*"))
			if len(left) != 0 {
				t.Errorf("left behind: %v", left)
			}
		})
	}
}

func TestInterruptedBuildLeavesNothing(t *testing.T) {
	b := &Builder{Source: fakeModule(t, "package main\nfunc main() {}\n"), Cache: Cache(t.TempDir()), Logf: t.Logf}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := b.buildOne(ctx, Component{Name: "velero", Package: "./components/velero", Dir: binDir}, "x"); err == nil {
		t.Fatal("want an error")
	}
	if _, err := os.Stat(b.Cache.Program("velero")); err == nil {
		t.Error("a binary is there")
	}
}

func TestSourceIsFound(t *testing.T) {
	dir, err := Source()
	if err != nil {
		t.Fatal(err)
	}
	if !isModule(dir) {
		t.Errorf("%s is not the lab's module", dir)
	}
}
