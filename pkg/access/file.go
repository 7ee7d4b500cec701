package access

import (
	"context"
	"fmt"

	"github.com/acmdr/kubectl-acmdr/pkg/kubeconfig"
)

// File is a kubeconfig that the user gave for a cluster.
type File struct {
	Path string
	Data []byte
}

// Files are the kubeconfigs that the user gave, by cluster name.
type Files map[string]File

// Name is the source's name in messages.
func (Files) Name() string { return "kubeconfig file" }

// Find returns the credential in the cluster's file, or ErrNone.
func (f Files) Find(_ context.Context, cluster string) (*Credential, error) {
	file, ok := f[cluster]
	if !ok {
		return nil, ErrNone
	}
	config, err := kubeconfig.Load(file.Data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file.Path, err)
	}
	return &Credential{Source: "File", Origin: file.Path, User: user(config), Config: config, NotAfter: expiry(config)}, nil
}
