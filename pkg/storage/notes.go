package storage

import (
	"encoding/json"
	"fmt"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
)

// dpaKind owns the Deployment of an OADP.
const dpaKind = "DataProtectionApplication"

// notes say what the plugin would set on a Velero that is somebody else's, and how its owner can.
func (f *found) notes(server *appsv1.Deployment) []string {
	missing := missingArgs(server)
	if len(missing) == 0 {
		return nil
	}
	who := fmt.Sprintf("Velero in namespace %s was not installed by this plugin: its Deployment stays as it is.", server.Namespace)
	for _, owner := range server.OwnerReferences {
		if owner.Kind == dpaKind {
			return []string{
				fmt.Sprintf("Velero in namespace %s belongs to OADP: its Deployment stays as it is.", server.Namespace),
				fmt.Sprintf("For a hub with many managed clusters run: kubectl patch dataprotectionapplication %s -n %s --type merge -p '%s'",
					owner.Name, server.Namespace, dpaPatch()),
			}
		}
	}
	return []string{who, fmt.Sprintf("For a hub with many managed clusters give its server the arguments %s and limits of %s CPU and %s.",
		strings.Join(missing, " "), cpuLimit, memoryLimit)}
}

// missingArgs are those that the owner has no value of its own for.
func missingArgs(server *appsv1.Deployment) []string {
	set := map[string]bool{}
	for _, container := range server.Spec.Template.Spec.Containers {
		for _, arg := range container.Args {
			flag, _, _ := strings.Cut(arg, "=")
			set[flag] = true
		}
	}
	var missing []string
	for _, arg := range serverArgs() {
		if flag, _, _ := strings.Cut(arg, "="); !set[flag] {
			missing = append(missing, arg)
		}
	}
	return missing
}

// dpaPatch is what the plugin would set, as OADP's API spells it (oadp-operator api/v1alpha1).
func dpaPatch() string {
	patch := map[string]any{"spec": map[string]any{"configuration": map[string]any{"velero": map[string]any{
		"client-qps": 1000, "client-burst": 1000, "logLevel": "warning",
		"podConfig": map[string]any{"resourceAllocations": map[string]any{
			"limits":   map[string]any{"cpu": cpuLimit, "memory": memoryLimit},
			"requests": map[string]any{"cpu": cpuRequest, "memory": memoryRequest},
		}},
	}}}}
	text, err := json.Marshal(patch)
	if err != nil {
		return "{}"
	}
	return string(text)
}
