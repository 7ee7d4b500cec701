package kubelet

import (
	"errors"
	"strings"
)

// loopback is what a Velero server needs that runs as a process beside another one.
type loopback struct {
	kubeconfig, namespace, plugins, metrics string
}

// veleroArgs are the arguments of the server: the container's, then those that loopback needs, which win over them.
// Frequencies are shortened only when the container has none of its own.
func veleroArgs(container []string, with loopback) ([]string, error) {
	if len(container) == 0 || container[0] != "server" {
		return nil, errors.New(`RunContainerError: the first argument of the container must be "server"`)
	}
	args := append([]string{}, container...)
	for flag, value := range map[string]string{"--store-validation-frequency": "10s", "--backup-sync-period": "10s"} {
		if !hasFlag(container, flag) {
			args = append(args, flag+"="+value)
		}
	}
	return append(args,
		"--kubeconfig="+with.kubeconfig,
		"--namespace="+with.namespace,
		"--plugin-dir="+with.plugins,
		"--metrics-address="+with.metrics,
		"--profiler-address=",
		// It makes Jobs, and there is nothing to run them.
		"--disable-controllers=backup-repo",
	), nil
}

func hasFlag(args []string, flag string) bool {
	for _, arg := range args {
		if arg == flag || strings.HasPrefix(arg, flag+"=") {
			return true
		}
	}
	return false
}
