package ocm

import (
	"cmp"
	"context"
	"fmt"
	"maps"
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

// AdminKubeconfigs finds the admin kubeconfig of each cluster that Hive made, by HiveSecrets. It looks in one namespace, or with
// metav1.NamespaceAll through the whole hub in pages.
func AdminKubeconfigs(ctx context.Context, kube kubernetes.Interface, hub dynamic.Interface,
	namespace string) (map[string]AdminKubeconfig, error) {
	secrets := HiveSecrets{}
	err := EachItem(ctx, func(ctx context.Context, options metav1.ListOptions) (runtime.Object, error) {
		options.LabelSelector = HiveSecretTypeLabel + "=" + HiveKubeconfig
		return kube.CoreV1().Secrets(namespace).List(ctx, options)
	}, func(secret *corev1.Secret) { secrets.Labelled(secret) })
	if err != nil {
		return nil, fmt.Errorf("listing Hive's secrets: %w", err)
	}
	if err := secrets.NamedOn(ctx, hub, namespace); err != nil {
		return nil, err
	}
	found := map[string]AdminKubeconfig{}
	for cluster, known := range secrets {
		name, exists := known.choose()
		if name == "" {
			continue
		}
		if !exists {
			_, err := kube.CoreV1().Secrets(cluster).Get(ctx, name, metav1.GetOptions{})
			if err != nil && !apierrors.IsNotFound(err) {
				return nil, fmt.Errorf("reading secret %s/%s: %w", cluster, name, err)
			}
			exists = err == nil
		}
		found[cluster] = AdminKubeconfig{Secret: name, Exists: exists}
	}
	return found, nil
}

// HiveSecrets is what is known of the admin kubeconfigs in each namespace. It is filled in any order, from a hub or from a
// backup of one.
type HiveSecrets map[string]*hiveNamespace

type hiveNamespace struct {
	// named is the secret that a ClusterDeployment names; own tells that the ClusterDeployment is named like the cluster.
	named string
	own   bool
	// labelled are the secrets with Hive's label, and when they were made.
	labelled map[string]metav1.Time
}

// Merge adds what another has.
func (s HiveSecrets) Merge(other HiveSecrets) {
	for namespace, found := range other {
		known := s.in(namespace)
		if found.named != "" && !known.own {
			known.named, known.own = found.named, found.own
		}
		maps.Copy(known.labelled, found.labelled)
	}
}

// Named takes a ClusterDeployment. A namespace may hold several; the one that is named like the cluster counts, as for ACM.
func (s HiveSecrets) Named(deployment *unstructured.Unstructured) {
	name, _, _ := unstructured.NestedString(deployment.Object, "spec", "clusterMetadata", "adminKubeconfigSecretRef", "name")
	known := s.in(deployment.GetNamespace())
	if name != "" && !known.own {
		known.named, known.own = name, deployment.GetName() == deployment.GetNamespace()
	}
}

// NamedOn takes the ClusterDeployments of a hub, in one namespace or with metav1.NamespaceAll in all; without Hive there are none.
func (s HiveSecrets) NamedOn(ctx context.Context, hub dynamic.Interface, namespace string) error {
	err := EachItem(ctx, func(ctx context.Context, options metav1.ListOptions) (runtime.Object, error) {
		return hub.Resource(ClusterDeploymentResource).Namespace(namespace).List(ctx, options)
	}, func(deployment *unstructured.Unstructured) { s.Named(deployment) })
	if err != nil && !apierrors.IsNotFound(err) {
		return fmt.Errorf("listing ClusterDeployments: %w", err)
	}
	return nil
}

// Labelled takes a secret, and passes over one without Hive's label of a kubeconfig.
func (s HiveSecrets) Labelled(secret metav1.Object) {
	if secret.GetLabels()[HiveSecretTypeLabel] == HiveKubeconfig {
		s.in(secret.GetNamespace()).labelled[secret.GetName()] = secret.GetCreationTimestamp()
	}
}

// Choose is the secret with the admin kubeconfig of a cluster: the one that its ClusterDeployment names, which may not be there,
// else the newest with Hive's label, since Hive makes one for every attempt to provision a cluster. It is empty when Hive knows none.
func (s HiveSecrets) Choose(cluster string) string {
	if known := s[cluster]; known != nil {
		name, _ := known.choose()
		return name
	}
	return ""
}

func (s HiveSecrets) in(namespace string) *hiveNamespace {
	if s[namespace] == nil {
		s[namespace] = &hiveNamespace{labelled: map[string]metav1.Time{}}
	}
	return s[namespace]
}

// choose tells also whether the secret was seen.
func (n *hiveNamespace) choose() (name string, exists bool) {
	if n.named != "" {
		_, exists = n.labelled[n.named]
		return n.named, exists
	}
	for candidate, made := range n.labelled {
		newest := n.labelled[name]
		if name == "" || cmp.Or(made.Compare(newest.Time), strings.Compare(candidate, name)) > 0 {
			name = candidate
		}
	}
	return name, name != ""
}

// EachItem visits what is listed, in pages.
func EachItem[T any](ctx context.Context, list pager.ListPageFunc, visit func(*T)) error {
	return pager.New(list).EachListItem(ctx, metav1.ListOptions{}, func(object runtime.Object) error {
		item, ok := object.(any).(*T)
		if !ok {
			return fmt.Errorf("got a %T", object)
		}
		visit(item)
		return nil
	})
}
