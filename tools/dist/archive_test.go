package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// checkout makes the files of a checkout that go into an archive, with a time and a mode that must not matter.
func checkout(t *testing.T) (root, binary string) {
	t.Helper()
	root = t.TempDir()
	for name, content := range map[string]string{
		"LICENSE":                         "Apache",
		"cmd/kubectl-acmdr/" + completion: "#!/bin/sh",
		"built/kubectl-acmdr":             "binary",
	} {
		file := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return root, filepath.Join(root, "built", "kubectl-acmdr")
}

func TestTarGz(t *testing.T) {
	root, binary := checkout(t)
	entries, err := read(platform{"linux", "amd64"}, binary, root)
	if err != nil {
		t.Fatal(err)
	}
	var first, second bytes.Buffer
	for _, out := range []io.Writer{&first, &second} {
		if err := writeTarGz(out, entries); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(first.Bytes(), second.Bytes()) {
		t.Error("two archives of the same files differ")
	}
	unzipped, err := gzip.NewReader(&first)
	if err != nil {
		t.Fatal(err)
	}
	if !unzipped.ModTime.IsZero() || unzipped.Name != "" {
		t.Errorf("the gzip header says when or where: %v", unzipped.Header)
	}
	reader := tar.NewReader(unzipped)
	modes := map[string]int64{"LICENSE": 0o644, "kubectl-acmdr": 0o755, completion: 0o755}
	var names []string
	for {
		header, err := reader.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, header.Name)
		if header.Mode != modes[header.Name] || !header.ModTime.Equal(epoch) || header.Uid != 0 || header.Uname != "" {
			t.Errorf("%s: mode %o, time %v, owner %d %q", header.Name, header.Mode, header.ModTime, header.Uid, header.Uname)
		}
	}
	if want := []string{"LICENSE", "kubectl-acmdr", completion}; !slices.Equal(names, want) {
		t.Errorf("files %v, want %v", names, want)
	}
}

func TestZipHasNoCompletion(t *testing.T) {
	root, binary := checkout(t)
	entries, err := read(platform{"windows", "arm64"}, binary, root)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := writeZip(&out, entries); err != nil {
		t.Fatal(err)
	}
	reader, err := zip.NewReader(bytes.NewReader(out.Bytes()), int64(out.Len()))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, file := range reader.File {
		names = append(names, file.Name)
		if !file.Modified.Equal(epoch) {
			t.Errorf("%s: time %v", file.Name, file.Modified)
		}
	}
	if want := []string{"LICENSE", "kubectl-acmdr"}; !slices.Equal(names, want) {
		t.Errorf("files %v, want %v", names, want)
	}
}
