package access

import (
	"bytes"
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	clusterv1 "open-cluster-management.io/api/cluster/v1"

	"github.com/acmdr/kubectl-acmdr/pkg/kubeconfig"
	"github.com/acmdr/kubectl-acmdr/pkg/ocm"
)

// Keys of secrets that hold a credential.
const (
	// kubeconfigKey is the key of the admin kubeconfigs; Hive adds its own CA to this one, not to raw-kubeconfig.
	kubeconfigKey = "kubeconfig"
	// valueKey is Cluster API's (cluster-api util/secret/consts.go).
	valueKey = "value"
	// serverKey goes with a token in an auto-import-secret.
	serverKey = "server"
)

// Kept is a secret that may hold a credential.
type Kept struct {
	Namespace, Name string
	// Account tells that it holds the token of a ManagedServiceAccount.
	Account bool
	kind    corev1.SecretType
	// whole are the kubeconfigs in it, by key.
	whole map[string]opened
	// A token, and the server and CA that are kept beside it.
	token, server string
	ca            []byte
	// Of a token: whether there is one, what it says of itself, and whether only that is left.
	held    bool
	claims  kubeconfig.Claims
	reduced bool
}

// opened is what a kubeconfig in a secret turned out to be.
type opened struct {
	config   *rest.Config
	user     string
	notAfter time.Time
	err      error
}

// Keep opens a secret.
func Keep(secret *corev1.Secret) *Kept {
	token := string(secret.Data[corev1.ServiceAccountTokenKey])
	kept := &Kept{
		Namespace: secret.Namespace, Name: secret.Name, Account: isAccount(secret), kind: secret.Type,
		token: token, server: string(secret.Data[serverKey]), ca: secret.Data[corev1.ServiceAccountRootCAKey],
		held: token != "", claims: kubeconfig.ClaimsOf(token),
	}
	for _, key := range []string{kubeconfigKey, valueKey} {
		data, ok := secret.Data[key]
		if !ok {
			continue
		}
		config, err := kubeconfig.Load(data)
		found := opened{config: config, err: err}
		if err == nil {
			found.user, found.notAfter = user(config), expiry(config)
		}
		if kept.whole == nil {
			kept.whole = map[string]opened{}
		}
		kept.whole[key] = found
	}
	return kept
}

// Promising tells whether any source could look for this secret, so that what reads through many need not keep the others.
func Promising(secret *corev1.Secret) bool {
	_, whole := secret.Data[kubeconfigKey]
	_, value := secret.Data[valueKey]
	return isAccount(secret) || secret.Labels[ocm.HiveSecretTypeLabel] == ocm.HiveKubeconfig || secret.Name == autoImportSecret || whole ||
		value && secret.Name == clusterAPISecret(secret.Namespace)
}

// Sought tells whether a source looks for a credential of a cluster in this secret, by its name and labels alone, on a hub and on
// one that it is restored to. admin is the secret that Hive knows, see ocm.HiveSecrets.
func Sought(secret metav1.Object, cluster, admin string) bool {
	name := secret.GetName()
	switch secret.GetNamespace() {
	case cluster:
		return isAccount(secret) || slices.Contains([]string{admin, hostedSecret(cluster), clusterAPISecret(cluster), autoImportSecret}, name)
	case HostedNamespace:
		return name == hostedSecret(cluster)
	}
	return false
}

// maxText is how much of a URL or a name that a secret claims is worth keeping.
const maxText = 512

// Reduce drops whatever opens a cluster and leaves what there is to say about it: credentials made of it name their server and
// user, and have nothing to log in with.
func (k *Kept) Reduce() *Kept {
	k.reduced, k.token, k.ca, k.server = true, "", nil, cut(k.server)
	k.claims.Subject = cut(k.claims.Subject)
	for key, found := range k.whole {
		if found.config != nil {
			found.config = &rest.Config{Host: cut(found.config.Host)}
			found.user = cut(found.user)
		}
		k.whole[key] = found
	}
	return k
}

// cut copies, too: a part of a string keeps all of it in memory.
func cut(text string) string { return string([]byte(text[:min(len(text), maxText)])) }

func (k *Kept) origin() string { return "secret " + k.Namespace + "/" + k.Name }

// credential is that of a whole kubeconfig under a key.
func (k *Kept) credential(source, key string) (*Credential, error) {
	found, ok := k.whole[key]
	if !ok {
		return nil, fmt.Errorf("%s has no key %q", k.origin(), key)
	}
	if found.err != nil {
		return nil, fmt.Errorf("%s: %w", k.origin(), found.err)
	}
	return &Credential{Source: source, Origin: k.origin(), User: found.user, Config: found.config, NotAfter: found.notAfter}, nil
}

// withEndpoint is the credential of the token and the endpoint that it goes with.
func (k *Kept) withEndpoint(source string, endpoint kubeconfig.Endpoint) (*Credential, error) {
	if !k.held {
		return nil, fmt.Errorf("%s holds no token", k.origin())
	}
	if err := kubeconfig.CheckServer(endpoint.Server); err != nil {
		return nil, fmt.Errorf("%s: %w", k.origin(), err)
	}
	credential := &Credential{
		Source: source, Origin: k.origin(), User: k.claims.Subject, Config: &rest.Config{Host: endpoint.Server}, NotAfter: k.claims.NotAfter(),
	}
	if k.reduced {
		return credential, nil
	}
	config, err := kubeconfig.ClientConfig(endpoint, k.token)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", k.origin(), err)
	}
	credential.Config = config
	return credential, nil
}

// EndpointOf is how a ManagedCluster tells where the cluster's API is; empty when it does not.
func EndpointOf(managed *clusterv1.ManagedCluster) kubeconfig.Endpoint {
	configs := managed.Spec.ManagedClusterClientConfigs
	if len(configs) == 0 {
		return kubeconfig.Endpoint{}
	}
	return kubeconfig.Endpoint{Server: configs[0].URL, CAData: configs[0].CABundle}
}

// bundle joins the CA that the cluster told its hub with the one of its ServiceAccounts: either may be the one that signed
// the serving certificate. Without both it is empty, which means the system's trust store.
func bundle(known, ofAccount []byte) []byte {
	return bytes.TrimLeft(slices.Concat(bytes.TrimRight(known, "\n"), []byte("\n"), ofAccount), "\n")
}
