package reregister

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	typedcorev1 "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/util/retry"

	"github.com/acmdr/kubectl-acmdr/pkg/ocm"
)

// Where the previous bootstrap kubeconfig is kept on the managed cluster, so that there is always a way back: a secret of
// its own, or, where the credential may not create one, a second key of the bootstrap secret.
const (
	PreviousSecret = "bootstrap-hub-kubeconfig-previous"
	PreviousKey    = "previous-kubeconfig"
)

// switchHub replaces the bootstrap kubeconfig in place. Dying before the UPDATE leaves the old hub's, dying after it the
// new hub's; there is no moment without one.
func (m *Mover) switchHub(ctx context.Context, move *Move) error {
	// The time goes to the new hub first: noted too early it only costs a second look, noted too late it would let a sign
	// from before the switch count.
	since := move.issued.UTC().Format(time.RFC3339)
	if err := ocm.ManagedClusters(m.Hub.Dynamic).MergePatch(ctx, move.Name, annotate(ocm.SwitchedAtAnnotation, since)); err != nil {
		return fmt.Errorf("noting the switch on managedcluster %s: %w", move.Name, err)
	}
	err := move.put(ctx)
	move.switched = err == nil
	return err
}

// put puts the move's bootstrap kubeconfig in place.
func (m *Move) put(ctx context.Context) error {
	secrets := m.managed.Kube.CoreV1().Secrets(m.managed.Namespace)
	return retry.OnError(retry.DefaultBackoff, lostRace, func() error {
		current, err := secrets.Get(ctx, ocm.BootstrapSecret, metav1.GetOptions{})
		if apierrors.IsNotFound(err) {
			// Somebody deleted it, perhaps half-way through a move by hand: the agent waits for a new one.
			return create(ctx, secrets, map[string][]byte{ocm.KubeconfigKey: m.bootstrap})
		}
		if err != nil {
			return fmt.Errorf("reading secret %s/%s: %w", m.managed.Namespace, ocm.BootstrapSecret, err)
		}
		return replace(ctx, secrets, current, m)
	})
}

// lostRace tells that somebody else wrote the secret since it was read, or created it.
func lostRace(err error) bool { return apierrors.IsConflict(err) || apierrors.IsAlreadyExists(err) }

func create(ctx context.Context, secrets typedcorev1.SecretInterface, data map[string][]byte) error {
	secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: ocm.BootstrapSecret}, Data: data}
	if _, err := secrets.Create(ctx, secret, metav1.CreateOptions{}); err != nil {
		return fmt.Errorf("creating secret %s: %w", ocm.BootstrapSecret, err)
	}
	return nil
}

func replace(ctx context.Context, secrets typedcorev1.SecretInterface, current *corev1.Secret, move *Move) error {
	replaced := current.DeepCopy()
	if replaced.Data == nil {
		replaced.Data = map[string][]byte{}
	}
	// A kubeconfig of this hub, with a token that has expired or by another URL, is no way back to anywhere.
	if previous := current.Data[ocm.KubeconfigKey]; len(previous) > 0 && !move.isOfThisHub(previous) {
		// One that an earlier move kept in the bootstrap secret itself is not the previous one any more.
		delete(replaced.Data, PreviousKey)
		err := keep(ctx, secrets, current.Data)
		if apierrors.IsForbidden(err) {
			replaced.Data[PreviousKey] = bytes.Clone(previous)
		} else if err != nil {
			return fmt.Errorf("keeping the previous bootstrap kubeconfig in secret %s: %w", PreviousSecret, err)
		}
	}
	replaced.Data[ocm.KubeconfigKey] = move.bootstrap
	disown(replaced)
	if _, err := secrets.Update(ctx, replaced, metav1.UpdateOptions{}); err != nil {
		return fmt.Errorf("updating secret %s: %w", ocm.BootstrapSecret, err)
	}
	return nil
}

// disown takes the secret away from the works of any hub that applied it: the eviction of such a work would delete it, and
// leave the agent without a bootstrap kubeconfig.
func disown(secret *corev1.Secret) {
	secret.OwnerReferences = slices.DeleteFunc(secret.OwnerReferences, func(owner metav1.OwnerReference) bool {
		return owner.Kind == ocm.AppliedManifestWorkKind
	})
}

// keep stores the previous bootstrap secret's data, byte for byte, beside it.
func keep(ctx context.Context, secrets typedcorev1.SecretInterface, data map[string][]byte) error {
	data = maps.Clone(data)
	delete(data, PreviousKey)
	kept, err := secrets.Get(ctx, PreviousSecret, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		_, err = secrets.Create(ctx, &corev1.Secret{ObjectMeta: managedMeta(PreviousSecret), Data: data}, metav1.CreateOptions{})
		return err
	}
	if err != nil || equality.Semantic.DeepEqual(kept.Data, data) {
		return err
	}
	kept.Data = data
	_, err = secrets.Update(ctx, kept, metav1.UpdateOptions{})
	return err
}
