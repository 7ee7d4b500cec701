// Package check looks at a hub and says, in rows of a table, whether its fleet could be brought back: what would fail, or lose
// something, on the day that the hub is lost. It works on the active hub and on the standby hub and, but for the
// DownloadRequests by which Velero is asked for a file, and a ServerStatusRequest where its image does not tell its version, only
// reads.
package check

import (
	"context"
	"errors"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	clusterv1 "open-cluster-management.io/api/cluster/v1"

	"github.com/acmdr/kubectl-acmdr/pkg/backup"
	"github.com/acmdr/kubectl-acmdr/pkg/ocm"
	"github.com/acmdr/kubectl-acmdr/pkg/preflight"
	"github.com/acmdr/kubectl-acmdr/pkg/velero"
	"github.com/acmdr/kubectl-acmdr/pkg/wait"
)

// Hub is the hub to look at.
type Hub struct {
	Kube    kubernetes.Interface
	Dynamic dynamic.Interface
	Config  *rest.Config
	// Velero is the hub's Velero; nil when it has none.
	Velero *velero.API
	UID    types.UID
	Clock  wait.Clock
}

// Options are what is asked of a hub.
type Options struct {
	// RPO is how old the newest good backup may be.
	RPO time.Duration
	// Soon is how long a credential should last at least.
	Soon time.Duration
}

// Row is one check that was made.
type Row = preflight.Row

// checker collects what several checks need to know.
type checker struct {
	hub      Hub
	options  Options
	location *velero.Location
	// down tells that Velero does not run, so that nothing is to be had of it.
	down bool
	// hubs are those with Completed backups in the bucket.
	hubs     []*velero.Hub
	clusters []clusterv1.ManagedCluster
	// skew is how far the hub's clock is ahead of this machine's.
	skew time.Duration
}

// Read makes every check but those of the managed clusters themselves; clusters are the hub's own, which it has listed. An
// error is what kept it from looking; what it found is in the rows.
func Read(ctx context.Context, hub Hub, options Options, clusters []clusterv1.ManagedCluster) ([]Row, error) {
	c := &checker{hub: hub, options: options, clusters: clusters}
	var rows []Row
	for _, check := range []func(context.Context) ([]Row, error){
		c.velero, c.clocks, c.place, c.newest, c.unread, c.otherHubs, c.schedules, c.endpoint, c.services, c.namespaces, c.permissions,
	} {
		more, err := check(ctx)
		if err != nil {
			return rows, err
		}
		rows = append(rows, more...)
	}
	return rows, nil
}

// Clusters lists the managed clusters of a hub but for the hub itself.
func Clusters(ctx context.Context, hub dynamic.Interface) ([]clusterv1.ManagedCluster, error) {
	var clusters []clusterv1.ManagedCluster
	err := ocm.ManagedClusters(hub).Each(ctx, "", func(cluster *clusterv1.ManagedCluster) error {
		if !ocm.IsLocal(cluster) {
			clusters = append(clusters, *cluster)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("listing ManagedClusters: %w", err)
	}
	return clusters, nil
}

// velero checks the server.
func (c *checker) velero(ctx context.Context) ([]Row, error) {
	const name = "velero"
	if c.hub.Velero == nil {
		return []Row{{Name: name, Result: preflight.Fail, Reason: "it is not installed on this hub", Remedy: "run 'kubectl acmdr install'"}}, nil
	}
	if err := c.hub.Velero.Running(ctx, c.hub.Kube); err != nil {
		c.down = true
		return found(name, err, "see 'kubectl get pods -n "+c.hub.Velero.Namespace+"'")
	}
	server, err := c.hub.Velero.Server(ctx, c.hub.Kube, c.hub.Clock)
	if err != nil {
		return nil, err
	}
	rows := []Row{preflight.Passed(name, "it runs in namespace %s", c.hub.Velero.Namespace)}
	return append(rows, preflight.Server(server, itemsPerCluster*len(c.clusters))...), nil
}

// itemsPerCluster is about what one managed cluster adds to a backup; a fleet of 1,000 had 18 objects each.
const itemsPerCluster = 18

func (c *checker) clocks(ctx context.Context) ([]Row, error) {
	if c.hub.Config == nil {
		return nil, nil
	}
	skew, err := preflight.HubSkew(ctx, c.hub.Config, c.hub.Clock)
	if err != nil {
		return nil, errors.Join(errors.New("reading the hub's clock"), err)
	}
	c.skew = skew
	return []Row{preflight.Clock("the hub", "this machine", skew, false)}, nil
}

// services checks what answers the hub's API groups: while one that the fleet's objects are in is dead, there is no backup.
func (c *checker) services(ctx context.Context) ([]Row, error) {
	row, err := preflight.APIServices(ctx, c.hub.Dynamic, backup.WholeGroup)
	return []Row{row}, err
}

func (c *checker) namespaces(ctx context.Context) ([]Row, error) {
	list, err := c.hub.Kube.CoreV1().Namespaces().List(ctx, metav1.ListOptions{FieldSelector: "status.phase=" + string(corev1.NamespaceTerminating)})
	if err != nil {
		return nil, fmt.Errorf("listing namespaces: %w", err)
	}
	own := map[string]bool{}
	for i := range c.clusters {
		own[c.clusters[i].Name] = true
	}
	return []Row{preflight.Terminating(list.Items, func(name string) bool { return own[name] })}, nil
}

// found is an error that is what a check was made to find.
func found(name string, err error, remedy string) ([]Row, error) {
	return []Row{{Name: name, Result: preflight.Fail, Reason: err.Error(), Remedy: remedy}}, nil
}
