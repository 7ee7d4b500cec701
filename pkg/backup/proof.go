package backup

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"
	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/acmdr/kubectl-acmdr/pkg/inspect"
	"github.com/acmdr/kubectl-acmdr/pkg/ocm"
	"github.com/acmdr/kubectl-acmdr/pkg/velero"
)

// Proof says, cluster by cluster, whether a backup holds what bringing it back needs, by the bytes in the bucket.
type Proof struct {
	// Whole are the clusters that are in the backup, with a credential that opens and has not expired.
	Whole []string
	// Uncredentialed are in the backup too, without a credential: moving them will need a kubeconfig.
	Uncredentialed []string
	// Unusable have a credential in the backup that does not do, and why.
	Unusable []inspect.Cluster
	// Lost are in the backup too, without a credential that the hub has of them, whatever others they have.
	Lost []Lost
	// Unseen are kinds, as resource.group, that the hub has objects of and Velero did not know yet.
	Unseen []string
	// Missing says what is not in the backup.
	Missing []Missing
}

// Held is the number of clusters that are in the backup.
func (p *Proof) Held() int {
	return len(p.Whole) + len(p.Uncredentialed) + len(p.Unusable) + len(p.Lost)
}

// Verified tells that the backup was compared with the hub and lacks nothing that the hub has.
func (p *Proof) Verified() bool {
	return len(p.Missing) == 0 && len(p.Lost) == 0 && len(p.Unseen) == 0 && p.Held() > 0
}

// Missing is an object that a cluster needs and that is not in the backup.
type Missing struct {
	Cluster string
	Object  string
}

// shown is how many missing objects an error names; the rest it counts.
const shown = 5

// Err names what is missing, else the credentials that do not do; nil when all is well.
func (p *Proof) Err(backup string) error {
	var named []string
	for _, missing := range p.Missing {
		named = append(named, missing.Object)
	}
	for _, lost := range p.Lost {
		named = append(named, fmt.Sprintf("the credential of %s (secret %s)", lost.Cluster, strings.Join(lost.Secrets, ", secret ")))
	}
	if len(named) > 0 {
		return fmt.Errorf("backup %s is Completed but lacks what the hub has of its clusters; not in it: %s", backup, first(named, ", "))
	}
	if len(p.Unseen) > 0 {
		return fmt.Errorf("backup %s is Completed but lacks all objects of kinds that came to the hub shortly before it, because Velero looks for new "+
			"kinds every five minutes: %s; back up again then, under another name", backup, first(p.Unseen, ", "))
	}
	for _, cluster := range p.Unusable {
		named = append(named, cluster.Name+": "+cluster.Reason)
	}
	if len(named) > 0 {
		return fmt.Errorf("backup %s holds all that the hub has, but credentials in it do not do: %s", backup, first(named, "; "))
	}
	return nil
}

// first keeps an error short.
func first(named []string, separator string) string {
	if len(named) > shown {
		named = append(named[:shown:shown], fmt.Sprintf("and %d more", len(named)-shown))
	}
	return strings.Join(named, separator)
}

// prove compares what is in a backup with what each cluster needs; lost are the secrets with a credential of a cluster that the hub
// has and the backup has not.
func prove(report *inspect.Report, clusters []string, lost func(cluster string) []string) Proof {
	held := map[string]inspect.Cluster{}
	for _, cluster := range report.Clusters {
		held[cluster.Name] = cluster
	}
	var proof Proof
	for _, name := range clusters {
		before := len(proof.Missing)
		cluster, ok := held[name]
		if !ok || cluster.Verdict == inspect.Incomplete {
			proof.Missing = append(proof.Missing, Missing{Cluster: name, Object: "ManagedCluster " + name})
		}
		if !cluster.Namespace {
			proof.Missing = append(proof.Missing, Missing{Cluster: name, Object: "Namespace " + name})
		}
		secrets := lost(name)
		switch {
		case len(proof.Missing) > before:
		case len(secrets) > 0:
			proof.Lost = append(proof.Lost, Lost{Cluster: name, Secrets: secrets})
		case cluster.Verdict == inspect.OK:
			proof.Whole = append(proof.Whole, name)
		case cluster.Verdict == inspect.NoCredential:
			proof.Uncredentialed = append(proof.Uncredentialed, name)
		default:
			proof.Unusable = append(proof.Unusable, cluster)
		}
	}
	return proof
}

// read fetches what Velero wrote, at the same time, and proves the backup by its own bytes.
func (r *Result) read(ctx context.Context, hub Hub, store *velero.Downloader, kinds *Kinds, clusters []string) error {
	inventory := inspect.New()
	group, ctx2 := errgroup.WithContext(ctx)
	group.Go(func() error { return inventory.Backup(ctx2, store, r.Backup) })
	group.Go(func() error {
		if size, err := store.BackupSize(ctx2, r.Backup); err == nil { // a backup whose size is not known is as good
			r.Size = size
		}
		return nil
	})
	group.Go(func() (err error) {
		r.Results, err = store.BackupResults(ctx2, r.Backup)
		return err
	})
	if err := group.Wait(); err != nil {
		return err
	}
	report := inventory.Report(ctx, store.Clock.Now())
	r.Items, r.Warnings = report.Objects, report.Warnings
	credentials, err := look(ctx, hub, r.Backup.CreationTimestamp)
	if err != nil {
		return err
	}
	r.Unread = credentials.Unread
	r.Proof = prove(report, clusters, func(cluster string) []string { return lost(credentials, inventory, cluster) })
	if r.Proof.Unseen, err = unseen(ctx, hub, kinds, r.Backup, clusters, inventory); err != nil {
		return err
	}
	return r.forgive(ctx, hub)
}

// forgive drops what is missing of clusters that left the hub while the backup ran.
func (r *Result) forgive(ctx context.Context, hub Hub) error {
	gone := map[string]bool{}
	for _, m := range r.Proof.Missing {
		gone[m.Cluster] = false
	}
	for _, lost := range r.Proof.Lost {
		gone[lost.Cluster] = false
	}
	for cluster := range gone {
		_, err := ocm.ManagedClusters(hub.Dynamic).Get(ctx, cluster)
		if err != nil && !apierrors.IsNotFound(err) {
			return fmt.Errorf("reading ManagedCluster %s: %w", cluster, err)
		}
		gone[cluster] = err != nil
	}
	r.Proof.Missing = slices.DeleteFunc(r.Proof.Missing, func(m Missing) bool { return gone[m.Cluster] })
	r.Proof.Lost = slices.DeleteFunc(r.Proof.Lost, func(lost Lost) bool { return gone[lost.Cluster] })
	return nil
}
