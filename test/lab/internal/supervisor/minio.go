package supervisor

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/acmdr/kubectl-acmdr/test/lab/internal/layout"
	"github.com/acmdr/kubectl-acmdr/test/lab/internal/pki"
	"github.com/acmdr/kubectl-acmdr/test/lab/internal/probe"
	"github.com/acmdr/kubectl-acmdr/test/lab/internal/process"
	"github.com/acmdr/kubectl-acmdr/test/lab/internal/state"
)

// kmsKeyName is what the key of MinIO's KMS is called, as a location names it in kmsKeyId.
const kmsKeyName = "lab"

// kmsKeySize is what MinIO's KMS asks for, in bytes (AES-256).
const kmsKeySize = 32

// newMinIO is an S3 server that encrypts in all of S3's ways. It has TLS, without which it takes no customer's key.
func (s *Supervisor) newMinIO(st *state.State, keys *s3Keys) (*process.Process, error) {
	// A folder of its data is a bucket, as it is for versitygw.
	if err := process.MakeDirs(filepath.Join(s.Dir.MinIOData(), layout.Bucket), s.Dir.MinIOCerts()); err != nil {
		return nil, err
	}
	if err := writeMinIOCertificate(s.Dir); err != nil {
		return nil, err
	}
	kms, err := loadKMSKey(s.Dir.MinIOKMS())
	if err != nil {
		return nil, err
	}
	port := st.Port(layout.MinIO, layout.MinIO)
	home := string(s.Dir.Cluster(layout.MinIO))
	return process.New(process.Spec{
		Cluster: layout.MinIO,
		Name:    "minio",
		Log:     s.Dir.Log(layout.MinIO, "minio"),
		URL:     fmt.Sprintf("https://127.0.0.1:%d", port),
		Ready:   probe.HTTPS(port, "/minio/health/live"),
		Command: func(context.Context) (*process.Command, error) {
			return &process.Command{
				Path: s.Cache.Program("minio"),
				Args: []string{
					"server", "--quiet", "--address", fmt.Sprintf("127.0.0.1:%d", port), "--certs-dir", s.Dir.MinIOCerts(), s.Dir.MinIOData(),
				},
				Env: process.Env(string(s.Dir), home, home,
					"MINIO_ROOT_USER="+keys.Access, "MINIO_ROOT_PASSWORD="+keys.Secret, "MINIO_REGION="+layout.Region,
					"MINIO_KMS_SECRET_KEY="+kmsKeyName+":"+kms, "MINIO_BROWSER=off", "MINIO_UPDATE=off"),
			}, nil
		},
	}), nil
}

// writeMinIOCertificate puts a certificate and its key where MinIO looks for them.
func writeMinIOCertificate(dir layout.Dir) error {
	ca, err := pki.Open(dir.MinIOPKI(), "ca", "minio-ca")
	if err != nil {
		return err
	}
	pair, err := ca.Server("minio")
	if err != nil {
		return err
	}
	return errors.Join(
		os.WriteFile(filepath.Join(dir.MinIOCerts(), "public.crt"), pair.Cert, 0o600),
		os.WriteFile(filepath.Join(dir.MinIOCerts(), "private.key"), pair.Key, 0o600))
}

// loadKMSKey reads the key of MinIO's KMS, or makes it: what it encrypted must be read after a restart.
func loadKMSKey(file string) (string, error) {
	data, err := os.ReadFile(file)
	if !errors.Is(err, os.ErrNotExist) {
		return string(data), err
	}
	key := make([]byte, kmsKeySize)
	if _, err := rand.Read(key); err != nil {
		return "", err
	}
	text := base64.StdEncoding.EncodeToString(key)
	return text, os.WriteFile(file, []byte(text), 0o600)
}
