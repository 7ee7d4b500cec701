package supervisor

import (
	"crypto/rand"
	"fmt"
	"path/filepath"
	"slices"

	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"k8s.io/client-go/tools/clientcmd"

	"github.com/acmdr/kubectl-acmdr/test/lab/internal/acm"
	"github.com/acmdr/kubectl-acmdr/test/lab/internal/build"
	"github.com/acmdr/kubectl-acmdr/test/lab/internal/cluster"
	"github.com/acmdr/kubectl-acmdr/test/lab/internal/kubeconfig"
	"github.com/acmdr/kubectl-acmdr/test/lab/internal/kubelet"
	"github.com/acmdr/kubectl-acmdr/test/lab/internal/layout"
	"github.com/acmdr/kubectl-acmdr/test/lab/internal/ports"
	"github.com/acmdr/kubectl-acmdr/test/lab/internal/process"
	"github.com/acmdr/kubectl-acmdr/test/lab/internal/state"
)

// veleroServers is how many Velero servers a hub may run.
const veleroServers = 4

// plan decides on ports and names, makes keys and files, and starts the S3 servers.
func (s *Supervisor) plan() error {
	if err := process.MakeDirs(s.Dir.Logs(), s.Dir.S3Data()); err != nil {
		return err
	}
	st, err := state.Load(s.Dir)
	if err != nil {
		return err
	}
	st.Want(s.Managed, s.Grace, s.ACM, s.MinIO)
	st.Cache = string(s.Cache)
	if err := choosePorts(s.Dir, st); err != nil {
		return err
	}
	for _, name := range layout.Managed(st.Managed) {
		if st.Infix[name] == "" {
			st.Infix[name] = infix()
		}
	}
	stores, err := s.newStores(st)
	if err != nil {
		return err
	}
	nodes, err := s.newNodes(st)
	if err != nil {
		return err
	}
	s.mu.Lock()
	s.state, s.stores, s.nodes = st, stores, nodes
	s.mu.Unlock()
	if err := s.writeKubeconfig(); err != nil {
		return err
	}
	s.journal.Logf("starting %d clusters and %d S3 servers", len(nodes), len(stores))
	for _, store := range stores {
		store.Start()
	}
	return st.Save(s.Dir)
}

func choosePorts(dir layout.Dir, st *state.State) error {
	root, err := build.Root()
	if err != nil {
		return err
	}
	names := []string{state.Key(layout.S3, layout.S3)}
	if st.MinIO {
		names = append(names, state.Key(layout.MinIO, layout.MinIO))
	}
	for _, name := range layout.Clusters(st.Managed) {
		for _, purpose := range purposes(isHub(name)) {
			names = append(names, state.Key(name, purpose))
		}
	}
	st.Ports, err = ports.NewRegistry(filepath.Join(root, "ports.json")).Allocate(string(dir), names, st.Ports)
	return err
}

func purposes(hub bool) []string {
	list := append(cluster.Purposes(hub), kubelet.RegistrationAgent, kubelet.WorkAgent)
	for i := range veleroServers {
		if hub {
			list = append(list, veleroPort(i))
		}
	}
	return list
}

func veleroPort(i int) string { return fmt.Sprintf("velero-metrics-%d", i) }

func isHub(name string) bool { return name == layout.HubOne || name == layout.HubTwo }

func (s *Supervisor) newNodes(st *state.State) ([]*node, error) {
	var nodes []*node
	for _, name := range layout.Clusters(st.Managed) {
		port := func(purpose string) int { return st.Port(name, purpose) }
		c, err := cluster.New(cluster.Config{Name: name, Hub: isHub(name), Dir: s.Dir, Bin: s.Cache, Port: port})
		if err != nil {
			return nil, err
		}
		n := &node{Cluster: c}
		managed := name
		if c.Hub {
			managed = layout.LocalCluster
			n.velero = s.newVelero(c, port)
			if slices.Contains(st.ACM, name) {
				n.acm = &acm.Controller{Hub: c, Logf: s.journal.Logf}
			}
		}
		n.agents = kubelet.NewAgents(kubelet.AgentsConfig{
			Cluster: name, ManagedCluster: managed, Dir: s.Dir, Bin: s.Cache, Clients: c.Clients,
			Kubeconfig: c.Home.ComponentKubeconfig(cluster.AgentKubeconfig), Port: port,
		})
		nodes = append(nodes, n)
	}
	return nodes, nil
}

func (s *Supervisor) newVelero(c *cluster.Cluster, port func(string) int) *kubelet.Velero {
	config := kubelet.VeleroConfig{
		Cluster: c.Name, Dir: s.Dir, Bin: s.Cache, Clients: c.Clients,
		Kubeconfig: c.Home.ComponentKubeconfig(cluster.VeleroKubeconfig),
	}
	for i := range veleroServers {
		config.Ports = append(config.Ports, port(veleroPort(i)))
	}
	return kubelet.NewVelero(config)
}

// writeKubeconfig merges the clusters' kubeconfigs into one; the first hub is its current context.
func (s *Supervisor) writeKubeconfig() error {
	var all []*clientcmdapi.Config
	for _, n := range s.nodes {
		config, err := clientcmd.LoadFromFile(n.Home.Kubeconfig())
		if err != nil {
			return err
		}
		all = append(all, config)
	}
	merged, err := kubeconfig.Merge(all...)
	if err != nil {
		return err
	}
	return kubeconfig.Write(s.Dir.Kubeconfig(), merged)
}

// infix is five letters and digits, as Kubernetes makes them.
func infix() string {
	const alphabet = "bcdfghjklmnpqrstvwxz2456789"
	data := make([]byte, 5)
	_, _ = rand.Read(data) // never fails
	for i := range data {
		data[i] = alphabet[int(data[i])%len(alphabet)]
	}
	return string(data)
}
