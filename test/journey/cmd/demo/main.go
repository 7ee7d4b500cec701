// Command demo narrates the recovery of a fleet on the lab: every command that is typed, and what it prints.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/acmdr/kubectl-acmdr/test/journey"
)

func main() { journey.Command("demo", run) }

func run(ctx context.Context) error {
	bin := flag.String("bin", "bin", "Folder with kubectl-acmdr and lab")
	keep := flag.Bool("keep", false, "Leave the lab running at the end, to look around in it")
	grace := flag.Duration("eviction-grace", time.Minute, "How long agents keep a workload that their hub does not know")
	flag.Parse()
	folder, err := filepath.Abs(*bin)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "acmdr-demo-")
	if err != nil {
		return err
	}
	o := journey.Options{Bin: folder, Dir: dir, Managed: 1, EvictionGrace: *grace, Echo: os.Stdout}
	began := time.Now()
	err = journey.Play(ctx, func(t journey.TB) { tell(t, o) })
	if *keep && err == nil {
		fmt.Printf("\nThe lab runs on. To use it:   eval \"$(%s env --dir %s)\"\nTo end it and remove its data: %s down --purge --dir %s\n",
			filepath.Join(folder, "lab"), filepath.Join(dir, "lab"), filepath.Join(folder, "lab"), filepath.Join(dir, "lab"))
		return nil
	}
	if downErr := journey.Close(o); downErr != nil {
		return errors.Join(err, downErr)
	}
	if err != nil {
		return fmt.Errorf("%w (logs are in %s)", err, dir)
	}
	fmt.Printf("\nDone in %s; the lab is stopped.\n", time.Since(began).Round(time.Second))
	return os.RemoveAll(dir)
}

func tell(t journey.TB, o journey.Options) {
	say("The lab", "Two hubs and a managed cluster start as processes on this machine: real etcd, real API servers, real agents.")
	w := journey.Open(t, o)
	for _, step := range journey.Single() {
		say(step.Title, step.Say)
		step.Do(t, w)
	}
}

func say(title, text string) {
	fmt.Printf("\n==== %s %s\n", title, strings.Repeat("=", max(4, 90-len(title))))
	for line := range strings.SplitSeq(wrap(text, 96), "\n") {
		fmt.Println(line)
	}
}

// wrap breaks a text into lines of at most width characters.
func wrap(text string, width int) string {
	var out strings.Builder
	column := 0
	for word := range strings.FieldsSeq(text) {
		if column > 0 && column+1+len(word) > width {
			out.WriteByte('\n')
			column = 0
		}
		if column > 0 {
			out.WriteByte(' ')
			column++
		}
		out.WriteString(word)
		column += len(word)
	}
	return out.String()
}
