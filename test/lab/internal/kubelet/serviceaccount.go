package kubelet

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/acmdr/kubectl-acmdr/test/lab/internal/build"
)

// serviceAccountDir is where a pod finds its service account.
const serviceAccountDir = "/var/run/secrets/kubernetes.io/serviceaccount"

// accountLife is how long a token is good for: longer than any lab, because it is written once for a start.
const accountLife = 30 * 24 * time.Hour

// mountServiceAccount writes the token of the pod's service account, and the CA of the cluster that the kubeconfig file opens, below
// root, and returns the variables that tell a process in the pod where its cluster is.
func (p *pod) mountServiceAccount(ctx context.Context, client kubernetes.Interface, file, root string) (map[string]string, error) {
	config, err := clientcmd.BuildConfigFromFlags("", file)
	if err != nil {
		return nil, err
	}
	server, err := url.Parse(config.Host)
	if err != nil {
		return nil, err
	}
	name := p.template.ServiceAccountName
	if name == "" {
		return nil, nil // no admission makes it the default one here
	}
	life := int64(accountLife.Seconds())
	request := &authenticationv1.TokenRequest{Spec: authenticationv1.TokenRequestSpec{ExpirationSeconds: &life}}
	token, err := client.CoreV1().ServiceAccounts(p.namespace).CreateToken(ctx, name, request, metav1.CreateOptions{})
	if err != nil {
		return nil, fmt.Errorf("MountVolume.SetUp failed for the token of service account %s/%s: %w", p.namespace, name, err)
	}
	dir := filepath.Join(root, serviceAccountDir)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	return map[string]string{
			build.PodRoot: root, "KUBERNETES_SERVICE_HOST": server.Hostname(), "KUBERNETES_SERVICE_PORT": server.Port(),
		}, errors.Join(
			os.WriteFile(filepath.Join(dir, "token"), []byte(token.Status.Token), 0o600),
			os.WriteFile(filepath.Join(dir, "ca.crt"), config.CAData, 0o600))
}
