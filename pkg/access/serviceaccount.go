package access

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
)

// ManagedServiceAccount finds the token that a ManagedServiceAccount brought to the hub, with the server that the
// ManagedCluster names. ACM makes two that overlap for its own recovery, auto-import-account and auto-import-account-pair,
// which may get and update the bootstrap secret and nothing else (cluster-backup-operator controllers/utils.go).
type ManagedServiceAccount struct {
	Kube    kubernetes.Interface
	Dynamic dynamic.Interface
}

const managedServiceAccountLabel = "authentication.open-cluster-management.io/is-managed-serviceaccount"

// Name is the source's name in messages.
func (*ManagedServiceAccount) Name() string { return "ManagedServiceAccount token" }

// Find returns the token that lasts longest, or ErrNone.
func (m *ManagedServiceAccount) Find(ctx context.Context, cluster string) (*Credential, error) {
	secrets, err := m.Kube.CoreV1().Secrets(cluster).List(ctx, metav1.ListOptions{LabelSelector: managedServiceAccountLabel + "=true"})
	if err != nil {
		return nil, fmt.Errorf("listing ManagedServiceAccount secrets: %w", err)
	}
	if len(secrets.Items) == 0 {
		return nil, ErrNone
	}
	endpoint, err := clientConfig(ctx, m.Dynamic, cluster)
	if err != nil {
		return nil, err
	}
	if endpoint.Server == "" {
		return nil, errors.New("the ManagedCluster names no URL of the cluster (spec.managedClusterClientConfigs)")
	}
	known := endpoint.CAData
	var found []*Credential
	var failed []error
	for i := range secrets.Items {
		secret := &secrets.Items[i]
		endpoint.CAData = bundle(known, secret.Data[corev1.ServiceAccountRootCAKey])
		credential, err := fromToken("ManagedServiceAccount", "secret "+secret.Namespace+"/"+secret.Name, endpoint,
			string(secret.Data[corev1.ServiceAccountTokenKey]))
		if err != nil {
			failed = append(failed, err)
			continue
		}
		found = append(found, credential)
	}
	if len(found) == 0 {
		return nil, join(failed)
	}
	return slices.MaxFunc(found, func(a, b *Credential) int { return a.NotAfter.Compare(b.NotAfter) }), nil
}

// bundle joins the CA that the cluster told its hub with the one of its ServiceAccounts: either may be the one that signed
// the serving certificate. Without both it is empty, which means the system's trust store.
func bundle(known, ofAccount []byte) []byte {
	return bytes.TrimLeft(slices.Concat(bytes.TrimRight(known, "\n"), []byte("\n"), ofAccount), "\n")
}
