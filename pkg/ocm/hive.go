package ocm

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/pager"
)

// AdminKubeconfig is where the admin kubeconfig of a cluster that Hive made is, in the cluster's namespace.
type AdminKubeconfig struct {
	Secret string
	// Exists tells whether the secret is on this hub: a ClusterDeployment names it either way.
	Exists bool
}

// AdminKubeconfigs finds the admin kubeconfig of each cluster that Hive made: the one that its ClusterDeployment names,
// else the newest with Hive's label. It looks in one namespace, or with metav1.NamespaceAll through the whole hub in pages.
func AdminKubeconfigs(ctx context.Context, kube kubernetes.Interface, hub dynamic.Interface,
	namespace string) (map[string]AdminKubeconfig, error) {
	labelled, err := labelledKubeconfigs(ctx, kube, namespace)
	if err != nil {
		return nil, fmt.Errorf("listing Hive's secrets: %w", err)
	}
	named, err := namedKubeconfigs(ctx, hub, namespace)
	if err != nil {
		return nil, fmt.Errorf("listing ClusterDeployments: %w", err)
	}
	found := map[string]AdminKubeconfig{}
	for cluster, secrets := range labelled {
		found[cluster] = AdminKubeconfig{Secret: secrets[0], Exists: true}
	}
	for cluster, secret := range named {
		exists := slices.Contains(labelled[cluster], secret)
		if !exists {
			_, err := kube.CoreV1().Secrets(cluster).Get(ctx, secret, metav1.GetOptions{})
			if err != nil && !apierrors.IsNotFound(err) {
				return nil, fmt.Errorf("reading secret %s/%s: %w", cluster, secret, err)
			}
			exists = err == nil
		}
		found[cluster] = AdminKubeconfig{Secret: secret, Exists: exists}
	}
	return found, nil
}

// namedKubeconfigs are the secrets that ClusterDeployments name, by namespace. A namespace may hold several
// ClusterDeployments; the one that is named like the cluster counts, as for ACM.
func namedKubeconfigs(ctx context.Context, hub dynamic.Interface, namespace string) (map[string]string, error) {
	found, own := map[string]string{}, map[string]bool{}
	err := eachItem(ctx, func(ctx context.Context, options metav1.ListOptions) (runtime.Object, error) {
		return hub.Resource(ClusterDeploymentResource).Namespace(namespace).List(ctx, options)
	}, func(deployment *unstructured.Unstructured) {
		cluster := deployment.GetNamespace()
		name, _, _ := unstructured.NestedString(deployment.Object, "spec", "clusterMetadata", "adminKubeconfigSecretRef", "name")
		if name == "" || own[cluster] {
			return
		}
		found[cluster], own[cluster] = name, deployment.GetName() == cluster
	})
	if apierrors.IsNotFound(err) {
		return nil, nil // no Hive on this hub
	}
	return found, err
}

// labelledKubeconfigs are the secrets with Hive's label by namespace, the newest first: Hive makes one for every attempt to
// provision a cluster.
func labelledKubeconfigs(ctx context.Context, kube kubernetes.Interface, namespace string) (map[string][]string, error) {
	made := map[string][]metav1.ObjectMeta{}
	err := eachItem(ctx, func(ctx context.Context, options metav1.ListOptions) (runtime.Object, error) {
		options.LabelSelector = HiveSecretTypeLabel + "=" + HiveKubeconfig
		return kube.CoreV1().Secrets(namespace).List(ctx, options)
	}, func(secret *corev1.Secret) {
		meta := metav1.ObjectMeta{Name: secret.Name, CreationTimestamp: secret.CreationTimestamp}
		made[secret.Namespace] = append(made[secret.Namespace], meta)
	})
	found := map[string][]string{}
	for namespace, secrets := range made {
		slices.SortFunc(secrets, func(a, b metav1.ObjectMeta) int {
			return cmp.Or(b.CreationTimestamp.Compare(a.CreationTimestamp.Time), strings.Compare(b.Name, a.Name))
		})
		for _, secret := range secrets {
			found[namespace] = append(found[namespace], secret.Name)
		}
	}
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
