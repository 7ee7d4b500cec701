package explain

import (
	"fmt"
	"strings"
)

// Shell writes commands as the user types them.
type Shell struct {
	// Plugin is how the plugin was called: kubectl acmdr, or oc acmdr.
	Plugin string
	// HubFlags choose the hub, as they were typed.
	HubFlags string
	// ManagedFlags choose the managed cluster, where the user gave a kubeconfig of it.
	ManagedFlags string
}

// verb is a command of the plugin.
func (s Shell) verb(format string, args ...any) string {
	return join(s.Plugin, fmt.Sprintf(format, args...), s.HubFlags)
}

// kubectl is a command on the hub.
func (s Shell) kubectl(format string, args ...any) string {
	return join(s.client(), fmt.Sprintf(format, args...), s.HubFlags)
}

// managed is a command on the managed cluster.
func (s Shell) managed(cluster, format string, args ...any) string {
	flags := s.ManagedFlags
	if flags == "" {
		flags = "--kubeconfig=" + cluster + ".kubeconfig"
	}
	return join(s.client(), fmt.Sprintf(format, args...), flags)
}

// client is kubectl or oc.
func (s Shell) client() string {
	client, _, _ := strings.Cut(s.Plugin, " ")
	return client
}

func join(words ...string) string {
	return strings.TrimSpace(strings.Join(words, " "))
}
