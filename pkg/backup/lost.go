package backup

import (
	"context"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/acmdr/kubectl-acmdr/pkg/access"
	"github.com/acmdr/kubectl-acmdr/pkg/inspect"
	"github.com/acmdr/kubectl-acmdr/pkg/ocm"
)

// Lost is a cluster that is in a backup, without a credential that the hub has of it.
type Lost struct {
	Cluster string
	// Secrets are where the hub has them, as namespace/name.
	Secrets []string
}

// onHub are the credentials that a hub has, as far as a backup lacks them.
type onHub struct {
	hive ocm.HiveSecrets
	// lacking are the secrets that are not in the backup, without what is in them, by namespace.
	lacking map[string][]*corev1.Secret
	// unread is what the user may not read, and so is not known.
	unread []error
}

// otherTypes of secrets hold no credential of a cluster, and a hub has many of them.
var otherTypes = fields.AndSelectors(
	fields.OneTermNotEqualSelector("type", string(corev1.SecretTypeServiceAccountToken)),
	fields.OneTermNotEqualSelector("type", string(corev1.SecretTypeDockercfg)),
	fields.OneTermNotEqualSelector("type", string(corev1.SecretTypeDockerConfigJson)),
	fields.OneTermNotEqualSelector("type", string(corev1.SecretTypeTLS)),
	fields.OneTermNotEqualSelector("type", "helm.sh/release.v1"),
).String()

// look finds the secrets that a source of credentials could open on the hub, and not after a restore. It goes through the hub in
// pages: cluster by cluster it would be several requests for each. What is younger than the backup, or being deleted, is not
// the backup's fault.
func look(ctx context.Context, hub Hub, made metav1.Time, inventory *inspect.Inventory) (*onHub, error) {
	found := &onHub{hive: ocm.HiveSecrets{}, lacking: map[string][]*corev1.Secret{}}
	err := ocm.EachItem(ctx, func(ctx context.Context, options metav1.ListOptions) (runtime.Object, error) {
		// <cluster>-import, of each cluster, is large, and never in a backup.
		options.FieldSelector, options.LabelSelector = otherTypes, "!"+ocm.ImportSecretLabel
		return hub.Kube.CoreV1().Secrets(metav1.NamespaceAll).List(ctx, options)
	}, func(secret *corev1.Secret) {
		if made.Before(&secret.CreationTimestamp) || secret.DeletionTimestamp != nil || !access.Promising(secret) {
			return
		}
		found.hive.Labelled(secret)
		if !inventory.Holds(secret.Namespace, secret.Name) {
			found.lacking[secret.Namespace] = append(found.lacking[secret.Namespace], &corev1.Secret{ObjectMeta: secret.ObjectMeta})
		}
	})
	if err != nil {
		err = fmt.Errorf("listing secrets: %w", err)
	}
	if err := found.forbidden(err); err != nil {
		return nil, err
	}
	return found, found.forbidden(found.hive.NamedOn(ctx, hub.Dynamic, metav1.NamespaceAll))
}

// forbidden keeps the refusal of a right, and returns any other error.
func (f *onHub) forbidden(err error) error {
	if !apierrors.IsForbidden(err) {
		return err
	}
	f.unread = append(f.unread, err)
	return nil
}

// of are the secrets with a credential of a cluster, as namespace/name, sorted.
func (f *onHub) of(cluster string) []string {
	places := []string{cluster}
	if cluster != access.HostedNamespace {
		places = append(places, access.HostedNamespace)
	}
	var names []string
	for _, namespace := range places {
		for _, secret := range f.lacking[namespace] {
			if access.Sought(secret, cluster, f.hive.Choose(cluster)) {
				names = append(names, namespace+"/"+secret.Name)
			}
		}
	}
	slices.Sort(names)
	return names
}
