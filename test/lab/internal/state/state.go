// Package state keeps what a lab must remember over a restart.
package state

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/acmdr/kubectl-acmdr/test/lab/internal/layout"
)

// State is written to state.json in the lab's folder.
type State struct {
	// Managed is the number of managed clusters.
	Managed int `json:"managed"`
	// EvictionGrace is how long a work agent keeps the workload of a ManifestWork that is missing on its hub.
	EvictionGrace string `json:"evictionGrace"`
	// ACM are the hubs with the stand-in for ACM's import controller.
	ACM []string `json:"acm,omitempty"`
	// MinIO tells that the lab has the S3 server that encrypts, too.
	MinIO bool `json:"minio,omitempty"`
	// Cache is the folder with the binaries that run.
	Cache string `json:"cache"`
	// Ports are the loopback ports, by "cluster/purpose".
	Ports map[string]int `json:"ports"`
	// Infix is the random part of the names that Hive gave the secrets of a cluster.
	Infix map[string]string `json:"infix"`
	// Filled says which clusters have been registered at their first hub, by "hub/cluster". Later moves are not the lab's.
	Filled map[string]bool `json:"filled"`
}

// Load reads the state of a lab; a lab that has never been up has an empty one.
func Load(dir layout.Dir) (*State, error) {
	s := &State{Ports: map[string]int{}, Infix: map[string]string{}, Filled: map[string]bool{}}
	data, err := os.ReadFile(dir.State())
	if errors.Is(err, os.ErrNotExist) {
		return s, nil
	}
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(data, s); err != nil {
		return nil, fmt.Errorf("%s: %w", dir.State(), err)
	}
	return s, nil
}

// Save replaces the state file in one step.
func (s *State) Save(dir layout.Dir) error {
	data, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return err
	}
	tmp := dir.State() + ".tmp"
	if err := os.WriteFile(tmp, append(data, '\n'), 0o600); err != nil {
		return err
	}
	return os.Rename(tmp, dir.State())
}

// Want merges what a user asked for into the state. Zero values keep what the lab has; a lab never shrinks, because its
// clusters have data.
func (s *State) Want(managed int, grace time.Duration, acm []string, minio bool) {
	s.MinIO = s.MinIO || minio
	if len(acm) > 0 {
		s.ACM = acm
	}
	s.Managed = max(s.Managed, managed)
	if s.Managed == 0 {
		s.Managed = 1
	}
	if grace > 0 {
		s.EvictionGrace = grace.String()
	}
	if s.EvictionGrace == "" {
		s.EvictionGrace = "60s"
	}
}

// Port returns the port of a purpose in a cluster.
func (s *State) Port(cluster, purpose string) int { return s.Ports[Key(cluster, purpose)] }

// Key names a port, or a registration, in the state.
func Key(cluster, what string) string { return cluster + "/" + what }
