package main

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

const versionVariable = "github.com/acmdr/kubectl-acmdr/pkg/version.Version"

type platform struct{ OS, Arch string }

func (p platform) String() string { return p.OS + "/" + p.Arch }

func (p platform) binary() string {
	if p.OS == "windows" {
		return "kubectl-acmdr.exe"
	}
	return "kubectl-acmdr"
}

// build compiles the plugin into file. Whatever could make the bytes differ between two machines is named here, so that
// nobody's go env decides.
func build(ctx context.Context, root string, p platform, version, file string) error {
	file, err := filepath.Abs(file)
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=false", "-mod=readonly",
		"-ldflags", "-s -w -X "+versionVariable+"="+version, "-o", file, "./cmd/kubectl-acmdr")
	cmd.Dir = root
	cmd.Env = append(withoutGoSettings(os.Environ()),
		"GOOS="+p.OS, "GOARCH="+p.Arch, "CGO_ENABLED=0", "GOFLAGS=", "GOWORK=off", "GOENV=off", "GOEXPERIMENT=", "GOFIPS140=off",
		"GOAMD64=v1", "GOARM64=v8.0")
	cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
	return cmd.Run()
}

// withoutGoSettings keeps of the environment only what finds the toolchain, its caches and the modules.
func withoutGoSettings(environ []string) []string {
	needed := []string{"GOTOOLCHAIN", "GOPROXY", "GOSUMDB", "GONOSUMDB", "GOPRIVATE", "GOMODCACHE", "GOCACHE", "GOPATH", "GOROOT", "GOMAXPROCS"}
	var kept []string
	for _, setting := range environ {
		name, _, _ := strings.Cut(setting, "=")
		if strings.HasPrefix(name, "GO") && !slices.Contains(needed, name) || strings.HasPrefix(name, "CGO_") {
			continue
		}
		kept = append(kept, setting)
	}
	return kept
}
