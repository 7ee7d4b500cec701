// Command kubectl-acmdr is the kubectl and oc plugin that brings a fleet of managed clusters back when its hub is lost.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"k8s.io/cli-runtime/pkg/genericiooptions"
	_ "k8s.io/client-go/plugin/pkg/client/auth" // the user's own kubeconfig may need them

	"github.com/acmdr/kubectl-acmdr/pkg/cmd"
	"github.com/acmdr/kubectl-acmdr/pkg/cmd/cmdutil"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// The first signal cancels the run, which then says where it stopped; the second ends the process.
	context.AfterFunc(ctx, stop)
	streams := genericiooptions.IOStreams{In: os.Stdin, Out: os.Stdout, ErrOut: os.Stderr}
	command, err := cmd.NewRoot(os.Args[0], streams).ExecuteContextC(ctx)
	if message := cmdutil.Message(command, err); message != "" {
		fmt.Fprintln(os.Stderr, message)
	}
	os.Exit(cmdutil.ExitCode(ctx, err))
}
