package supervisor

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/acmdr/kubectl-acmdr/test/lab/internal/layout"
	"github.com/acmdr/kubectl-acmdr/test/lab/internal/probe"
	"github.com/acmdr/kubectl-acmdr/test/lab/internal/process"
	"github.com/acmdr/kubectl-acmdr/test/lab/internal/state"
)

// s3Keys open the S3 servers.
type s3Keys struct {
	Access string `json:"access"`
	Secret string `json:"secret"`
}

// newStores are the S3 servers of the lab; the same keys open all of them.
func (s *Supervisor) newStores(st *state.State) ([]*process.Process, error) {
	keys, err := loadKeys(s.Dir.S3Root())
	if err != nil {
		return nil, err
	}
	s3, err := s.newS3(st, keys)
	if err != nil || !st.MinIO {
		return []*process.Process{s3}, err
	}
	minIO, err := s.newMinIO(st, keys)
	return []*process.Process{s3, minIO}, err
}

func (s *Supervisor) newS3(st *state.State, keys *s3Keys) (*process.Process, error) {
	credentials := fmt.Sprintf("[default]\naws_access_key_id=%s\naws_secret_access_key=%s\n", keys.Access, keys.Secret)
	if err := os.WriteFile(s.Dir.S3Credentials(), []byte(credentials), 0o600); err != nil {
		return nil, err
	}
	// A bucket is a folder.
	if err := process.MakeDirs(filepath.Join(s.Dir.S3Data(), layout.Bucket)); err != nil {
		return nil, err
	}
	port := st.Port(layout.S3, layout.S3)
	home := string(s.Dir.Cluster(layout.S3))
	return process.New(process.Spec{
		Cluster: layout.S3,
		Name:    "versitygw",
		Log:     s.Dir.Log(layout.S3, "versitygw"),
		URL:     s3URL(st),
		Ready:   probe.TCP(port),
		Command: func(context.Context) (*process.Command, error) {
			return &process.Command{
				Path: s.Cache.Program("versitygw"),
				Args: []string{"--port", fmt.Sprintf("127.0.0.1:%d", port), "--region", layout.Region, "--quiet", "posix", s.Dir.S3Data()},
				Env: process.Env(string(s.Dir), home, home,
					"ROOT_ACCESS_KEY="+keys.Access, "ROOT_SECRET_KEY="+keys.Secret),
			}, nil
		},
	}), nil
}

func s3URL(st *state.State) string {
	return fmt.Sprintf("http://127.0.0.1:%d", st.Port(layout.S3, layout.S3))
}

// loadKeys reads the S3 server's keys, or makes them.
func loadKeys(file string) (*s3Keys, error) {
	keys := &s3Keys{}
	data, err := os.ReadFile(file)
	if err == nil {
		return keys, json.Unmarshal(data, keys)
	}
	if !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	random := make([]byte, 30)
	if _, err := rand.Read(random); err != nil {
		return nil, err
	}
	keys.Access, keys.Secret = "lab"+hex.EncodeToString(random[:8]), hex.EncodeToString(random[8:])
	data, err = json.Marshal(keys)
	if err != nil {
		return nil, err
	}
	return keys, os.WriteFile(file, data, 0o600)
}
