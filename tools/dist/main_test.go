package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	for name, c := range map[string]struct {
		args    string
		wantErr string
	}{
		"release":      {args: "-version v0.1.0"},
		"prerelease":   {args: "-version v1.20.3-rc.1 -platforms linux/amd64"},
		"no version":   {args: "", wantErr: "is not like v0.1.0"},
		"no v":         {args: "-version 0.1.0", wantErr: "is not like v0.1.0"},
		"git describe": {args: "-version v0.1", wantErr: "is not like v0.1.0"},
		"no arch":      {args: "-version v0.1.0 -platforms linux", wantErr: "OS/ARCH"},
	} {
		t.Run(name, func(t *testing.T) {
			o, err := parse(strings.Fields(c.args))
			if c.wantErr != "" {
				if err == nil || !strings.Contains(err.Error(), c.wantErr) {
					t.Fatalf("error %v, want one with %q", err, c.wantErr)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if len(o.manifests) != 2 || len(o.platforms) == 0 {
				t.Errorf("options %+v", o)
			}
		})
	}
}

func TestRender(t *testing.T) {
	zeros := strings.Repeat("0", 64)
	got, err := render("v0.1.0", []archive{
		{platform: platform{"linux", "amd64"}, Name: "kubectl-acmdr_v0.1.0_linux_amd64.tar.gz", Bin: "kubectl-acmdr", Sha256: zeros},
	})
	if err != nil {
		t.Fatal(err)
	}
	// A sum of digits only would be read as a number without its quotes.
	want := `  - selector:
      matchLabels:
        os: linux
        arch: amd64
    uri: https://github.com/acmdr/kubectl-acmdr/releases/download/v0.1.0/kubectl-acmdr_v0.1.0_linux_amd64.tar.gz
    sha256: "` + zeros + `"
    bin: kubectl-acmdr
`
	if !strings.HasSuffix(string(got), want) {
		t.Errorf("got\n%s\nwant it to end with\n%s", got, want)
	}
}

// The index entry and the manifest for installs without an index are the same text, made from the template of today.
func TestCommittedManifests(t *testing.T) {
	root := filepath.Join("..", "..")
	atRoot, err := os.ReadFile(filepath.Join(root, "krew-manifest.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	index, err := os.ReadFile(filepath.Join(root, "plugins", "acmdr.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if string(atRoot) != string(index) {
		t.Error("krew-manifest.yaml and plugins/acmdr.yaml differ: run 'make dist'")
	}
	empty, err := render("v0.1.0", nil)
	if err != nil {
		t.Fatal(err)
	}
	if head, _, _ := strings.Cut(string(atRoot), "  platforms:"); !strings.HasPrefix(strings.ReplaceAll(string(empty), "v0.1.0", versionIn(head)), head) {
		t.Error("krew-manifest.yaml is not made from tools/dist/acmdr.yaml.tmpl: run 'make dist'")
	}
}

func versionIn(manifest string) string {
	_, rest, _ := strings.Cut(manifest, "\n  version: ")
	version, _, _ := strings.Cut(rest, "\n")
	return version
}

func TestWithoutGoSettings(t *testing.T) {
	got := strings.Join(withoutGoSettings([]string{"PATH=/bin", "GOFLAGS=-race", "GOAMD64=v3", "GOPROXY=off", "CGO_ENABLED=1"}), " ")
	if want := "PATH=/bin GOPROXY=off"; got != want {
		t.Errorf("kept %q, want %q", got, want)
	}
}
