package fill

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"os"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/acmdr/kubectl-acmdr/test/lab/internal/cluster"
	"github.com/acmdr/kubectl-acmdr/test/lab/internal/layout"
)

const (
	firstHub = layout.HubOne
	// TokenLife is how long ACM makes a bootstrap token good for.
	TokenLife = 360 * 24 * time.Hour
)

// Registration is one managed cluster and the hub that it registers with first.
type Registration struct {
	// Name is what the hub calls the cluster.
	Name         string
	Hub, Managed *cluster.Cluster
	// Infix is the random part of the names of Hive's secrets.
	Infix string
	// Logf receives what is being waited for.
	Logf func(format string, args ...any)
}

// values are what the manifests are filled with.
type values struct {
	Name, Server         string
	Local                bool
	CA, AdminKubeconfig  []byte
	Bootstrap            []byte
	ImportYAML, CRDsYAML []byte
	Provision, ClusterID string
	InfraID, Password    string
	Now, Expiration      string
}

// Run puts the cluster on the hub and has it registered the way ACM does it: the agent asks for a certificate, the request
// is approved. It returns when the cluster is available and its works are applied.
func (r *Registration) Run(ctx context.Context) error {
	if err := r.run(ctx); err != nil {
		return fmt.Errorf("registering %s at %s: %w", r.Name, r.Hub.Name, err)
	}
	return nil
}

func (r *Registration) run(ctx context.Context) error {
	v, err := r.values(ctx)
	if err != nil {
		return err
	}
	if err := r.create(ctx, v, "managedcluster.yaml", "identity.yaml"); err != nil {
		return err
	}
	if v.Bootstrap, err = BootstrapKubeconfig(ctx, r.Hub, r.Name); err != nil {
		return err
	}
	if v.ImportYAML, err = ImportContent(v.Name, v.Bootstrap); err != nil {
		return err
	}
	if v.CRDsYAML, err = KlusterletCRD(r.Hub); err != nil {
		return err
	}
	names := []string{"import.yaml"}
	if !v.Local {
		names = append(names, "hive.yaml", "works.yaml")
	}
	if err := r.create(ctx, v, names...); err != nil {
		return err
	}
	if err := r.bootstrap(ctx, v.Bootstrap); err != nil {
		return err
	}
	r.Logf("%s: waiting for %s to ask for a certificate, join and be available", r.Hub.Name, r.Name)
	if err := r.join(ctx); err != nil {
		return err
	}
	r.Logf("%s: %s has joined and is available", r.Hub.Name, r.Name)
	if v.Local {
		return nil
	}
	return r.worksApplied(ctx, v)
}

func (r *Registration) values(ctx context.Context) (*values, error) {
	admin, err := os.ReadFile(r.Managed.Home.ComponentKubeconfig(cluster.InstallAdminKubeconfig))
	if err != nil {
		return nil, err
	}
	secret := make([]byte, 8)
	if _, err := rand.Read(secret); err != nil {
		return nil, err
	}
	system, err := r.Managed.Clients.Kube.CoreV1().Namespaces().Get(ctx, metav1.NamespaceSystem, metav1.GetOptions{})
	if err != nil {
		return nil, err
	}
	now := time.Now().UTC()
	return &values{
		Name: r.Name, Server: r.Managed.Server, CA: r.Managed.CA(),
		Local:           r.Name == layout.LocalCluster,
		AdminKubeconfig: admin,
		Provision:       r.Name + "-0-" + r.Infix,
		InfraID:         r.Name + "-" + r.Infix,
		ClusterID:       string(system.UID), // as ACM takes it where there is no ClusterVersion
		Password:        hex.EncodeToString(secret),
		Now:             now.Format(time.RFC3339), Expiration: now.Add(TokenLife).Format(time.RFC3339),
	}, nil
}

func (r *Registration) create(ctx context.Context, v *values, names ...string) error {
	list, err := objects(v, names...)
	if err != nil {
		return err
	}
	return r.Hub.Clients.Create(ctx, list...)
}

// bootstrap hands the kubeconfig to the agent.
func (r *Registration) bootstrap(ctx context.Context, config []byte) error {
	secrets := r.Managed.Clients.Kube.CoreV1().Secrets("open-cluster-management-agent")
	secret := &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Name: "bootstrap-hub-kubeconfig"},
		Data:       map[string][]byte{"kubeconfig": config},
	}
	_, err := secrets.Create(ctx, secret, metav1.CreateOptions{})
	if apierrors.IsAlreadyExists(err) {
		return nil // of an earlier run that was interrupted
	}
	return err
}

func (r *Registration) worksApplied(ctx context.Context, v *values) error {
	works, err := objects(v, "works.yaml")
	if err != nil {
		return err
	}
	r.Logf("%s: waiting for the ManifestWorks of %s to be applied", r.Hub.Name, r.Name)
	for _, work := range works {
		if err := r.Hub.Clients.WaitConditions(ctx, work, "Applied", "Available"); err != nil {
			return err
		}
	}
	return nil
}

// managedCluster names the object to wait for.
func (r *Registration) managedCluster() *unstructured.Unstructured {
	object := &unstructured.Unstructured{}
	object.SetAPIVersion("cluster.open-cluster-management.io/v1")
	object.SetKind("ManagedCluster")
	object.SetName(r.Name)
	return object
}
