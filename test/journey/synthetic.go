package journey

import (
	"fmt"
	"sync/atomic"

	"golang.org/x/sync/errgroup"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/acmdr/kubectl-acmdr/pkg/ocm"
)

// What each synthetic cluster has in its namespace, beside a ServiceAccount: as much as ACM and Hive leave there.
const (
	syntheticSecrets = 4
	syntheticAddOns  = 5
	syntheticWorks   = 3
	// fillers is how many clusters are made at the same time.
	fillers = 24
)

// Fill puts managed clusters onto a hub that nothing stands behind, and returns their names and how many objects they are. Those
// that are there are left as they are. The credential of each opens the hub itself.
func (w *World) Fill(t TB, hub string, n int) (names []string, objects int) {
	t.Helper()
	c := w.Cluster(t, hub)
	admin := ReadKubeconfig(t, w.Lab.Kubeconfig(hub)).Encode(t)
	var made atomic.Int64
	group, ctx := errgroup.WithContext(t.Context())
	group.SetLimit(fillers)
	for i := range n {
		name := fmt.Sprintf("synthetic-%04d", i)
		names = append(names, name)
		group.Go(func() error {
			labels := map[string]string{ocm.ManagedClusterNamespaceLabel: name}
			_, err := c.Kube.CoreV1().Namespaces().Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: labels}},
				metav1.CreateOptions{})
			if apierrors.IsAlreadyExists(err) {
				return nil
			}
			if err != nil {
				return err
			}
			meta := metav1.ObjectMeta{Namespace: name, Name: ocm.BootstrapServiceAccount(name)}
			if _, err := c.Kube.CoreV1().ServiceAccounts(name).Create(ctx, &corev1.ServiceAccount{ObjectMeta: meta}, metav1.CreateOptions{}); err != nil {
				return err
			}
			for j := range syntheticSecrets {
				secret := &corev1.Secret{
					ObjectMeta: metav1.ObjectMeta{Namespace: name, Name: fmt.Sprintf("%s-secret-%d", name, j)},
					StringData: map[string]string{"value": fmt.Sprintf("%01024d", j)},
				}
				if j == 0 {
					secret.Labels = map[string]string{ocm.HiveSecretTypeLabel: ocm.HiveKubeconfig}
					secret.Data = map[string][]byte{"kubeconfig": admin}
				}
				if _, err := c.Kube.CoreV1().Secrets(name).Create(ctx, secret, metav1.CreateOptions{}); err != nil {
					return err
				}
			}
			custom := syntheticObjects(name)
			for _, object := range custom {
				client := c.Dynamic.Resource(object.resource).Namespace(object.namespace)
				if _, err := client.Create(ctx, object.object, metav1.CreateOptions{}); err != nil {
					return err
				}
			}
			made.Add(int64(2 + syntheticSecrets + len(custom)))
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		t.Fatalf("filling %s: %v", hub, err)
	}
	return names, int(made.Load())
}

type syntheticObject struct {
	resource  schema.GroupVersionResource
	namespace string
	object    *unstructured.Unstructured
}

func syntheticObjects(cluster string) []syntheticObject {
	object := func(resource schema.GroupVersionResource, kind, namespace, name string, spec map[string]any) syntheticObject {
		made := &unstructured.Unstructured{Object: map[string]any{"spec": spec}}
		made.SetGroupVersionKind(resource.GroupVersion().WithKind(kind))
		made.SetNamespace(namespace)
		made.SetName(name)
		return syntheticObject{resource, namespace, made}
	}
	all := []syntheticObject{object(ocm.ManagedClusterResource, "ManagedCluster", "", cluster, map[string]any{"hubAcceptsClient": false})}
	for i := range syntheticAddOns {
		all = append(all, object(ocm.AddOnResource, "ManagedClusterAddOn", cluster, fmt.Sprintf("addon-%d", i), map[string]any{}))
	}
	for i := range syntheticWorks {
		all = append(all, object(ocm.ManifestWorkResource, "ManifestWork", cluster, fmt.Sprintf("%s-work-%d", cluster, i), map[string]any{
			"workload": map[string]any{"manifests": []any{map[string]any{
				"apiVersion": "v1", "kind": "ConfigMap", "metadata": map[string]any{"namespace": "default", "name": fmt.Sprintf("settings-%d", i)},
				"data": map[string]any{"value": fmt.Sprintf("%0256d", i)},
			}}},
		}))
	}
	return all
}
