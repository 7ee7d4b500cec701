package backup

import (
	"context"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/acmdr/kubectl-acmdr/pkg/access"
	"github.com/acmdr/kubectl-acmdr/pkg/inspect"
)

// Lost is a cluster that is in a backup, without a credential that the hub has of it.
type Lost struct {
	Cluster string
	// Secrets are where the hub has them, as namespace/name.
	Secrets []string
}

// look finds the credentials that the hub has. What is younger than the backup, or being deleted, is not the backup's fault.
func look(ctx context.Context, hub Hub, made metav1.Time) (*access.Secrets, error) {
	return access.FindSecrets(ctx, hub.Kube, hub.Dynamic, func(secret *corev1.Secret) bool {
		return !made.Before(&secret.CreationTimestamp) && secret.DeletionTimestamp == nil
	})
}

// lost are the secrets with a credential of a cluster that the hub has and the backup has not, as namespace/name, sorted.
func lost(hub *access.Secrets, inventory *inspect.Inventory, cluster string) []string {
	var names []string
	for _, secret := range hub.Of(cluster) {
		if !inventory.Holds(secret.Namespace, secret.Name) {
			names = append(names, secret.Namespace+"/"+secret.Name)
		}
	}
	slices.Sort(names)
	return names
}
