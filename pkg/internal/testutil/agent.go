package testutil

import (
	"bytes"
	"fmt"
	"sync"
	"testing"
	"time"

	certificatesv1 "k8s.io/api/certificates/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	clienttesting "k8s.io/client-go/testing"
	clusterv1 "open-cluster-management.io/api/cluster/v1"

	"github.com/acmdr/kubectl-acmdr/pkg/ocm"
)

// How long the simulated controllers and agents take. They run on timers, in the time of a synctest bubble.
const (
	Knocking = 3 * time.Second
	Signing  = time.Second
	Joining  = 2 * time.Second
)

// Agent plays the agent of one cluster and, for it, the controllers of its new hub: what is approved is signed, and the agent
// joins when it has its certificate and the hub accepts it.
type Agent struct {
	t       *testing.T
	hub     *Hub
	cluster string

	mu    sync.Mutex
	asked int
	seen  []byte
}

// NewAgent watches a hub for approvals.
func NewAgent(t *testing.T, hub *Hub, cluster string) *Agent {
	t.Helper()
	a := &Agent{t: t, hub: hub, cluster: cluster}
	hub.Kube.PrependReactor("update", "certificatesigningrequests", func(action clienttesting.Action) (bool, runtime.Object, error) {
		update, ok := action.(clienttesting.UpdateAction)
		if ok && action.GetSubresource() == "approval" {
			if csr, ok := update.GetObject().(*certificatesv1.CertificateSigningRequest); ok {
				time.AfterFunc(Signing, func() { a.Sign(csr.Name) })
			}
		}
		return false, nil, nil
	})
	return a
}

// Ask has the agent make a CSR after a while.
func (a *Agent) Ask(after time.Duration, name string, edits ...Edit[certificatesv1.CertificateSigningRequest]) {
	time.AfterFunc(after, func() { a.Add(CSR(a.t, a.cluster, name, time.Now(), edits...)) })
}

// Add puts an object onto the hub.
func (a *Agent) Add(object runtime.Object) {
	if err := a.hub.Kube.Tracker().Add(object); err != nil {
		a.t.Error(err)
	}
}

var (
	csrs    = certificatesv1.SchemeGroupVersion.WithResource("certificatesigningrequests")
	secrets = corev1.SchemeGroupVersion.WithResource("secrets")
	leases  = schema.GroupVersionResource{Group: "coordination.k8s.io", Version: "v1", Resource: "leases"}
)

// Sign issues the certificate of a CSR; the agent joins with it.
func (a *Agent) Sign(name string) {
	object, err := a.hub.Kube.Tracker().Get(csrs, "", name)
	csr, ok := object.(*certificatesv1.CertificateSigningRequest)
	if err != nil || !ok {
		a.t.Errorf("CSR %s: %v", name, err)
		return
	}
	csr = csr.DeepCopy()
	Issued(csr)
	if err := a.hub.Kube.Tracker().Update(csrs, csr, ""); err != nil {
		a.t.Error(err)
	}
	time.AfterFunc(Joining, a.join)
}

// join sets what the hub knows of an agent at work, as soon as the hub accepts the cluster.
func (a *Agent) join() {
	cluster := a.Cluster()
	if !cluster.Spec.HubAcceptsClient {
		time.AfterFunc(Joining, a.join)
		return
	}
	Back(cluster)
	if err := a.hub.Dynamic.Tracker().Update(ocm.ManagedClusterResource, Object(a.t, ocm.ManagedClusterResource, cluster), ""); err != nil {
		a.t.Error(err)
	}
	lease := Lease(a.cluster, time.Now())
	if err := a.hub.Kube.Tracker().Update(leases, lease, a.cluster); apierrors.IsNotFound(err) {
		a.Add(lease)
	} else if err != nil {
		a.t.Error(err)
	}
}

// Cluster is the ManagedCluster as it is on the hub.
func (a *Agent) Cluster() *clusterv1.ManagedCluster {
	a.t.Helper()
	object, err := a.hub.Dynamic.Tracker().Get(ocm.ManagedClusterResource, "", a.cluster)
	if err != nil {
		a.t.Fatal(err)
	}
	cluster := &clusterv1.ManagedCluster{}
	if custom, ok := object.(*unstructured.Unstructured); !ok {
		a.t.Fatalf("got a %T", object)
	} else if err := runtime.DefaultUnstructuredConverter.FromUnstructured(custom.Object, cluster); err != nil {
		a.t.Fatal(err)
	}
	return cluster
}

// Watch has the agent knock at the hub whenever the bootstrap kubeconfig on its cluster has changed to one that opens it.
func (a *Agent) Watch(managed *Hub, namespace string, opens func(kubeconfig []byte) bool) {
	for _, verb := range []string{"create", "update"} {
		managed.Kube.PrependReactor(verb, "secrets", func(action clienttesting.Action) (bool, runtime.Object, error) {
			write, ok := action.(clienttesting.CreateAction)
			if !ok {
				return false, nil, nil
			}
			secret, ok := write.GetObject().(*corev1.Secret)
			if !ok || secret.Name != ocm.BootstrapSecret {
				return false, nil, nil
			}
			time.AfterFunc(Knocking, func() {
				stored, err := managed.Kube.Tracker().Get(secrets, namespace, ocm.BootstrapSecret)
				if err != nil {
					return // the write did not come through
				}
				if secret, ok := stored.(*corev1.Secret); ok {
					a.notice(secret.Data[ocm.KubeconfigKey], opens)
				}
			})
			return false, nil, nil
		})
	}
}

func (a *Agent) notice(kubeconfig []byte, opens func([]byte) bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if bytes.Equal(kubeconfig, a.seen) || !opens(kubeconfig) {
		return
	}
	a.seen = bytes.Clone(kubeconfig)
	a.asked++
	a.Ask(0, fmt.Sprintf("%s-%d", a.cluster, a.asked))
}
