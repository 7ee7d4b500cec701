// Command fleettime fills a hub of a lab with managed clusters and prints, in one run, how long check takes, how long the backup of
// the plugin, whose content is chosen by rule, and how long that of the article, with every namespace by its name.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/acmdr/kubectl-acmdr/test/journey"
)

func main() { journey.Command("fleettime", run) }

func run(ctx context.Context) error {
	bin := flag.String("bin", "bin", "Folder with kubectl-acmdr and lab")
	clusters := flag.Int("clusters", 300, "How many managed clusters the hub has")
	article := flag.Bool("article", true, "Make the article's backup, too, which takes longest")
	flag.Parse()
	folder, err := filepath.Abs(*bin)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "acmdr-fleettime-")
	if err != nil {
		return err
	}
	o := journey.Options{Bin: folder, Dir: dir, Managed: 0, EvictionGrace: time.Minute}
	err = journey.Play(ctx, func(t journey.TB) { measure(t, journey.Open(t, o), *clusters, *article) })
	if err = errors.Join(err, journey.Close(o)); err != nil {
		return fmt.Errorf("%w (logs are in %s)", err, dir)
	}
	return os.RemoveAll(dir)
}

func measure(t journey.TB, w *journey.World, n int, article bool) {
	const hub, patience = journey.OldHub, 2 * time.Hour
	w.Acmdr(t, w.Install(t, hub)...).Exits(0)
	began := time.Now()
	names, objects := w.Fill(t, hub, n)
	fmt.Printf("%d managed clusters, %d objects, made in %.0fs\n", n, objects, time.Since(began).Seconds())

	// The plugin's first: what it leaves warm helps the other.
	ours := w.Acmdr(t, "backup", "ours", "--context", hub, "--timeout", patience.String()).Exits(0)
	took, items, phase := w.Backed(t, hub, "ours", patience)
	fmt.Printf("ours     %6.0fs  %6d items  %s; the whole command, with its proof, %.1fs\n", took.Seconds(), items, phase, ours.Took.Seconds())

	// Every credential opens one and the same API, which is not the cluster's own: so it is refused, as the last thing that is looked at.
	check := w.Acmdr(t, "check", "--parallel", "50", "--context", hub).Exits(1)
	fmt.Printf("check    %6.1fs  --parallel 50\n", check.Took.Seconds())
	if !article {
		return
	}
	w.Article(t, hub, "article", names)
	theirs, items, phase := w.Backed(t, hub, "article", patience)
	fmt.Printf("article  %6.0fs  %6d items  %s\n", theirs.Seconds(), items, phase)
	fmt.Printf("ratio    %.1f (Velero's own times, whole seconds), %.1f (against the whole command)\n",
		theirs.Seconds()/max(took.Seconds(), 1), theirs.Seconds()/ours.Took.Seconds())
}
