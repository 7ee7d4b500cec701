// Command generate writes the manifests of a Velero installation that the plugin embeds, with Velero's own install package
// as the authority on what belongs to one. It is a module of its own because that package costs the plugin 458
// packages, 14 MB and twice its start-up time when it is imported at run time.
package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
)

// defaultFile is where the plugin embeds the manifests from, seen from this module.
const defaultFile = "../../pkg/storage/manifests/velero.yaml"

const veleroModule = "github.com/vmware-tanzu/velero"

func main() {
	file := flag.String("file", defaultFile, "File to write")
	check := flag.Bool("check", false, "Write nothing; fail when the file is not what would be written")
	flag.Parse()
	if err := run(*file, *check); err != nil {
		fmt.Fprintln(os.Stderr, "generate:", err)
		os.Exit(1)
	}
}

func run(file string, check bool) error {
	version, err := veleroVersion()
	if err != nil {
		return err
	}
	var made bytes.Buffer
	if err := write(&made, version); err != nil {
		return err
	}
	if !check {
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			return err
		}
		return os.WriteFile(file, made.Bytes(), 0o644)
	}
	committed, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	if !bytes.Equal(committed, made.Bytes()) {
		return fmt.Errorf("%s is not what Velero %s makes: run 'make generate' and commit it", file, version)
	}
	return nil
}

// veleroVersion is the version of Velero that is linked into this program, so that image and manifests cannot differ.
func veleroVersion() (string, error) {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "", errors.New("built without module information")
	}
	for _, module := range info.Deps {
		if module.Path == veleroModule {
			return module.Version, nil
		}
	}
	return "", fmt.Errorf("%s is not linked in", veleroModule)
}
