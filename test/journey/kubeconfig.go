package journey

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"time"

	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// Kubeconfig is a credential as a user may have it, good or bad.
type Kubeconfig struct {
	Server   string
	Insecure bool
	CA       []byte
	User     clientcmdapi.AuthInfo
}

// ReadKubeconfig reads a kubeconfig of the lab.
func ReadKubeconfig(t TB, file string) Kubeconfig {
	t.Helper()
	config, err := clientcmd.LoadFromFile(file)
	if err != nil {
		t.Fatalf("%v", err)
	}
	current := config.Contexts[config.CurrentContext]
	cluster, user := config.Clusters[current.Cluster], config.AuthInfos[current.AuthInfo]
	return Kubeconfig{Server: cluster.Server, CA: cluster.CertificateAuthorityData, User: *user}
}

// WithExec makes the credential come from a program.
func (k Kubeconfig) WithExec(program string, args ...string) Kubeconfig {
	k.User = clientcmdapi.AuthInfo{Exec: &clientcmdapi.ExecConfig{
		APIVersion: "client.authentication.k8s.io/v1", Command: program, Args: args, InteractiveMode: clientcmdapi.NeverExecInteractiveMode,
	}}
	return k
}

// WithoutTLS makes the server's certificate unverified.
func (k Kubeconfig) WithoutTLS() Kubeconfig {
	k.Insecure, k.CA = true, nil
	return k
}

// WithExpiredCertificate makes the user's certificate one that expired yesterday.
func (k Kubeconfig) WithExpiredCertificate(t TB) Kubeconfig {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatalf("%v", err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "admin", Organization: []string{"system:masters"}},
		NotBefore: time.Now().AddDate(-1, 0, 0), NotAfter: time.Now().AddDate(0, 0, -1),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	certificate, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatalf("%v", err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatalf("%v", err)
	}
	k.User = clientcmdapi.AuthInfo{
		ClientCertificateData: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate}),
		ClientKeyData:         pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}),
	}
	return k
}

// Encode writes the kubeconfig.
func (k Kubeconfig) Encode(t TB) []byte {
	t.Helper()
	config := clientcmdapi.NewConfig()
	config.Clusters["cluster"] = &clientcmdapi.Cluster{
		Server: k.Server, CertificateAuthorityData: k.CA, InsecureSkipTLSVerify: k.Insecure,
	}
	config.AuthInfos["user"] = &k.User
	config.Contexts["context"] = &clientcmdapi.Context{Cluster: "cluster", AuthInfo: "user"}
	config.CurrentContext = "context"
	data, err := clientcmd.Write(*config)
	if err != nil {
		t.Fatalf("%v", err)
	}
	return data
}
