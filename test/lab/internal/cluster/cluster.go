// Package cluster makes one cluster of the lab: its control plane, and on a hub the controller that managed clusters
// register with.
package cluster

import (
	"context"
	"fmt"

	"github.com/acmdr/kubectl-acmdr/test/lab/internal/build"
	"github.com/acmdr/kubectl-acmdr/test/lab/internal/kube"
	"github.com/acmdr/kubectl-acmdr/test/lab/internal/layout"
	"github.com/acmdr/kubectl-acmdr/test/lab/internal/process"
)

// Components of a cluster.
const (
	Etcd                   = "etcd"
	APIServer              = "kube-apiserver"
	ControllerManager      = "kube-controller-manager"
	RegistrationController = "registration-controller"
)

// Config is what a cluster is made from.
type Config struct {
	Name string
	Hub  bool
	Dir  layout.Dir
	Bin  build.Cache
	// Port gives the loopback port of a purpose.
	Port func(purpose string) int
}

// Cluster is one cluster.
type Cluster struct {
	Config
	Home    layout.Cluster
	Server  string
	Clients *kube.Clients
	ids     *identities
	etcd    *process.Process
	api     *process.Process
	manager *process.Process
	hub     *process.Process
}

// New makes the keys and files of a cluster and opens it; nothing is started.
func New(config Config) (*Cluster, error) {
	c := &Cluster{Config: config, Home: config.Dir.Cluster(config.Name)}
	c.Server = fmt.Sprintf("https://127.0.0.1:%d", config.Port(APIServer))
	var err error
	if c.ids, err = makeIdentities(config.Name, c.Home, c.Server); err != nil {
		return nil, fmt.Errorf("%s: %w", config.Name, err)
	}
	if c.Clients, err = kube.Open(c.Home.Kubeconfig()); err != nil {
		return nil, fmt.Errorf("%s: %w", config.Name, err)
	}
	c.etcd = process.New(c.etcdSpec())
	c.api = process.New(c.apiServerSpec())
	c.manager = process.New(c.controllerManagerSpec())
	if config.Hub {
		c.hub = process.New(c.registrationControllerSpec())
	}
	return c, nil
}

// CA is the certificate that verifies the API server.
func (c *Cluster) CA() []byte { return c.ids.ca.PEM }

// StartControlPlane returns when the API server is ready.
func (c *Cluster) StartControlPlane(ctx context.Context) error {
	c.etcd.Start()
	if err := c.etcd.WaitReady(ctx); err != nil {
		return err
	}
	c.api.Start()
	if err := c.api.WaitReady(ctx); err != nil {
		return err
	}
	c.manager.Start()
	return nil
}

// StartHub starts the controller that managed clusters register with; the CRDs must be there.
func (c *Cluster) StartHub() {
	if c.hub != nil {
		c.hub.Start()
	}
}

// WaitReady waits for the controllers.
func (c *Cluster) WaitReady(ctx context.Context) error {
	if err := c.manager.WaitReady(ctx); err != nil {
		return err
	}
	if c.hub == nil {
		return nil
	}
	return c.hub.WaitReady(ctx)
}

// Processes are the cluster's own processes, in start order.
func (c *Cluster) Processes() []*process.Process {
	list := []*process.Process{c.etcd, c.api, c.manager}
	if c.hub != nil {
		list = append(list, c.hub)
	}
	return list
}

// spec fills in what all components have in common.
func (c *Cluster) spec(name, program string, args ...string) process.Spec {
	tmp := c.Home.Tmp(name)
	return process.Spec{
		Cluster: c.Name,
		Name:    name,
		Log:     c.Dir.Log(c.Name, name),
		URL:     c.url(name),
		Command: func(context.Context) (*process.Command, error) {
			if err := process.FreshDir(tmp); err != nil {
				return nil, err
			}
			return &process.Command{
				Path: c.Bin.Program(program), Args: args, Env: process.Env(string(c.Dir), tmp, tmp),
			}, nil
		},
	}
}

func (c *Cluster) url(purpose string) string {
	return fmt.Sprintf("https://127.0.0.1:%d", c.Port(purpose))
}
