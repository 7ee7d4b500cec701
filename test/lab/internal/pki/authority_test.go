package pki

import (
	"crypto/tls"
	"crypto/x509"
	"os"
	"testing"
)

func TestAuthority(t *testing.T) {
	dir, other := t.TempDir(), t.TempDir()
	ca, err := Open(dir, "ca", "hub-dr1")
	if err != nil {
		t.Fatal(err)
	}
	server, err := ca.Server("kube-apiserver", "kubernetes.default.svc")
	if err != nil {
		t.Fatal(err)
	}
	client, err := ca.Client("admin", "system:admin", "system:masters")
	if err != nil {
		t.Fatal(err)
	}
	foreign, err := Open(other, "ca", "hub-dr1")
	if err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		by    *Authority
		pair  *Pair
		usage x509.ExtKeyUsage
		dns   string
		ok    bool
	}{
		"server":               {ca, server, x509.ExtKeyUsageServerAuth, "127.0.0.1", true},
		"server by name":       {ca, server, x509.ExtKeyUsageServerAuth, "kubernetes.default.svc", true},
		"client":               {ca, client, x509.ExtKeyUsageClientAuth, "", true},
		"client is no server":  {ca, client, x509.ExtKeyUsageServerAuth, "", false},
		"not of the other hub": {foreign, client, x509.ExtKeyUsageClientAuth, "", false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			pool := x509.NewCertPool()
			pool.AppendCertsFromPEM(tt.by.PEM)
			pair, err := tls.X509KeyPair(tt.pair.Cert, tt.pair.Key)
			if err != nil {
				t.Fatal(err)
			}
			_, err = pair.Leaf.Verify(x509.VerifyOptions{Roots: pool, DNSName: tt.dns, KeyUsages: []x509.ExtKeyUsage{tt.usage}})
			if (err == nil) != tt.ok {
				t.Errorf("verified: %v, want ok %v", err, tt.ok)
			}
		})
	}
}

func TestOpenKeepsWhatIsThere(t *testing.T) {
	dir := t.TempDir()
	first, err := Open(dir, "ca", "x")
	if err != nil {
		t.Fatal(err)
	}
	second, err := Open(dir, "ca", "x")
	if err != nil {
		t.Fatal(err)
	}
	if string(first.PEM) != string(second.PEM) {
		t.Error("the authority changed")
	}
	info, err := os.Stat(first.KeyFile)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != 0o600 {
		t.Errorf("key file has mode %v", info.Mode().Perm())
	}
}
