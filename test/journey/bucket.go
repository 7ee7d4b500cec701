package journey

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
)

// A BackupFile is a file of a backup in the bucket, by what follows the backup's name.
type BackupFile = string

// The files that a test replaces.
const (
	Contents BackupFile = ".tar.gz"
	Problems BackupFile = "-results.gz"
)

// CopyBackup puts a copy of a backup into the bucket under another name, as if a hub's Velero had made it so: edit changes the
// Backup itself, and files are those that are to be others. It goes by the S3 server's own folder, where an object is a file.
func (w *World) CopyBackup(t TB, from, to string, edit func(backup map[string]any), files map[BackupFile][]byte) {
	t.Helper()
	backups := w.backupsIn(t)
	// It appears at once, under its name, or Velero could find half of it.
	making := filepath.Join(w.Dir, to)
	if err := os.MkdirAll(making, 0o700); err != nil {
		t.Fatalf("%v", err)
	}
	entries, err := os.ReadDir(filepath.Join(backups, from))
	if err != nil {
		t.Fatalf("%v", err)
	}
	for _, entry := range entries {
		data, err := os.ReadFile(filepath.Join(backups, from, entry.Name()))
		if err != nil {
			t.Fatalf("%v", err)
		}
		name := entry.Name()
		if kind, ok := strings.CutPrefix(name, from); ok {
			name = to + kind
			if other, has := files[kind]; has {
				data = other
			}
		} else {
			data = edited(t, data, to, edit)
		}
		if err := os.WriteFile(filepath.Join(making, name), data, 0o600); err != nil {
			t.Fatalf("%v", err)
		}
	}
	if err := os.Rename(making, filepath.Join(backups, to)); err != nil {
		t.Fatalf("%v", err)
	}
}

// edited is a Backup under another name.
func edited(t TB, data []byte, name string, edit func(backup map[string]any)) []byte {
	t.Helper()
	var backup map[string]any
	if err := json.Unmarshal(data, &backup); err != nil {
		t.Fatalf("%v", err)
	}
	metadata, _ := backup["metadata"].(map[string]any)
	metadata["name"] = name
	edit(backup)
	data, err := json.Marshal(backup)
	if err != nil {
		t.Fatalf("%v", err)
	}
	return data
}

// Gzip compresses the JSON of a value, as Velero keeps its results.
func Gzip(t TB, value any) []byte {
	t.Helper()
	var out bytes.Buffer
	writer := gzip.NewWriter(&out)
	if err := json.NewEncoder(writer).Encode(value); err != nil {
		t.Fatalf("%v", err)
	}
	if err := writer.Close(); err != nil {
		t.Fatalf("%v", err)
	}
	return out.Bytes()
}
