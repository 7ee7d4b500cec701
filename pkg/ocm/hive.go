package ocm

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/pager"
)

// AdminKubeconfigSecrets says which secret holds the admin kubeconfig of each cluster that Hive made: the one that its
// ClusterDeployment names, whether it is there or not, else the newest with Hive's label. It reads the whole hub in pages.
func AdminKubeconfigSecrets(ctx context.Context, kube kubernetes.Interface, hub dynamic.Interface) (map[string]string, error) {
	found, err := labelledKubeconfigs(ctx, kube)
	if err != nil {
		return nil, fmt.Errorf("listing Hive's secrets: %w", err)
	}
	// A namespace may hold several ClusterDeployments; the one that is named like the cluster counts, as for ACM.
	own := map[string]bool{}
	err = eachItem(ctx, func(ctx context.Context, options metav1.ListOptions) (runtime.Object, error) {
		return hub.Resource(ClusterDeploymentResource).List(ctx, options)
	}, func(deployment *unstructured.Unstructured) {
		cluster := deployment.GetNamespace()
		name, _, _ := unstructured.NestedString(deployment.Object, "spec", "clusterMetadata", "adminKubeconfigSecretRef", "name")
		if name == "" || own[cluster] {
			return
		}
		found[cluster], own[cluster] = name, deployment.GetName() == cluster
	})
	if err != nil && !apierrors.IsNotFound(err) {
		return nil, fmt.Errorf("listing ClusterDeployments: %w", err)
	}
	return found, nil
}

// labelledKubeconfigs are the admin kubeconfigs by Hive's label; Hive makes one for every attempt to provision a cluster.
func labelledKubeconfigs(ctx context.Context, kube kubernetes.Interface) (map[string]string, error) {
	found, made := map[string]string{}, map[string]metav1.Time{}
	err := eachItem(ctx, func(ctx context.Context, options metav1.ListOptions) (runtime.Object, error) {
		options.LabelSelector = HiveSecretTypeLabel + "=" + HiveKubeconfig
		return kube.CoreV1().Secrets(metav1.NamespaceAll).List(ctx, options)
	}, func(secret *corev1.Secret) {
		before, seen := made[secret.Namespace]
		if !seen || before.Before(&secret.CreationTimestamp) {
			found[secret.Namespace], made[secret.Namespace] = secret.Name, secret.CreationTimestamp
		}
	})
	return found, err
}

func eachItem[T any](ctx context.Context, list pager.ListPageFunc, visit func(*T)) error {
	return pager.New(list).EachListItem(ctx, metav1.ListOptions{}, func(object runtime.Object) error {
		item, ok := object.(any).(*T)
		if !ok {
			return fmt.Errorf("got a %T", object)
		}
		visit(item)
		return nil
	})
}
