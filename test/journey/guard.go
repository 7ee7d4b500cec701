package journey

import (
	"context"
	"fmt"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"

	"github.com/acmdr/kubectl-acmdr/pkg/kubeconfig"
	"github.com/acmdr/kubectl-acmdr/pkg/ocm"
)

// The second workload of every managed cluster: a work of its own, which a test can leave out.
const (
	settingsNamespace = "default"
	settings          = "fleet-settings"
)

// SettingsWork is the ManifestWork of the second workload.
func SettingsWork(cluster string) string { return cluster + "-settings" }

// Settings identifies the second workload of a managed cluster; empty when it is gone.
func (w *World) Settings(t TB, name string) types.UID {
	t.Helper()
	configMap, err := w.Cluster(t, name).Kube.CoreV1().ConfigMaps(settingsNamespace).Get(t.Context(), settings, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return ""
	}
	if err != nil {
		t.Fatalf("settings of %s: %v", name, err)
	}
	return configMap.UID
}

// SettingsAre waits until a key of the second workload has a value.
func (w *World) SettingsAre(t TB, name, key, value string) {
	t.Helper()
	configMaps := w.Cluster(t, name).Kube.CoreV1().ConfigMaps(settingsNamespace)
	eventually(t, patience, "settings of "+name, func(ctx context.Context) (bool, string) {
		configMap, err := configMaps.Get(ctx, settings, metav1.GetOptions{})
		if err != nil {
			return false, err.Error()
		}
		return configMap.Data[key] == value, fmt.Sprintf("%s is %q", key, configMap.Data[key])
	})
}

// OlderWork changes what the new hub's work of the second workload holds to what an older backup may have held.
func (w *World) OlderWork(t TB, name, key, value string) {
	t.Helper()
	works := ocm.ManifestWorks(w.Cluster(t, NewHub).Dynamic, name)
	object := &corev1.ConfigMap{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "ConfigMap"},
		ObjectMeta: metav1.ObjectMeta{Namespace: settingsNamespace, Name: settings},
		Data:       map[string]string{"cluster": name, key: value},
	}
	manifests := []any{runtime.RawExtension{Object: object}}
	patch := map[string]any{"spec": map[string]any{"workload": map[string]any{"manifests": manifests}}}
	if err := works.MergePatch(t.Context(), SettingsWork(name), patch); err != nil {
		t.Fatalf("%v", err)
	}
}

// Evicted waits until the second workload of a managed cluster is gone.
func (w *World) Evicted(t TB, name string) {
	t.Helper()
	eventually(t, w.EvictionGrace+patience, "the eviction on "+name, func(context.Context) (bool, string) {
		return w.Settings(t, name) == "", "the workload is there"
	})
}

// GraceIsOver waits until an agent has been at the new hub for longer than the grace period of the lab.
func (w *World) GraceIsOver(t TB, name string) {
	t.Helper()
	over := w.joined(t, NewHub, name).Add(w.EvictionGrace + afterGrace)
	eventually(t, w.EvictionGrace+patience, "the end of the grace period on "+name, func(context.Context) (bool, string) {
		left := time.Until(over).Round(time.Second)
		return left <= 0, fmt.Sprintf("%s to go", left)
	})
}

// BreaksHive makes the kubeconfig that Hive keeps of a cluster on the new hub one that is refused.
func (w *World) BreaksHive(t TB, name string) {
	t.Helper()
	secrets := w.Cluster(t, NewHub).Kube.CoreV1().Secrets(name)
	list, err := secrets.List(t.Context(), metav1.ListOptions{LabelSelector: ocm.HiveSecretTypeLabel + "=" + ocm.HiveKubeconfig})
	if err != nil || len(list.Items) == 0 {
		t.Fatalf("no kubeconfig of Hive for %s: %v", name, err)
	}
	for i := range list.Items {
		list.Items[i].Data["kubeconfig"] = ReadKubeconfig(t, w.Lab.Kubeconfig(name)).WithoutTLS().Encode(t)
		if _, err := secrets.Update(t.Context(), &list.Items[i], metav1.UpdateOptions{}); err != nil {
			t.Fatalf("%v", err)
		}
	}
}

// Keeps puts a secret into a cluster's namespace on a hub, and returns what takes it away again.
func (w *World) Keeps(t TB, hub, cluster, name string, data map[string][]byte) func() {
	t.Helper()
	secrets := w.Cluster(t, hub).Kube.CoreV1().Secrets(cluster)
	if _, err := secrets.Create(t.Context(), &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: name}, Data: data}, metav1.CreateOptions{}); err != nil {
		t.Fatalf("%v", err)
	}
	return func() {
		t.Helper()
		if err := secrets.Delete(t.Context(), name, metav1.DeleteOptions{}); err != nil {
			t.Fatalf("%v", err)
		}
	}
}

// managedServiceAccount is what ACM's recovery calls its account on a managed cluster.
const managedServiceAccount = "auto-import-account"

// HasManagedServiceAccount gives the new hub a token of a managed cluster, as a ManagedServiceAccount of ACM's recovery does: it
// may get and update the bootstrap secret, and nothing else. It returns the token.
func (w *World) HasManagedServiceAccount(t TB, name string) []byte {
	t.Helper()
	const namespace = ocm.AgentNamespace + "-addon"
	managed, hub := w.Cluster(t, name).Kube, w.Cluster(t, NewHub).Kube
	created := func(_ any, err error) {
		t.Helper()
		if err != nil {
			t.Fatalf("%v", err)
		}
	}
	meta := metav1.ObjectMeta{Namespace: ocm.AgentNamespace, Name: managedServiceAccount}
	account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: managedServiceAccount}}
	created(managed.CoreV1().ServiceAccounts(namespace).Create(t.Context(), account, metav1.CreateOptions{}))
	created(managed.RbacV1().Roles(meta.Namespace).Create(t.Context(), &rbacv1.Role{ObjectMeta: meta, Rules: []rbacv1.PolicyRule{{
		APIGroups: []string{""}, Resources: []string{"secrets"}, ResourceNames: []string{ocm.BootstrapSecret}, Verbs: []string{"get", "update"},
	}}}, metav1.CreateOptions{}))
	created(managed.RbacV1().RoleBindings(meta.Namespace).Create(t.Context(), &rbacv1.RoleBinding{
		ObjectMeta: meta,
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: meta.Name},
		Subjects:   []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Namespace: namespace, Name: managedServiceAccount}},
	}, metav1.CreateOptions{}))
	granted, err := managed.CoreV1().ServiceAccounts(namespace).CreateToken(t.Context(), managedServiceAccount,
		&authenticationv1.TokenRequest{}, metav1.CreateOptions{})
	if err != nil {
		t.Fatalf("%v", err)
	}
	created(hub.CoreV1().Secrets(name).Create(t.Context(), &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: name, Name: managedServiceAccount, Labels: map[string]string{
			"authentication.open-cluster-management.io/is-managed-serviceaccount": "true",
		}},
		Data: map[string][]byte{
			corev1.ServiceAccountTokenKey: []byte(granted.Status.Token), corev1.ServiceAccountRootCAKey: ReadKubeconfig(t, w.Lab.Kubeconfig(name)).CA,
		},
	}, metav1.CreateOptions{}))
	return []byte(granted.Status.Token)
}

// joiner is the account by which clusteradm lets clusters join, and its namespace.
const (
	joiner          = "agent-registration-bootstrap"
	joinerNamespace = "open-cluster-management"
	joinerRole      = "open-cluster-management:bootstrap"
)

// JoinsByHand sends a managed cluster to the new hub as who follows clusteradm's advice does: a kubeconfig with a token of the
// account that all clusters join by, put in place by hand. OCM's chart makes that account and its role.
func (w *World) JoinsByHand(t TB, name string) {
	t.Helper()
	hub := w.Cluster(t, NewHub).Kube
	created := func(_ any, err error) {
		t.Helper()
		if err != nil && !apierrors.IsAlreadyExists(err) {
			t.Fatalf("%v", err)
		}
	}
	meta := metav1.ObjectMeta{Name: joinerRole}
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: joinerNamespace}}
	created(hub.CoreV1().Namespaces().Create(t.Context(), namespace, metav1.CreateOptions{}))
	account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: joinerNamespace, Name: joiner}}
	created(hub.CoreV1().ServiceAccounts(joinerNamespace).Create(t.Context(), account, metav1.CreateOptions{}))
	created(hub.RbacV1().ClusterRoles().Create(t.Context(), &rbacv1.ClusterRole{ObjectMeta: meta, Rules: []rbacv1.PolicyRule{
		{APIGroups: []string{""}, Resources: []string{"configmaps"}, Verbs: []string{"get"}},
		{APIGroups: []string{"certificates.k8s.io"}, Resources: []string{"certificatesigningrequests"}, Verbs: []string{"create", "get", "list", "watch"}},
		{
			APIGroups: []string{"cluster.open-cluster-management.io"}, Resources: []string{"managedclusters"},
			Verbs: []string{"get", "create", "list", "watch"},
		},
		{APIGroups: []string{"cluster.open-cluster-management.io"}, Resources: []string{"managedclustersets/join"}, Verbs: []string{"create"}},
	}}, metav1.CreateOptions{}))
	created(hub.RbacV1().ClusterRoleBindings().Create(t.Context(), &rbacv1.ClusterRoleBinding{
		ObjectMeta: meta,
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: joinerRole},
		Subjects:   []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Namespace: joinerNamespace, Name: joiner}},
	}, metav1.CreateOptions{}))
	accounts := hub.CoreV1().ServiceAccounts(joinerNamespace)
	granted, err := accounts.CreateToken(t.Context(), joiner, &authenticationv1.TokenRequest{}, metav1.CreateOptions{})
	if err != nil {
		t.Fatalf("%v", err)
	}
	admin := ReadKubeconfig(t, w.Lab.Kubeconfig(NewHub))
	data, err := kubeconfig.Bootstrap(kubeconfig.Endpoint{Server: admin.Server, CAData: admin.CA, ClusterName: "hub"}, granted.Status.Token)
	if err != nil {
		t.Fatalf("%v", err)
	}
	secrets := w.Cluster(t, name).Kube.CoreV1().Secrets(ocm.AgentNamespace)
	secret, err := secrets.Get(t.Context(), ocm.BootstrapSecret, metav1.GetOptions{})
	if err != nil {
		t.Fatalf("%v", err)
	}
	secret.Data[ocm.KubeconfigKey] = data
	if _, err := secrets.Update(t.Context(), secret, metav1.UpdateOptions{}); err != nil {
		t.Fatalf("%v", err)
	}
}
