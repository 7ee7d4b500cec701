package cluster

import (
	"fmt"

	"github.com/acmdr/kubectl-acmdr/test/lab/internal/probe"
	"github.com/acmdr/kubectl-acmdr/test/lab/internal/process"
)

// etcdPeer is a port that is only in etcd's flags: it has one member.
const etcdPeer = "etcd-peer"

// Purposes names the ports a cluster needs.
func Purposes(hub bool) []string {
	list := []string{Etcd, etcdPeer, APIServer, ControllerManager}
	if hub {
		list = append(list, RegistrationController)
	}
	return list
}

func (c *Cluster) etcdSpec() process.Spec {
	client, peer := c.url(Etcd), c.url(etcdPeer)
	spec := c.spec(Etcd, "etcd",
		"--name="+c.Name,
		"--data-dir="+c.Home.Etcd(),
		// Nothing here outlives the machine; a killed process loses nothing without it.
		"--unsafe-no-fsync",
		"--listen-client-urls="+client, "--advertise-client-urls="+client,
		"--listen-peer-urls="+peer, "--initial-advertise-peer-urls="+peer, "--initial-cluster="+c.Name+"="+peer,
		"--cert-file="+c.ids.etcd.CertFile, "--key-file="+c.ids.etcd.KeyFile,
		"--trusted-ca-file="+c.ids.etcdCA.CertFile, "--client-cert-auth",
		"--peer-cert-file="+c.ids.etcd.CertFile, "--peer-key-file="+c.ids.etcd.KeyFile,
		"--peer-trusted-ca-file="+c.ids.etcdCA.CertFile, "--peer-client-cert-auth",
		"--quota-backend-bytes=4294967296",
		"--log-level=warn",
	)
	spec.Ready = probe.TCP(c.Port(Etcd))
	return spec
}

func (c *Cluster) apiServerSpec() process.Spec {
	spec := c.spec(APIServer, "kube-apiserver",
		"--etcd-servers="+c.url(Etcd),
		"--etcd-cafile="+c.ids.etcdCA.CertFile,
		"--etcd-certfile="+c.ids.etcdClient.CertFile, "--etcd-keyfile="+c.ids.etcdClient.KeyFile,
		"--bind-address=127.0.0.1", fmt.Sprintf("--secure-port=%d", c.Port(APIServer)),
		"--advertise-address=127.0.0.1", "--endpoint-reconciler-type=none",
		"--tls-cert-file="+c.ids.api.CertFile, "--tls-private-key-file="+c.ids.api.KeyFile,
		"--client-ca-file="+c.ids.ca.CertFile,
		"--requestheader-client-ca-file="+c.ids.frontProxyCA.CertFile,
		"--requestheader-allowed-names=front-proxy-client",
		"--requestheader-username-headers=X-Remote-User", "--requestheader-group-headers=X-Remote-Group",
		"--requestheader-extra-headers-prefix=X-Remote-Extra-",
		"--service-account-issuer=https://kubernetes.default.svc",
		"--service-account-key-file="+c.ids.saPublic, "--service-account-signing-key-file="+c.ids.saPrivate,
		"--service-cluster-ip-range=10.96.0.0/16",
		"--authorization-mode=RBAC",
		// There are no pods to mount a token into.
		"--disable-admission-plugins=ServiceAccount",
		"--profiling=false",
	)
	spec.Ready = c.Clients.Serving
	return spec
}

func (c *Cluster) controllerManagerSpec() process.Spec {
	spec := c.spec(ControllerManager, "kube-controller-manager",
		"--kubeconfig="+c.Home.ComponentKubeconfig(ControllerManager),
		"--controllers=csrsigning,csrcleaner,root-ca-certificate-publisher-controller,serviceaccount-controller,"+
			"serviceaccount-token-controller,namespace-controller,garbage-collector-controller,clusterrole-aggregation-controller",
		"--cluster-signing-cert-file="+c.ids.ca.CertFile, "--cluster-signing-key-file="+c.ids.ca.KeyFile,
		"--service-account-private-key-file="+c.ids.saPrivate,
		"--root-ca-file="+c.ids.ca.CertFile,
		"--leader-elect=false",
		"--bind-address=127.0.0.1", fmt.Sprintf("--secure-port=%d", c.Port(ControllerManager)),
		"--cert-dir="+c.Home.Tmp(ControllerManager),
		// A fleet of thousands is made and torn down here.
		"--kube-api-qps=500", "--kube-api-burst=1000",
		"--profiling=false",
	)
	spec.Ready = probe.Healthz(c.Port(ControllerManager))
	return spec
}

func (c *Cluster) registrationControllerSpec() process.Spec {
	spec := c.spec(RegistrationController, "registration", "controller",
		"--kubeconfig="+c.Home.ComponentKubeconfig(RegistrationController),
		"--namespace=open-cluster-management-hub",
		"--disable-leader-election",
		fmt.Sprintf("--listen=127.0.0.1:%d", c.Port(RegistrationController)),
	)
	spec.Ready = probe.Healthz(c.Port(RegistrationController))
	spec.EarlyExits = 2 // it gives up on a slow API server
	return spec
}
