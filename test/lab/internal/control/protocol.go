// Package control is how the command line talks to the supervisor of a lab: HTTP over a unix socket in the lab's folder.
package control

import (
	"context"
	"fmt"
	"net"
	"os"

	"github.com/acmdr/kubectl-acmdr/test/lab/internal/layout"
	"github.com/acmdr/kubectl-acmdr/test/lab/internal/process"
)

// Event is one step of `up`.
type Event struct {
	// Text is a line for the user; "" in the last event.
	Text string `json:"text,omitempty"`
	// Done says that nothing more will come; Error is why the lab is not ready, then.
	Done  bool   `json:"done,omitempty"`
	Error string `json:"error,omitempty"`
}

// Status is the answer to a question for the status.
type Status struct {
	Ready      bool             `json:"ready"`
	Components []process.Status `json:"components"`
}

// Paths of the server.
const (
	pathEvents = "/events"
	pathStatus = "/status"
	pathKill   = "/kill"
	pathStart  = "/start"
	pathStop   = "/stop"
)

// inFolder opens the folder and calls use with a path to the socket in it. A socket's path may have 107 bytes, a folder's
// more: the path goes through the open file.
func inFolder[T any](dir layout.Dir, use func(path string) (T, error)) (T, error) {
	folder, err := os.Open(string(dir))
	if err != nil {
		var none T
		return none, err
	}
	defer func() { _ = folder.Close() }()
	return use(fmt.Sprintf("/proc/self/fd/%d/%s", folder.Fd(), layout.SocketName))
}

// Listen opens the lab's socket. The caller holds the lab's lock, so one that is there is left over.
func Listen(dir layout.Dir) (net.Listener, error) {
	if err := os.Remove(dir.Socket()); err != nil && !os.IsNotExist(err) {
		return nil, err
	}
	return inFolder(dir, func(path string) (net.Listener, error) {
		address := &net.UnixAddr{Name: path, Net: "unix"}
		listener, err := net.ListenUnix("unix", address)
		if err != nil {
			return nil, err
		}
		listener.SetUnlinkOnClose(false) // the path will not lead there any more
		return listener, os.Chmod(path, 0o600)
	})
}

func dial(ctx context.Context, dir layout.Dir) (net.Conn, error) {
	return inFolder(dir, func(path string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", path)
	})
}
