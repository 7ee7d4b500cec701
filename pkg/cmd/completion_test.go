package cmd

import (
	"strings"
	"testing"
)

// TestCompletion: a shell is offered what is on the hub, without what is typed already, and the kubeconfig's contexts.
func TestCompletion(t *testing.T) {
	serveFleet(t, fleet(t, made), nil)
	for name, test := range map[string]struct {
		words []string
		want  string
	}{
		"clusters of a verb":      {[]string{"reregister", ""}, "local-cluster managed-one managed-three managed-two"},
		"typed in part":           {[]string{"accept", "managed-t"}, "managed-three managed-two"},
		"one is there already":    {[]string{"get", "clusters", "managed-one", "managed-"}, "managed-three managed-two"},
		"contexts":                {[]string{"reregister", "--context", ""}, "test"},
		"contexts of the old hub": {[]string{"status", "--old-hub-context", "te"}, "test"},
		"no Velero, no backups":   {[]string{"restore", "--from-backup", ""}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			words := append([]string{"__complete"}, test.words...)
			got := run(t, "kubectl-acmdr", words...)
			offered, _, _ := strings.Cut(got.stdout, ":4\n")
			if got.code != 0 || strings.Join(strings.Fields(offered), " ") != test.want {
				t.Errorf("exit code %d, offered %q; %s", got.code, offered, got.stderr)
			}
		})
	}
}
