package restore

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/json"

	"github.com/acmdr/kubectl-acmdr/pkg/ocm"
	"github.com/acmdr/kubectl-acmdr/pkg/velero"
)

// putRight does what Velero's restore leaves undone or wrong. It can be repeated.
func (r *Restorer) putRight(ctx context.Context, plan *Plan) error {
	return errors.Join(r.dropImportSecrets(ctx, plan), r.labelNamespaces(ctx, plan), r.releaseHosts(ctx, plan))
}

// dropImportSecrets deletes the <cluster>-import secrets that any restore brought: ACM would go on handing out the old hub's
// token for as long as it claims to be valid. ACM makes new ones.
func (r *Restorer) dropImportSecrets(ctx context.Context, plan *Plan) error {
	secrets, err := r.Hub.Kube.CoreV1().Secrets(metav1.NamespaceAll).List(ctx,
		metav1.ListOptions{LabelSelector: ocm.ImportSecretLabel + "," + velero.RestoreNameLabel})
	if err != nil {
		return fmt.Errorf("listing restored import secrets: %w", err)
	}
	restored := secrets.Items
	if kind := plan.manifest.objects[secretsIn]; kind != nil {
		for at, object := range kind.objects {
			if !object.unlabelled {
				continue
			}
			secret, err := r.Hub.Kube.CoreV1().Secrets(at.namespace).Get(ctx, at.name, metav1.GetOptions{})
			if err != nil && !apierrors.IsNotFound(err) {
				return fmt.Errorf("reading secret %s/%s: %w", at.namespace, at.name, err)
			}
			if err == nil && secret.Labels[velero.RestoreNameLabel] != "" {
				restored = append(restored, *secret)
			}
		}
	}
	var failed []error
	for i := range restored {
		secret := &restored[i]
		err := r.Hub.Kube.CoreV1().Secrets(secret.Namespace).Delete(ctx, secret.Name, metav1.DeleteOptions{
			Preconditions: &metav1.Preconditions{UID: &secret.UID},
		})
		if err != nil && !apierrors.IsNotFound(err) {
			failed = append(failed, fmt.Errorf("deleting restored secret %s/%s: %w", secret.Namespace, secret.Name, err))
		}
	}
	return errors.Join(failed...)
}

// labelNamespaces gives the clusters' namespaces the labels that they had: the hub's controllers made the namespaces when
// they saw the ManagedClusters, and Velero never changes a namespace that is there. Labels that the hub has set stay.
func (r *Restorer) labelNamespaces(ctx context.Context, plan *Plan) error {
	namespaces, err := r.namespaces(ctx)
	if err != nil {
		return err
	}
	here := make(map[string]*corev1.Namespace, len(namespaces))
	for i := range namespaces {
		here[namespaces[i].Name] = &namespaces[i]
	}
	var group errgroup.Group
	group.SetLimit(max(r.Parallel, 1))
	for _, cluster := range plan.Clusters {
		namespace := here[cluster.Name]
		if namespace == nil || cluster.Err != nil {
			continue
		}
		labels := lacking(namespace.Labels, plan.manifest.namespaces[cluster.Name])
		if len(labels) == 0 {
			continue
		}
		group.Go(func() error {
			patch, err := json.Marshal(map[string]any{"metadata": map[string]any{"labels": labels}})
			if err != nil {
				return err
			}
			_, err = r.Hub.Kube.CoreV1().Namespaces().Patch(ctx, namespace.Name, types.MergePatchType, patch, metav1.PatchOptions{})
			if err != nil {
				return fmt.Errorf("labeling namespace %s: %w", namespace.Name, err)
			}
			return nil
		})
	}
	return group.Wait()
}

// lacking are the labels of the backup that are not here.
func lacking(here, backup map[string]string) map[string]string {
	labels := map[string]string{}
	for key, value := range backup {
		if _, set := here[key]; !set && !strings.HasPrefix(key, veleroDomain) {
			labels[key] = value
		}
	}
	return labels
}

// finish notes on the Restore that nothing is left to do, so that the next run leaves everything alone.
func (r *Restorer) finish(ctx context.Context, name string) error {
	err := r.Hub.Velero.Restores.MergePatch(ctx, name, map[string]any{
		"metadata": map[string]any{"annotations": map[string]string{
			velero.FinishedAnnotation: r.Clock.Now().UTC().Format(time.RFC3339),
		}},
	})
	if err != nil {
		return fmt.Errorf("noting that restore %s is finished: %w", name, err)
	}
	return nil
}
