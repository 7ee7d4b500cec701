package backup

import (
	"context"
	"fmt"
	"strings"

	"golang.org/x/sync/errgroup"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/sets"
	clusterv1 "open-cluster-management.io/api/cluster/v1"

	"github.com/acmdr/kubectl-acmdr/pkg/ocm"
	"github.com/acmdr/kubectl-acmdr/pkg/velero"
)

// Proof says, cluster by cluster, whether a backup holds what bringing it back needs.
type Proof struct {
	// Whole are the clusters that are in the backup, with their credential.
	Whole []string
	// Uncredentialed are in the backup too, but the hub has no credential for them: moving them will need a kubeconfig.
	Uncredentialed []string
	// Missing says what is not in the backup.
	Missing []Missing
}

// Verified tells that the backup was compared with the hub and lacks nothing.
func (p *Proof) Verified() bool {
	return len(p.Missing) == 0 && len(p.Whole)+len(p.Uncredentialed) > 0
}

// Missing is an object that a cluster needs and that is not in the backup.
type Missing struct {
	Cluster string
	Object  string
}

// shown is how many missing objects an error names; the rest it counts.
const shown = 5

// Err names what is missing; nil when nothing is.
func (p *Proof) Err(backup string) error {
	if len(p.Missing) == 0 {
		return nil
	}
	var names []string
	for i, missing := range p.Missing {
		if i == shown {
			names = append(names, fmt.Sprintf("and %d more", len(p.Missing)-shown))
			break
		}
		names = append(names, missing.Object)
	}
	return fmt.Errorf("backup %s is Completed but cannot bring every cluster back; not in it: %s", backup, strings.Join(names, ", "))
}

// prove compares the resource list of a backup with what each cluster needs.
func prove(list velero.ResourceList, clusters []string, credentials map[string]ocm.AdminKubeconfig) Proof {
	managed := sets.New(list.Names(clusterv1.GroupName, "ManagedCluster")...)
	namespaces := sets.New(list.Names("", "Namespace")...)
	stored := sets.New(list.Names("", "Secret")...)
	var proof Proof
	for _, cluster := range clusters {
		before := len(proof.Missing)
		lacks := func(object string) {
			proof.Missing = append(proof.Missing, Missing{Cluster: cluster, Object: object})
		}
		if !managed.Has(cluster) {
			lacks("ManagedCluster " + cluster)
		}
		if !namespaces.Has(cluster) {
			lacks("Namespace " + cluster)
		}
		credential, known := credentials[cluster]
		if secret := cluster + "/" + credential.Secret; known && !stored.Has(secret) {
			if credential.Exists {
				lacks("Secret " + secret)
			} else {
				lacks("Secret " + secret + " (the ClusterDeployment names it, but the hub does not have it)")
			}
		}
		switch {
		case len(proof.Missing) > before:
		case known:
			proof.Whole = append(proof.Whole, cluster)
		default:
			proof.Uncredentialed = append(proof.Uncredentialed, cluster)
		}
	}
	return proof
}

// read fetches what Velero wrote about the backup, all at the same time, and proves it.
func (r *Result) read(ctx context.Context, hub Hub, store *velero.Downloader, clusters []string) error {
	var list velero.ResourceList
	var credentials map[string]ocm.AdminKubeconfig
	group, ctx2 := errgroup.WithContext(ctx)
	group.Go(func() (err error) {
		list, err = store.ResourceList(ctx2, r.Backup)
		return err
	})
	group.Go(func() (err error) {
		credentials, err = ocm.AdminKubeconfigs(ctx2, hub.Kube, hub.Dynamic, metav1.NamespaceAll)
		return err
	})
	group.Go(func() error {
		contents, err := store.Open(ctx2, r.Backup.Spec.StorageLocation, velero.BackupContents, r.Backup.Name)
		if err != nil {
			return err
		}
		r.Size = contents.Size
		return contents.Close()
	})
	if r.Backup.Status.Warnings > 0 {
		group.Go(func() (err error) {
			r.Results, err = store.BackupResults(ctx2, r.Backup)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	r.Items = list.Len()
	r.Proof = prove(list, clusters, credentials)
	return r.forgive(ctx, hub)
}

// forgive drops what is missing of clusters that left the hub while the backup ran.
func (r *Result) forgive(ctx context.Context, hub Hub) error {
	var missing []Missing
	gone := map[string]bool{}
	for _, m := range r.Proof.Missing {
		left, known := gone[m.Cluster]
		if !known {
			_, err := ocm.ManagedClusters(hub.Dynamic).Get(ctx, m.Cluster)
			if err != nil && !apierrors.IsNotFound(err) {
				return fmt.Errorf("reading ManagedCluster %s: %w", m.Cluster, err)
			}
			left = err != nil
			gone[m.Cluster] = left
		}
		if !left {
			missing = append(missing, m)
		}
	}
	r.Proof.Missing = missing
	return nil
}
