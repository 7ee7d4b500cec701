package version

import (
	"strings"
	"testing"

	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/acmdr/kubectl-acmdr/pkg/factory"
	"github.com/acmdr/kubectl-acmdr/pkg/version"
)

// The Velero is not one that a hub runs.
func TestClient(t *testing.T) {
	streams, _, out, _ := genericiooptions.NewTestIOStreams()
	cmd := New(factory.New(genericclioptions.NewConfigFlags(true)), streams)
	cmd.SetArgs([]string{"--client"})
	if err := cmd.Execute(); err != nil || !strings.HasSuffix(out.String(), "\nVelero Version of 'install': "+version.Velero+"\n") {
		t.Errorf("got %v, %s", err, out)
	}
}
