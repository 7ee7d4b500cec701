// Package pki makes the certificates and keys of one cluster. Every cluster has its own, so that nothing that one hub
// signed is worth anything at another.
package pki

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"net"
	"path/filepath"
	"time"
)

const (
	authorityLife = 10 * 365 * 24 * time.Hour
	leafLife      = 2 * 365 * 24 * time.Hour
	// clockSkew lets a certificate be used at once.
	clockSkew = 5 * time.Minute
)

// Authority is a certificate authority that is kept in two files.
type Authority struct {
	dir      string
	name     string
	cert     *x509.Certificate
	key      *ecdsa.PrivateKey
	CertFile string
	KeyFile  string
	// PEM is the certificate.
	PEM []byte
}

// Open reads the authority called name in dir, or makes it.
func Open(dir, name, commonName string) (*Authority, error) {
	a := &Authority{dir: dir, name: name, CertFile: filepath.Join(dir, name+".crt"), KeyFile: filepath.Join(dir, name+".key")}
	if !exists(a.CertFile) || !exists(a.KeyFile) {
		if err := a.create(commonName); err != nil {
			return nil, err
		}
	}
	var err error
	if a.PEM, a.cert, err = readCert(a.CertFile); err != nil {
		return nil, err
	}
	a.key, err = readKey(a.KeyFile)
	return a, err
}

func (a *Authority) create(commonName string) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	template, err := certificate(pkix.Name{CommonName: commonName}, authorityLife)
	if err != nil {
		return err
	}
	template.IsCA = true
	template.BasicConstraintsValid = true
	template.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature | x509.KeyUsageCRLSign
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return err
	}
	return writePair(a.CertFile, a.KeyFile, der, key)
}

// Pair is a certificate and its key, in files and in memory.
type Pair struct {
	CertFile, KeyFile string
	Cert, Key         []byte
}

// Client makes (or reads) a client certificate for a user and its groups.
func (a *Authority) Client(name, user string, groups ...string) (*Pair, error) {
	return a.pair(name, pkix.Name{CommonName: user, Organization: groups}, func(c *x509.Certificate) {
		c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	})
}

// Server makes (or reads) a certificate for a server on loopback. It is good for a client too, as etcd's peers need it.
func (a *Authority) Server(name string, names ...string) (*Pair, error) {
	return a.pair(name, pkix.Name{CommonName: name}, func(c *x509.Certificate) {
		c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}
		c.DNSNames = append([]string{"localhost"}, names...)
		c.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 1)}
	})
}

func (a *Authority) pair(name string, subject pkix.Name, change func(*x509.Certificate)) (*Pair, error) {
	certFile, keyFile := filepath.Join(a.dir, name+".crt"), filepath.Join(a.dir, name+".key")
	if !exists(certFile) || !exists(keyFile) {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			return nil, err
		}
		template, err := certificate(subject, leafLife)
		if err != nil {
			return nil, err
		}
		template.KeyUsage = x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment
		change(template)
		der, err := x509.CreateCertificate(rand.Reader, template, a.cert, key.Public(), a.key)
		if err != nil {
			return nil, fmt.Errorf("%s, signed by %s: %w", name, a.name, err)
		}
		if err := writePair(certFile, keyFile, der, key); err != nil {
			return nil, err
		}
	}
	return readPair(certFile, keyFile)
}

func certificate(subject pkix.Name, life time.Duration) (*x509.Certificate, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return nil, err
	}
	now := time.Now()
	return &x509.Certificate{
		SerialNumber: serial, Subject: subject, NotBefore: now.Add(-clockSkew), NotAfter: now.Add(life),
	}, nil
}
