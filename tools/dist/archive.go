package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"
)

// epoch is the time of every file in an archive: the first that a zip file can hold.
var epoch = time.Date(1980, time.January, 1, 0, 0, 0, 0, time.UTC)

// completion is what kubectl runs to complete the plugin's arguments; Windows cannot run it.
const completion = "kubectl_complete-acmdr"

// archive is one file of a release.
type archive struct {
	platform
	Name   string
	Bin    string
	Sha256 string
}

// entry is a file in an archive.
type entry struct {
	name string
	mode int64
	data []byte
}

// pack builds the plugin for a platform and writes its archive.
func pack(ctx context.Context, o *options, p platform) (archive, error) {
	dir, err := os.MkdirTemp("", "acmdr-dist-")
	if err != nil {
		return archive{}, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	binary := filepath.Join(dir, p.binary())
	if err := build(ctx, o.root, p, o.version, binary); err != nil {
		return archive{}, err
	}
	entries, err := read(p, binary, o.root)
	if err != nil {
		return archive{}, err
	}
	base := fmt.Sprintf("kubectl-acmdr_%s_%s_%s", o.version, p.OS, p.Arch)
	name, write := base+".tar.gz", writeTarGz
	if p.OS == "windows" {
		name, write = base+".zip", writeZip
	}
	var content bytes.Buffer
	if err := write(&content, entries); err != nil {
		return archive{}, err
	}
	if err := os.WriteFile(filepath.Join(o.out, name), content.Bytes(), 0o644); err != nil {
		return archive{}, err
	}
	sum := sha256.Sum256(content.Bytes())
	return archive{platform: p, Name: name, Bin: p.binary(), Sha256: hex.EncodeToString(sum[:])}, nil
}

// read collects the files of an archive, in the order of their names.
func read(p platform, binary, root string) ([]entry, error) {
	files := []struct {
		path string
		mode int64
	}{
		{filepath.Join(root, "LICENSE"), 0o644},
		{binary, 0o755},
	}
	if p.OS != "windows" {
		files = append(files, struct {
			path string
			mode int64
		}{filepath.Join(root, "cmd", "kubectl-acmdr", completion), 0o755})
	}
	var entries []entry
	for _, file := range files {
		data, err := os.ReadFile(file.path)
		if err != nil {
			return nil, err
		}
		entries = append(entries, entry{name: filepath.Base(file.path), mode: file.mode, data: data})
	}
	return entries, nil
}

// writeTarGz writes no owner, no time and no name of its own into the stream.
func writeTarGz(out io.Writer, entries []entry) error {
	zipped, err := gzip.NewWriterLevel(out, gzip.BestCompression)
	if err != nil {
		return err
	}
	tarred := tar.NewWriter(zipped)
	for _, e := range entries {
		header := &tar.Header{
			Typeflag: tar.TypeReg, Name: e.name, Mode: e.mode, Size: int64(len(e.data)), ModTime: epoch, Format: tar.FormatUSTAR,
		}
		if err := tarred.WriteHeader(header); err != nil {
			return err
		}
		if _, err := tarred.Write(e.data); err != nil {
			return err
		}
	}
	if err := tarred.Close(); err != nil {
		return err
	}
	return zipped.Close()
}

func writeZip(out io.Writer, entries []entry) error {
	zipped := zip.NewWriter(out)
	for _, e := range entries {
		header := &zip.FileHeader{Name: e.name, Method: zip.Deflate, Modified: epoch}
		header.SetMode(os.FileMode(e.mode))
		file, err := zipped.CreateHeader(header)
		if err != nil {
			return err
		}
		if _, err := file.Write(e.data); err != nil {
			return err
		}
	}
	return zipped.Close()
}
