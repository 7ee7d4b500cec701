package shortdir

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestMake(t *testing.T) {
	lab := t.TempDir()
	t.Setenv("TMPDIR", t.TempDir())
	short := filepath.Join("/tmp", filepath.Base(lab))
	t.Cleanup(func() { _ = os.RemoveAll(short) })
	if got, err := Make(lab, short); err != nil || got != short {
		t.Errorf("a short folder must stay: %s %v", got, err)
	}
	long := filepath.Join(lab, strings.Repeat("x", longest))
	got, err := Make(lab, long)
	if err != nil || len(got) >= len(long) {
		t.Fatalf("got %s, %v", got, err)
	}
	if err := os.Chmod(got, 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := Make(lab, long); err == nil {
		t.Error("a folder that others can read was taken")
	}
	if err := Remove(lab); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(got); err == nil {
		t.Error("still there")
	}
}
