package ports

import (
	"net"
	"path/filepath"
	"strconv"
	"testing"
)

func TestAllocate(t *testing.T) {
	root := t.TempDir()
	one, two := t.TempDir(), t.TempDir()
	registry := NewRegistry(filepath.Join(root, "cache", "ports.json"))

	first, err := registry.Allocate(one, []string{"a", "b"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(first) != 2 || first["a"] == first["b"] {
		t.Fatalf("want two different ports, got %v", first)
	}
	again, err := registry.Allocate(one, []string{"a", "b", "c"}, first)
	if err != nil {
		t.Fatal(err)
	}
	if again["a"] != first["a"] || again["b"] != first["b"] || again["c"] == 0 {
		t.Fatalf("ports must be reused: first %v, again %v", first, again)
	}
	other, err := registry.Allocate(two, []string{"a", "b", "c"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, port := range other {
		for _, mine := range again {
			if port == mine {
				t.Errorf("port %d (%s) belongs to another lab", port, name)
			}
		}
		if port < lowest || port >= registry.High {
			t.Errorf("port %d out of range", port)
		}
	}
}

func TestAllocateForgetsLabsWhoseFolderIsGone(t *testing.T) {
	registry := NewRegistry(filepath.Join(t.TempDir(), "ports.json"))
	gone := filepath.Join(t.TempDir(), "gone")
	if _, err := registry.Allocate(gone, []string{"a"}, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := registry.Allocate(t.TempDir(), []string{"a"}, nil); err != nil {
		t.Fatal(err)
	}
	owners, err := registry.read()
	if err != nil {
		t.Fatal(err)
	}
	if _, found := owners[gone]; found {
		t.Errorf("the ports of %s should be free again", gone)
	}
}

func TestChooseSkipsBoundPorts(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	_, text, _ := net.SplitHostPort(l.Addr().String())
	port, _ := strconv.Atoi(text)
	if free(port) {
		t.Errorf("port %d is bound, free says otherwise", port)
	}
}
