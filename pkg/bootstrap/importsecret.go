package bootstrap

import (
	"bufio"
	"bytes"
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/kubernetes"

	"github.com/acmdr/kubectl-acmdr/pkg/kubeconfig"
	"github.com/acmdr/kubectl-acmdr/pkg/ocm"
)

// ImportKubeconfig is the bootstrap kubeconfig that ACM's import controller made for a cluster, in secret <cluster>-import;
// nil when the hub has none. On an ACM hub it is the right one to use: the controller goes on applying it.
func ImportKubeconfig(ctx context.Context, hub kubernetes.Interface, cluster string) ([]byte, error) {
	name := ocm.ImportSecret(cluster)
	secret, err := hub.CoreV1().Secrets(cluster).Get(ctx, name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading secret %s/%s: %w", cluster, name, err)
	}
	return fromImportYAML(secret.Data["import.yaml"]), nil
}

// fromImportYAML finds the bootstrap secret among the manifests that install a klusterlet; nil when it is not there or the
// manifests cannot be read, since then the controller has not made them for this hub.
func fromImportYAML(manifests []byte) []byte {
	documents := yaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(manifests)))
	for {
		document, err := documents.Read()
		if err != nil {
			return nil // the end: there is nothing else that reading bytes can fail of
		}
		secret := &corev1.Secret{}
		if yaml.Unmarshal(document, secret) != nil {
			continue
		}
		if secret.Kind == "Secret" && secret.Name == ocm.BootstrapSecret {
			return secret.Data[ocm.KubeconfigKey]
		}
	}
}

// DeleteImportSecret removes <cluster>-import, which a restore brought from another hub: the import controller would keep
// its token, which this hub does not accept, until it expires (managedcluster-import-controller
// pkg/controller/importconfig/cluster_info.go). The controller makes a new one.
func DeleteImportSecret(ctx context.Context, hub kubernetes.Interface, cluster string) error {
	err := hub.CoreV1().Secrets(cluster).Delete(ctx, ocm.ImportSecret(cluster), metav1.DeleteOptions{})
	if ignoreNotFound(err) != nil {
		return fmt.Errorf("deleting secret %s/%s of another hub: %w", cluster, ocm.ImportSecret(cluster), err)
	}
	return nil
}

// VerifyKubeconfig is Verify for a whole bootstrap kubeconfig.
func VerifyKubeconfig(ctx context.Context, verify VerifyFunc, data []byte, user string) error {
	endpoint, token, err := kubeconfig.EndpointOf(data)
	if err != nil {
		return err
	}
	return verify(ctx, endpoint, token, user)
}

// VerifyFunc is the signature of Verify.
type VerifyFunc func(ctx context.Context, endpoint kubeconfig.Endpoint, token, user string) error
