package supervisor

import (
	"slices"
	"testing"

	"github.com/acmdr/kubectl-acmdr/test/lab/internal/process"
)

func TestUnready(t *testing.T) {
	got := unready([]process.Status{
		{Cluster: "hub-dr1", Component: "etcd", State: process.Ready},
		{Cluster: "hub-dr1", Component: "kube-apiserver", State: process.Starting},
		{Cluster: "hub-dr1", Component: "kube-controller-manager", State: process.Stopped},
		{Cluster: "managed-one", Component: "work-agent", State: process.Waiting, Message: "secret x not found"},
	})
	want := []string{"hub-dr1 kube-apiserver", "managed-one work-agent (secret x not found)"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
