// Package kubelet stands in for the kubelet of a cluster that has no nodes: it runs the containers of Open Cluster
// Management's agents and of Velero as processes, with the secrets that their pods would mount as files.
package kubelet

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/acmdr/kubectl-acmdr/test/lab/internal/build"
	"github.com/acmdr/kubectl-acmdr/test/lab/internal/kube"
	"github.com/acmdr/kubectl-acmdr/test/lab/internal/layout"
	"github.com/acmdr/kubectl-acmdr/test/lab/internal/probe"
	"github.com/acmdr/kubectl-acmdr/test/lab/internal/process"
)

// Components that make up the klusterlet.
const (
	RegistrationAgent = "registration-agent"
	WorkAgent         = "work-agent"
)

// AgentNamespace is where the agents keep their secrets; they have no flag for it.
const AgentNamespace = "open-cluster-management-agent"

const (
	bootstrapSecret = "bootstrap-hub-kubeconfig"
	hubSecret       = "hub-kubeconfig-secret"
	kubeconfigKey   = "kubeconfig"
)

// AgentsConfig is what the agents of one cluster are made from.
type AgentsConfig struct {
	// Cluster is the cluster they run on, ManagedCluster is what hubs call it (local-cluster on a hub).
	Cluster, ManagedCluster string
	Dir                     layout.Dir
	Bin                     build.Cache
	Clients                 *kube.Clients
	// Kubeconfig opens the cluster they run on.
	Kubeconfig string
	Port       func(purpose string) int
}

// Agents are the registration agent and the work agent of one cluster.
type Agents struct {
	AgentsConfig
	home         layout.Cluster
	registration *process.Process
	work         *process.Process
	stop         context.CancelFunc
	watching     chan struct{}
	// grace is the eviction grace period that the work agent was last started with; nil before.
	grace atomic.Pointer[string]
	// files is held while a secret is written, so that an older one never overwrites a newer one.
	files sync.Mutex
}

// NewAgents prepares the agents; nothing is started.
func NewAgents(config AgentsConfig) *Agents {
	a := &Agents{AgentsConfig: config, home: config.Dir.Cluster(config.Cluster)}
	a.registration = process.New(a.spec(RegistrationAgent, a.registrationCommand))
	a.work = process.New(a.spec(WorkAgent, a.workCommand))
	return a
}

// Processes are the agents, in start order.
func (a *Agents) Processes() []*process.Process {
	return []*process.Process{a.registration, a.work}
}

// Start runs the agents as soon as their secrets are there, and keeps the secrets' files, and the work agent's grace period,
// up to date.
func (a *Agents) Start() {
	if a.stop == nil {
		// The registration agent's own copy is in an emptyDir: it is gone when the node is.
		_ = os.RemoveAll(a.hubDir())
		ctx, cancel := context.WithCancel(context.Background())
		a.stop, a.watching = cancel, make(chan struct{})
		go func() {
			defer close(a.watching)
			var all sync.WaitGroup
			all.Go(func() { a.syncSecrets(ctx) })
			all.Go(func() { a.followKlusterlet(ctx) })
			all.Wait()
		}()
	}
	a.registration.Start()
	a.work.Start()
}

// StopSync ends the following of secrets and of the Klusterlet; the agents themselves are stopped as processes.
func (a *Agents) StopSync() {
	if a.stop == nil {
		return
	}
	a.stop()
	<-a.watching
	a.stop = nil
}

func (a *Agents) spec(name string, command func(context.Context) ([]string, error)) process.Spec {
	tmp := a.home.Tmp(name)
	healthz := probe.Healthz(a.Port(name))
	return process.Spec{
		Cluster: a.Cluster,
		Name:    name,
		Log:     a.Dir.Log(a.Cluster, name),
		URL:     fmt.Sprintf("https://127.0.0.1:%d", a.Port(name)),
		Ready:   healthz,
		// Both Deployments have this liveness probe. It is how an agent that missed a change of its bootstrap secret finds out.
		Live: healthz,
		// An agent that starts while its hub is slow exits, as its pod would.
		EarlyExits: 5,
		Command: func(ctx context.Context) (*process.Command, error) {
			args, err := command(ctx)
			if err != nil {
				return nil, err
			}
			if err := errors.Join(process.FreshDir(tmp), process.MakeDirs(a.hubDir())); err != nil {
				return nil, err
			}
			return &process.Command{
				Path: a.Bin.Program(strings.TrimSuffix(name, "-agent")), Args: args, Env: process.Env(string(a.Dir), tmp, tmp),
			}, nil
		},
	}
}

func (a *Agents) bootstrapDir() string { return filepath.Join(a.home.Agent(), "bootstrap") }
func (a *Agents) hubDir() string       { return filepath.Join(a.home.Agent(), "hub-kubeconfig") }
func (a *Agents) workDir() string      { return filepath.Join(a.home.Agent(), "work-hub-kubeconfig") }

func (a *Agents) registrationCommand(ctx context.Context) ([]string, error) {
	id, err := a.klusterletUID(ctx)
	if err != nil {
		return nil, err
	}
	if err := a.mount(ctx, bootstrapSecret, a.bootstrapDir()); err != nil {
		return nil, err
	}
	return append(a.commonArgs(RegistrationAgent, id),
		"--bootstrap-kubeconfig="+filepath.Join(a.bootstrapDir(), kubeconfigKey),
		"--hub-kubeconfig-dir="+a.hubDir(),
		"--cluster-healthcheck-period=10s",
	), nil
}

func (a *Agents) workCommand(ctx context.Context) ([]string, error) {
	klusterlet, err := a.klusterlet(ctx)
	if err != nil {
		return nil, err
	}
	if err := a.mount(ctx, hubSecret, a.workDir()); err != nil {
		return nil, err
	}
	file := filepath.Join(a.workDir(), kubeconfigKey)
	args := append(a.commonArgs(WorkAgent, string(klusterlet.GetUID())),
		"--workload-source-driver=kube",
		"--workload-source-config="+file,
		"--terminate-on-files="+file,
		"--status-sync-interval=5s",
	)
	grace := evictionGrace(klusterlet)
	a.grace.Store(&grace)
	if grace != "" {
		args = append(args, "--appliedmanifestwork-eviction-grace-period="+grace)
	}
	return args, nil
}

func (a *Agents) commonArgs(name, id string) []string {
	return []string{
		"agent",
		"--kubeconfig=" + a.Kubeconfig,
		"--namespace=" + AgentNamespace,
		"--spoke-cluster-name=" + a.ManagedCluster,
		"--agent-id=" + id,
		"--disable-leader-election",
		fmt.Sprintf("--listen=127.0.0.1:%d", a.Port(name)),
	}
}
