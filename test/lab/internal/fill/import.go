package fill

import (
	"context"

	authenticationv1 "k8s.io/api/authentication/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/acmdr/kubectl-acmdr/test/lab/internal/cluster"
	"github.com/acmdr/kubectl-acmdr/test/lab/internal/kubeconfig"
)

// BootstrapIdentity is who an agent is before its hub knows it, as ACM makes it.
func BootstrapIdentity(name string) ([]*unstructured.Unstructured, error) {
	return objects(values{Name: name}, "identity.yaml")
}

// BootstrapKubeconfig is what ACM gives an agent to knock with; its names are ACM's.
func BootstrapKubeconfig(ctx context.Context, hub *cluster.Cluster, name string) ([]byte, error) {
	seconds := int64(TokenLife.Seconds())
	token, err := hub.Clients.Kube.CoreV1().ServiceAccounts(name).CreateToken(ctx, name+"-bootstrap-sa",
		&authenticationv1.TokenRequest{Spec: authenticationv1.TokenRequestSpec{ExpirationSeconds: &seconds}}, metav1.CreateOptions{})
	if err != nil {
		return nil, err
	}
	entry := kubeconfig.Cluster{Name: "default-cluster", Server: hub.Server, CA: hub.CA()}
	return clientcmd.Write(*kubeconfig.ForToken("default-context", entry, "default-auth", token.Status.Token))
}

// ImportContent is what ACM applies to a cluster to import it, as YAML.
func ImportContent(name string, bootstrap []byte) ([]byte, error) {
	return render("import-content.yaml", values{Name: name, Bootstrap: bootstrap})
}
