// Package acm is a stand-in for the managedcluster-import-controller of Advanced Cluster Management, which cannot be built
// here: not the real one, but what the real one (stolostron/managedcluster-import-controller 3cd774d, outside OpenShift) was
// seen to do on a hub that clusters are restored to and moved from:
//
//   - a namespace with the managed-cluster label and no ManagedCluster is deleted within two seconds;
//   - a ManagedCluster gets its bootstrap identity: a ServiceAccount, a ClusterRole and a ClusterRoleBinding;
//   - it gets the secret <cluster>-import, with a bootstrap token that is good for 360 days. One that is there, from another
//     hub even, keeps its token for as long as it says that it is not expired; its server and CA become this hub's;
//   - once accepted, it gets the works <cluster>-klusterlet, which applies that bootstrap secret to the cluster again and
//     again, and <cluster>-klusterlet-crds;
//   - CSRs of the bootstrap identity are approved;
//   - with the annotation disable-auto-import the works only read.
package acm

import (
	"context"
	"errors"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/acmdr/kubectl-acmdr/test/lab/internal/cluster"
	"github.com/acmdr/kubectl-acmdr/test/lab/internal/fill"
	"github.com/acmdr/kubectl-acmdr/test/lab/internal/kube"
	"github.com/acmdr/kubectl-acmdr/test/lab/internal/layout"
)

// interval is how often the hub is looked at.
const interval = 500 * time.Millisecond

const (
	managedClusterLabel = "cluster.open-cluster-management.io/managedCluster"
	disableAutoImport   = "import.open-cluster-management.io/disable-auto-import"
	accepted            = "HubAcceptedManagedCluster"
)

var (
	managedClusters    = schema.GroupVersionResource{Group: "cluster.open-cluster-management.io", Version: "v1", Resource: "managedclusters"}
	clusterDeployments = schema.GroupVersionResource{Group: "hive.openshift.io", Version: "v1", Resource: "clusterdeployments"}
	addons             = schema.GroupVersionResource{Group: "addon.open-cluster-management.io", Version: "v1alpha1", Resource: "managedclusteraddons"}
)

// Controller acts on one hub.
type Controller struct {
	Hub *cluster.Cluster
	// Logf receives what goes wrong.
	Logf func(format string, args ...any)

	stop context.CancelFunc
	done chan struct{}
}

// Start begins to act, if it does not yet.
func (c *Controller) Start() {
	if c.stop != nil {
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	c.stop, c.done = cancel, make(chan struct{})
	go c.run(ctx)
}

// Stop ends it, and waits until it has.
func (c *Controller) Stop() {
	if c.stop == nil {
		return
	}
	c.stop()
	<-c.done
	c.stop = nil
}

func (c *Controller) run(ctx context.Context) {
	defer close(c.done)
	said := ""
	for {
		if err := c.reconcile(ctx); err != nil && ctx.Err() == nil && err.Error() != said {
			said = err.Error()
			c.Logf("%s: acm: %s", c.Hub.Name, said)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(interval):
		}
	}
}

func (c *Controller) reconcile(ctx context.Context) error {
	// Namespaces are read first: one whose ManagedCluster comes between the two reads is not taken for an orphan.
	namespaces, err := c.Hub.Clients.Kube.CoreV1().Namespaces().List(ctx, metav1.ListOptions{LabelSelector: managedClusterLabel})
	if err != nil {
		return err
	}
	list, err := c.Hub.Clients.Dynamic.Resource(managedClusters).List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	known := map[string]bool{}
	var failed []error
	for i := range list.Items {
		known[list.Items[i].GetName()] = true
		if list.Items[i].GetName() != layout.LocalCluster {
			failed = append(failed, c.importCluster(ctx, &list.Items[i]))
		}
	}
	for i := range namespaces.Items {
		if name := namespaces.Items[i].Name; !known[name] && namespaces.Items[i].DeletionTimestamp == nil {
			failed = append(failed, c.deleteNamespace(ctx, name))
		}
	}
	return errors.Join(failed...)
}

// deleteNamespace removes what is left of a cluster, unless it is in use.
func (c *Controller) deleteNamespace(ctx context.Context, name string) error {
	for _, resource := range []schema.GroupVersionResource{addons, clusterDeployments} {
		list, err := c.Hub.Clients.Dynamic.Resource(resource).Namespace(name).List(ctx, metav1.ListOptions{Limit: 1})
		if err != nil || len(list.Items) > 0 {
			return err
		}
	}
	c.Logf("%s: acm: namespace %s has no ManagedCluster and is deleted", c.Hub.Name, name)
	return ignoreNotFound(c.Hub.Clients.Kube.CoreV1().Namespaces().Delete(ctx, name, metav1.DeleteOptions{}))
}

// importCluster gives a ManagedCluster what its agent needs to join.
func (c *Controller) importCluster(ctx context.Context, managed *unstructured.Unstructured) error {
	name := managed.GetName()
	if _, err := c.Hub.Clients.Kube.CoreV1().Namespaces().Get(ctx, name, metav1.GetOptions{}); err != nil {
		return ignoreNotFound(err) // the hub makes it when it accepts the cluster
	}
	identity, err := fill.BootstrapIdentity(name)
	if err != nil {
		return err
	}
	if err := c.Hub.Clients.Create(ctx, identity...); err != nil {
		return err
	}
	content, err := c.importSecret(ctx, name)
	if err != nil {
		return fmt.Errorf("%s-import: %w", name, err)
	}
	if err := fill.Approve(ctx, c.Hub.Clients, name, "AutoApprovedByCSRController"); err != nil {
		return err
	}
	if status, _ := kube.Condition(managed, accepted); status != string(metav1.ConditionTrue) {
		return nil
	}
	_, readOnly := managed.GetAnnotations()[disableAutoImport]
	return c.works(ctx, name, content, readOnly)
}

func ignoreNotFound(err error) error {
	if apierrors.IsNotFound(err) {
		return nil
	}
	return err
}
