package access

import (
	"context"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"

	"github.com/acmdr/kubectl-acmdr/pkg/ocm"
)

// Secrets are where a hub has credentials of its clusters; what is in them is not kept.
type Secrets struct {
	hive ocm.HiveSecrets
	all  map[string][]*corev1.Secret
	// Unread is what the user may not read, so that not all is known.
	Unread []error
}

// otherTypes of secrets hold no credential of a cluster, and a hub has many of them.
var otherTypes = fields.AndSelectors(
	fields.OneTermNotEqualSelector("type", string(corev1.SecretTypeServiceAccountToken)),
	fields.OneTermNotEqualSelector("type", string(corev1.SecretTypeDockercfg)),
	fields.OneTermNotEqualSelector("type", string(corev1.SecretTypeDockerConfigJson)),
	fields.OneTermNotEqualSelector("type", string(corev1.SecretTypeTLS)),
	fields.OneTermNotEqualSelector("type", "helm.sh/release.v1"),
).String()

// FindSecrets finds the secrets that a source of credentials could open, on this hub and on one that it is restored to, and that
// count. It goes through the hub in pages: cluster by cluster it would be several requests for each.
func FindSecrets(ctx context.Context, kube kubernetes.Interface, hub dynamic.Interface, counts func(*corev1.Secret) bool) (*Secrets, error) {
	found := &Secrets{hive: ocm.HiveSecrets{}, all: map[string][]*corev1.Secret{}}
	err := ocm.EachItem(ctx, func(ctx context.Context, options metav1.ListOptions) (runtime.Object, error) {
		// <cluster>-import, of each cluster, is large, and opens this hub.
		options.FieldSelector, options.LabelSelector = otherTypes, "!"+ocm.ImportSecretLabel
		return kube.CoreV1().Secrets(metav1.NamespaceAll).List(ctx, options)
	}, func(secret *corev1.Secret) {
		if !Promising(secret) || !counts(secret) {
			return
		}
		found.hive.Labelled(secret)
		found.all[secret.Namespace] = append(found.all[secret.Namespace], &corev1.Secret{ObjectMeta: metav1.ObjectMeta{
			Namespace: secret.Namespace, Name: secret.Name, Labels: secret.Labels,
		}})
	})
	if err != nil {
		err = fmt.Errorf("listing secrets: %w", err)
	}
	if err := found.forbidden(err); err != nil {
		return nil, err
	}
	return found, found.forbidden(found.hive.NamedOn(ctx, hub, metav1.NamespaceAll))
}

// forbidden keeps the refusal of a right, and returns any other error.
func (f *Secrets) forbidden(err error) error {
	if !apierrors.IsForbidden(err) {
		return err
	}
	f.Unread = append(f.Unread, err)
	return nil
}

// Of are the secrets with a credential of a cluster, by namespace and name; Hive's own comes first.
func (f *Secrets) Of(cluster string) []*corev1.Secret {
	admin := f.hive.Choose(cluster)
	places := []string{cluster}
	if cluster != HostedNamespace {
		places = append(places, HostedNamespace)
	}
	var found []*corev1.Secret
	for _, namespace := range places {
		for _, secret := range f.all[namespace] {
			if Sought(secret, cluster, admin) {
				found = append(found, secret)
			}
		}
	}
	slices.SortStableFunc(found, func(a, b *corev1.Secret) int {
		switch admin {
		case a.Name:
			return -1
		case b.Name:
			return 1
		}
		return 0
	})
	return found
}
