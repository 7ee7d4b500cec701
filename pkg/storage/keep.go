package storage

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"maps"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/acmdr/kubectl-acmdr/pkg/velero"
)

// kept is what the location and its secret have already and a second run says nothing of. It stays: a run that is only to change
// the access mode would take the encryption away otherwise.
type kept struct {
	config map[string]string
	caCert []byte
	// customerKey stays in the secret whatever the location says: without it nothing that was written with it can be read.
	customerKey Credentials
}

// with is the config of a location for the bucket.
func (k kept) with(b Bucket) map[string]string {
	config := map[string]string{}
	maps.Copy(config, k.config)
	maps.Copy(config, b.config())
	if config[s3URLKey] != "" && config[RegionKey] == "" {
		config[RegionKey] = UsualRegion
	}
	return config
}

// keep finds what is kept, in the location only where it is the wanted place already, and returns what the user should know of
// what is not. secret is the name of the plan's.
func (f *found) keep(ctx context.Context, kube kubernetes.Interface, s Settings, at *target, secret string) (notes []string, err error) {
	key, err := keyIn(ctx, kube, s.Namespace, secret)
	if err != nil {
		return nil, err
	}
	at.kept.customerKey = key
	if another(key, s.CustomerKey) {
		notes = append(notes, fmt.Sprintf("Secret %s/%s gets another customer key: keep the one before as long as backups that "+
			"were written with it are needed.", s.Namespace, secret))
	}
	if at.before == nil {
		return notes, nil
	}
	name := locationKey(s.Namespace, at.name)
	if difference := BucketOf(at.before).difference(s.Bucket); difference != "" {
		return append(notes, fmt.Sprintf("Location %s was another place, %s: nothing that it said of that is kept.", name, difference)), nil
	}
	if err := f.checkKey(s, at.before, secret, key); err != nil {
		return nil, err
	}
	if storage := at.before.Spec.ObjectStorage; storage != nil {
		at.kept.caCert = storage.CACert
	}
	at.kept.config = s.leftOf(at.before.Spec.Config)
	had, now := encryptionOf(at.before.Spec.Config), encryptionOf(at.kept.with(s.Bucket))
	if s.CustomerKey != nil {
		now.CustomerKey = secret + "/" + customerKey
	}
	if is := now.String(); had.Any() && had.String() != is {
		notes = append(notes, fmt.Sprintf("Location %s: what is written from now on is kept under %s, no longer under %s.",
			name, cmp.Or(is, "what the bucket's default is"), had))
	}
	return notes, nil
}

// checkKey refuses what would make the backups of a location unreadable: with a customer key only what was written with it can be
// read, and without one only the rest. key is the one in the secret.
func (f *found) checkKey(s Settings, location *velero.Location, secret string, key Credentials) error {
	had := encryptionOf(location.Spec.Config)
	ours := had.CustomerKey == secret+"/"+customerKey
	ends := s.Bucket.Encryption.Any() || s.CustomerKey != nil && (!ours || another(key, s.CustomerKey))
	used := f.backups[locationKey(location.Namespace, location.Name)] > 0
	var why, flags string
	switch {
	case ours && key == nil && !ends && s.CustomerKey == nil:
		return fmt.Errorf("location %s/%s asks for a customer key that is not in secret %s: give it with --sse-c-key-file",
			location.Namespace, location.Name, secret)
	case used && had.CustomerKey != "" && ends:
		why, flags = "can be read only with the customer key that it has", "--kms-key-id, --server-side-encryption and another --sse-c-key-file"
	case used && had.CustomerKey == "" && s.CustomerKey != nil:
		why, flags = "were written without a customer key, and cannot be read with one", "--sse-c-key-file"
	default:
		return nil
	}
	return fmt.Errorf("location %s/%s has backups that %s: leave %s out. Or, when they are no longer needed on this hub, keep a copy of "+
		"the key, if there is one, run 'kubectl delete backupstoragelocation %s -n %s' and install again with another --prefix",
		location.Namespace, location.Name, why, flags, location.Name, location.Namespace)
}

// another tells whether a customer key was given that is not the one that is there.
func another(key, given Credentials) bool {
	return key != nil && given != nil && !bytes.Equal(key, given)
}

// leftOf is what of a location's config does not stand against the settings.
func (s Settings) leftOf(config map[string]string) map[string]string {
	left := maps.Clone(config)
	without := func(keys ...string) {
		for _, key := range keys {
			delete(left, key)
		}
	}
	without(s.Given...)
	wanted := s.Bucket.Encryption
	switch {
	case s.CustomerKey != nil:
		without(velero.CustomerKeySecret, velero.CustomerKeyFile, EncryptionKey, KMSKeyIDKey)
	case wanted.Any():
		without(velero.CustomerKeySecret, velero.CustomerKeyFile)
	}
	if wanted.Algorithm == SSES3 {
		without(KMSKeyIDKey)
	}
	if wanted.KMSKeyID != "" && left[EncryptionKey] == SSES3 {
		without(EncryptionKey)
	}
	return left
}

// keyIn is the customer key that a secret of the plugin's has; nil for none.
func keyIn(ctx context.Context, kube kubernetes.Interface, namespace, name string) (Credentials, error) {
	secret, err := kube.CoreV1().Secrets(namespace).Get(ctx, name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading secret %s/%s: %w", namespace, name, err)
	}
	if key := secret.Data[customerKey]; len(key) > 0 {
		return key, nil
	}
	return nil, nil
}
