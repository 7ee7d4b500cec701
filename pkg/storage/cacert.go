package storage

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
)

// ValidateCACert makes sure that a bundle is PEM with certificates and nothing else: it is kept in the open, in the location.
func ValidateCACert(bundle []byte) error {
	rest := bundle
	for count := 0; ; count++ {
		var block *pem.Block
		block, rest = pem.Decode(rest)
		switch {
		case block == nil && count == 0:
			return errors.New("the CA bundle holds no PEM certificate")
		case block == nil && bytes.Contains(rest, []byte("-----BEGIN")):
			return fmt.Errorf("the CA bundle is damaged after its certificate %d", count)
		case block == nil:
			return nil
		case block.Type != "CERTIFICATE":
			return fmt.Errorf("the CA bundle holds a %s: give certificates only", block.Type)
		}
		if _, err := x509.ParseCertificate(block.Bytes); err != nil {
			return fmt.Errorf("certificate %d of the CA bundle cannot be parsed: %w", count+1, err)
		}
	}
}
