package fill

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/acmdr/kubectl-acmdr/test/lab/internal/cluster"
	"github.com/acmdr/kubectl-acmdr/test/lab/internal/kube"
	"github.com/acmdr/kubectl-acmdr/test/lab/internal/kubeconfig"
)

// managedCRDs are the CRDs that a cluster needs which is no hub.
func managedCRDs() []string { return []string{"clusterclaims", "appliedmanifestworks", "klusterlets"} }

// Prepare installs what the components of a cluster need before they start: CRDs, namespaces, the Klusterlet with its eviction
// grace period; on a hub also what makes it a hub of its own.
func Prepare(ctx context.Context, c *cluster.Cluster, managedCluster, evictionGrace string) error {
	if err := installCRDs(ctx, c); err != nil {
		return fmt.Errorf("%s: %w", c.Name, err)
	}
	info, err := kubeconfig.Public(c.Server, c.CA())
	if err != nil {
		return err
	}
	names := []string{"spoke.yaml"}
	if c.Hub {
		names = append(names, "hub.yaml")
	}
	if c.Name == firstHub {
		names = append(names, "clusterset.yaml")
	}
	list, err := objects(map[string]string{
		"Name": c.Name, "ManagedCluster": managedCluster, "EvictionGrace": evictionGrace, "ClusterInfo": string(info),
	}, names...)
	if err != nil {
		return err
	}
	if err := c.Clients.Create(ctx, list...); err != nil {
		return fmt.Errorf("%s: %w", c.Name, err)
	}
	return nil
}

func installCRDs(ctx context.Context, c *cluster.Cluster) error {
	list, err := ocmCRDs(c.Bin.CRDs(), c.Hub)
	if err != nil {
		return err
	}
	if c.Hub {
		hive, err := objects(nil, "hive-crds.yaml")
		if err != nil {
			return err
		}
		list = append(list, hive...)
	}
	if err := c.Clients.Create(ctx, list...); err != nil {
		return err
	}
	for _, crd := range list {
		if err := c.Clients.WaitConditions(ctx, crd, "Established"); err != nil {
			return err
		}
	}
	return nil
}

// ocmCRDs reads the CRD files in dir.
func ocmCRDs(dir string, hub bool) ([]*unstructured.Unstructured, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.crd.yaml"))
	if err != nil {
		return nil, err
	}
	var list []*unstructured.Unstructured
	for _, file := range files {
		if !hub && !matches(file, managedCRDs()) {
			continue
		}
		data, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		some, err := kube.Decode(data)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		list = append(list, some...)
	}
	return list, nil
}

func matches(file string, names []string) bool {
	for _, name := range names {
		if strings.HasSuffix(file, "_"+name+".crd.yaml") {
			return true
		}
	}
	return false
}

// KlusterletCRD is what ACM calls crds.yaml.
func KlusterletCRD(hub *cluster.Cluster) ([]byte, error) {
	files, err := filepath.Glob(filepath.Join(hub.Bin.CRDs(), "*_klusterlets.crd.yaml"))
	if err != nil {
		return nil, err
	}
	if len(files) != 1 {
		return nil, fmt.Errorf("no CRD of Klusterlet in %s", hub.Bin.CRDs())
	}
	return os.ReadFile(files[0])
}
