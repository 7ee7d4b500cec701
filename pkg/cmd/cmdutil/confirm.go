package cmdutil

import (
	"bufio"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"
	"k8s.io/cli-runtime/pkg/genericiooptions"
)

// ConfirmFlag is --yes, for a verb that destroys something.
type ConfirmFlag struct{ yes bool }

// AddFlags registers --yes.
func (f *ConfirmFlag) AddFlags(cmd *cobra.Command) {
	cmd.Flags().BoolVarP(&f.yes, "yes", "y", false, "Do not ask")
}

// errDeclined tells that the user did not say yes.
var errDeclined = errors.New("nothing was deleted")

// Confirm asks on a terminal whether to go on. Without a terminal there is nobody to ask: then only --yes is an answer.
func (f *ConfirmFlag) Confirm(streams genericiooptions.IOStreams, question string) error {
	if f.yes {
		return nil
	}
	file, ok := streams.In.(interface{ Fd() uintptr })
	if !ok || !term.IsTerminal(int(file.Fd())) {
		return fmt.Errorf("%w: to do it without being asked, add --yes", errDeclined)
	}
	fmt.Fprintf(streams.ErrOut, "%s [y/N] ", question)
	answer, err := bufio.NewReader(streams.In).ReadString('\n')
	if word := strings.ToLower(strings.TrimSpace(answer)); err != nil || word != "y" && word != "yes" {
		return errDeclined
	}
	return nil
}
