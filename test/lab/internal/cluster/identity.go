package cluster

import (
	"github.com/acmdr/kubectl-acmdr/test/lab/internal/kubeconfig"
	"github.com/acmdr/kubectl-acmdr/test/lab/internal/layout"
	"github.com/acmdr/kubectl-acmdr/test/lab/internal/pki"
)

// masters is the group that may do everything. The lab's own components are in it, as their RBAC is not what is tested.
const masters = "system:masters"

// identities are the keys of one cluster.
type identities struct {
	// ca signs the API server's certificate and every client's, those of CSRs too.
	ca *pki.Authority
	// etcdCA is apart, or every client of the cluster could open etcd.
	etcdCA *pki.Authority
	// frontProxyCA is apart, or every client could call itself a front proxy.
	frontProxyCA          *pki.Authority
	etcd, etcdClient, api *pki.Pair
	saPrivate, saPublic   string
}

func makeIdentities(name string, home layout.Cluster, server string) (*identities, error) {
	ids := &identities{}
	var err error
	for file, target := range map[string]**pki.Authority{"ca": &ids.ca, "etcd-ca": &ids.etcdCA, "front-proxy-ca": &ids.frontProxyCA} {
		if *target, err = pki.Open(home.PKI(), file, name+"-"+file); err != nil {
			return nil, err
		}
	}
	if ids.etcd, err = ids.etcdCA.Server("etcd"); err != nil {
		return nil, err
	}
	if ids.etcdClient, err = ids.etcdCA.Client("etcd-client", "kube-apiserver"); err != nil {
		return nil, err
	}
	ids.api, err = ids.ca.Server("kube-apiserver", "kubernetes", "kubernetes.default", "kubernetes.default.svc")
	if err != nil {
		return nil, err
	}
	if ids.saPrivate, ids.saPublic, err = pki.SigningKey(home.PKI()); err != nil {
		return nil, err
	}
	return ids, ids.writeKubeconfigs(name, home, server)
}

// writeKubeconfigs gives every component an identity of its own, so that what it writes can be told apart.
func (ids *identities) writeKubeconfigs(name string, home layout.Cluster, server string) error {
	users := map[string]string{
		home.Kubeconfig(): "lab-admin",
		home.ComponentKubeconfig(ControllerManager):      "system:kube-controller-manager",
		home.ComponentKubeconfig(RegistrationController): "open-cluster-management-hub-registration",
		home.ComponentKubeconfig(AgentKubeconfig):        "open-cluster-management-agent",
		home.ComponentKubeconfig(VeleroKubeconfig):       "velero",
		home.ComponentKubeconfig(InstallAdminKubeconfig): "system:admin",
	}
	for file, user := range users {
		pair, err := ids.ca.Client("client-"+safe(user), user, masters)
		if err != nil {
			return err
		}
		config := kubeconfig.ForCert(name, kubeconfig.Cluster{Name: name, Server: server, CA: ids.ca.PEM}, name, pair.Cert, pair.Key)
		if err := kubeconfig.Write(file, config); err != nil {
			return err
		}
	}
	return nil
}

// Kubeconfigs of components that the kubelet starts, and the one that the installer of a cluster left with Hive.
const (
	AgentKubeconfig        = "agent"
	VeleroKubeconfig       = "velero"
	InstallAdminKubeconfig = "install-admin"
)

func safe(user string) string {
	text := []rune(user)
	for i, r := range text {
		if r == ':' || r == '/' {
			text[i] = '-'
		}
	}
	return string(text)
}
