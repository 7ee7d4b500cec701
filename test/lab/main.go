// Command lab starts the real components that kubectl-acmdr works with, as processes on loopback: two hubs, managed
// clusters and an S3 server. See README.md.
package main

import (
	"os"

	"github.com/acmdr/kubectl-acmdr/test/lab/internal/cli"
)

func main() {
	os.Exit(cli.Main(os.Args[1:], os.Stdout, os.Stderr))
}
