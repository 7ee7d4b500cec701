// Command dist makes the archives that krew installs, and the krew manifest that names them by their sums. The same source
// and version give the same bytes: nothing of the machine, the time, the checkout or the git history goes in, which is
// why a release says its version and leaves the commit to the tag.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
)

// everyPlatform is what a release holds.
const everyPlatform = "linux/amd64,linux/arm64,darwin/amd64,darwin/arm64,windows/amd64,windows/arm64"

// krew accepts semantic versions with a leading v only.
var releaseVersion = regexp.MustCompile(`^v\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?$`)

type options struct {
	root      string
	out       string
	version   string
	platforms []platform
	manifests []string
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:])
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "dist:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	o, err := parse(args)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(o.out, 0o755); err != nil {
		return err
	}
	archives := make([]archive, 0, len(o.platforms))
	for _, p := range o.platforms {
		made, err := pack(ctx, o, p)
		if err != nil {
			return fmt.Errorf("%s: %w", p, err)
		}
		fmt.Printf("%s  %s\n", made.Sha256, made.Name)
		archives = append(archives, made)
	}
	manifest, err := render(o.version, archives)
	if err != nil {
		return err
	}
	for _, file := range o.manifests {
		if err := os.WriteFile(file, manifest, 0o644); err != nil {
			return err
		}
	}
	return nil
}

func parse(args []string) (*options, error) {
	flags := flag.NewFlagSet("dist", flag.ContinueOnError)
	o := &options{}
	var platforms, manifests string
	flags.StringVar(&o.root, "root", "..", "Checkout to build")
	flags.StringVar(&o.out, "out", "", "Folder for the archives (default ROOT/dist)")
	flags.StringVar(&o.version, "version", "", "Version of the release, for example v0.1.0")
	flags.StringVar(&platforms, "platforms", everyPlatform, "Comma-separated OS/ARCH")
	flags.StringVar(&manifests, "manifests", "", "Comma-separated files that get the krew manifest (default: the two of ROOT)")
	if err := flags.Parse(args); err != nil {
		return nil, err
	}
	if !releaseVersion.MatchString(o.version) {
		return nil, fmt.Errorf("-version %q is not like v0.1.0", o.version)
	}
	if o.out == "" {
		o.out = filepath.Join(o.root, "dist")
	}
	o.manifests = []string{filepath.Join(o.root, "krew-manifest.yaml"), filepath.Join(o.root, "plugins", "acmdr.yaml")}
	if manifests != "" {
		o.manifests = strings.Split(manifests, ",")
	}
	for name := range strings.SplitSeq(platforms, ",") {
		system, arch, ok := strings.Cut(name, "/")
		if !ok || system == "" || arch == "" {
			return nil, errors.New("-platforms is a comma-separated list of OS/ARCH")
		}
		o.platforms = append(o.platforms, platform{OS: system, Arch: arch})
	}
	return o, nil
}
