package control

import (
	"context"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/acmdr/kubectl-acmdr/test/lab/internal/layout"
	"github.com/acmdr/kubectl-acmdr/test/lab/internal/process"
)

type fakeLab struct {
	events []Event
	owned  chan bool
	killed string
}

func (f *fakeLab) Events(_ context.Context, send func(Event) error) error {
	for _, event := range f.events {
		if err := send(event); err != nil {
			return err
		}
	}
	return nil
}

func (f *fakeLab) Owned() func() {
	f.owned <- true
	return func() { f.owned <- false }
}

func (f *fakeLab) Status() Status {
	return Status{Ready: true, Components: []process.Status{{Cluster: "hub-dr1", Component: "etcd", State: process.Ready}}}
}

func (f *fakeLab) Kill(_ context.Context, name, component string) error {
	f.killed = name + "/" + component
	return nil
}

func (f *fakeLab) Start(context.Context, string, string) error {
	return errors.New("no cluster is called x")
}

func (f *fakeLab) Stop() {}

// serve makes a lab in a folder whose path is longer than a socket's may be.
func serve(t *testing.T, lab *fakeLab) *Client {
	t.Helper()
	dir := layout.Dir(filepath.Join(t.TempDir(), strings.Repeat("long", 40)))
	if err := os.MkdirAll(string(dir), 0o700); err != nil {
		t.Fatal(err)
	}
	listener, err := Listen(dir)
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: Handler(lab), ReadHeaderTimeout: time.Second}
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { _ = server.Close() })
	return NewClient(dir)
}

func TestClientAndServer(t *testing.T) {
	lab := &fakeLab{owned: make(chan bool, 2), events: []Event{{Text: "one"}, {Text: "two"}, {Done: true}}}
	client := serve(t, lab)
	var seen []string
	if err := client.Events(t.Context(), true, func(text string) { seen = append(seen, text) }); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(seen, []string{"one", "two"}) {
		t.Errorf("events %v", seen)
	}
	if !<-lab.owned || <-lab.owned {
		t.Error("want owned, then left")
	}
	status, err := client.Status(t.Context())
	if err != nil || !status.Ready || status.Components[0].Component != "etcd" {
		t.Errorf("status %+v, %v", status, err)
	}
	if err := client.Kill(t.Context(), "hub-dr1", "velero"); err != nil || lab.killed != "hub-dr1/velero" {
		t.Errorf("killed %q, %v", lab.killed, err)
	}
	if err := client.Start(t.Context(), "x", ""); err == nil || err.Error() != "no cluster is called x" {
		t.Errorf("start: %v", err)
	}
}

func TestEventsThatFail(t *testing.T) {
	tests := map[string]struct {
		events []Event
		want   string
	}{
		"failed": {[]Event{{Text: "one"}, {Done: true, Error: "etcd died"}}, "etcd died"},
		"broken": {[]Event{{Text: "one"}}, "supervisor is gone"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			client := serve(t, &fakeLab{events: tt.events})
			err := client.Events(t.Context(), false, func(string) {})
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}

func TestNobodyListens(t *testing.T) {
	for name, dir := range map[string]string{"empty folder": t.TempDir(), "no folder": "/nonexistent"} {
		t.Run(name, func(t *testing.T) {
			if _, err := NewClient(layout.Dir(dir)).Status(t.Context()); !errors.Is(err, ErrNotRunning) {
				t.Errorf("got %v", err)
			}
		})
	}
}
