package inspect

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/acmdr/kubectl-acmdr/pkg/access"
)

// Verdict says in a word whether a cluster could be brought back by what is in the backup.
type Verdict string

// The verdicts. All but OK need something that the backup does not have.
const (
	// OK: the ManagedCluster is in it, and a credential that opens and has not expired.
	OK Verdict = "OK"
	// Expired: the last of its credentials has expired.
	Expired Verdict = "Expired"
	// Unusable: there is something that should be a credential and cannot be opened, or is named and not in the backup.
	Unusable Verdict = "Unusable"
	// NoCredential: the cluster is in it; moving it will need a kubeconfig.
	NoCredential Verdict = "NoCredential"
	// Incomplete: parts of the cluster are in it and its ManagedCluster is not.
	Incomplete Verdict = "Incomplete"
)

// Report is what a backup holds.
type Report struct {
	// Hub is the id of the hub that was backed up, see velero.Generation; empty when the backup does not say, as a file does not.
	Hub string
	// own tells that it is the hub that was asked, set that ACM made the backup.
	own, set bool
	// Clusters are sorted by name; the hub as its own managed cluster is not among them but in Local.
	Clusters []Cluster
	Local    []string
	// Objects is their number, Resources the same by resource.group.
	Objects   int
	Resources map[string]int
	// First and Last are when Velero wrote the first and the last object.
	First, Last time.Time
	// Warnings are about the backup as a whole, each one line.
	Warnings []string
	// Partial tells that Velero could not back up all that it was asked for, or that a set is not all there.
	Partial bool
}

// Cluster is one managed cluster in a backup.
type Cluster struct {
	Name    string
	Verdict Verdict
	// Reason is why it is not OK, in one line.
	Reason string
	// Credential is the one that would be used, or the one that would have been, had it not expired; nil for none. It opens
	// nothing: its Config has a Host and no more.
	Credential *access.Credential
	// Passed are the credentials that would be tried before it and do not do.
	Passed []error
	// Namespace tells that the cluster's Namespace itself is in the backup.
	Namespace bool
	Accepted  bool
	Labels    map[string]string
	Works     int
	AddOns    int
	works     map[string]digest
	// secret is the digest of where the credential is.
	secret digest
}

// Recoverable is the number of clusters that could be brought back by the backup alone.
func (r *Report) Recoverable() int {
	n := 0
	for i := range r.Clusters {
		if r.Clusters[i].Verdict == OK {
			n++
		}
	}
	return n
}

// lack takes off those clusters that Velero could not read all objects of; it says how many, by namespace, and "" for all others.
func (r *Report) lack(unread map[string]int) {
	for i := range r.Clusters {
		cluster := &r.Clusters[i]
		if n := unread[cluster.Name]; n > 0 && cluster.Verdict == OK {
			cluster.Verdict, cluster.Reason = Incomplete, fmt.Sprintf("Velero could not read %d of its objects", n)
		}
	}
	if n := unread[""]; n > 0 {
		r.Warnings = append(r.Warnings, fmt.Sprintf("%d objects outside of namespaces are missing, or Velero's errors do not say where", n))
	}
}

// Report sums up what was read, as it is at a moment.
func (i *Inventory) Report(ctx context.Context, now time.Time) *Report {
	report := &Report{
		Objects: i.objects, Resources: maps.Clone(i.resources), First: i.first, Last: i.last, Local: slices.Compact(slices.Sorted(slices.Values(i.local))),
	}
	names := map[string]bool{}
	for name := range i.clusters {
		names[name] = true
	}
	var bare []string
	for name, kept := range i.namespaces {
		if kept.cluster && !slices.Contains(i.local, name) {
			names[name] = true
		}
		if !kept.itself {
			bare = append(bare, name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		report.Clusters = append(report.Clusters, i.cluster(ctx, name, now))
	}
	if i.mixed {
		report.Warnings = append(report.Warnings, fmt.Sprintf("mixed generations: what is in it was written from %s to %s, with a pause",
			i.first.UTC().Format(time.RFC3339), i.last.UTC().Format(time.RFC3339)))
	}
	if i.strangers {
		report.Warnings = append(report.Warnings, "these are not the backups of one set, which share no Namespace: look at each by itself")
	}
	if len(report.Clusters) == 0 {
		report.Warnings = append(report.Warnings, "no managed cluster is in it")
	}
	if len(bare) > 0 {
		slices.Sort(bare)
		report.Warnings = append(report.Warnings,
			"namespaces that hold objects and are not in it themselves, so that a restore makes them without their labels: "+list(bare))
	}
	return report
}

func (i *Inventory) cluster(ctx context.Context, name string, now time.Time) Cluster {
	cluster := Cluster{Name: name}
	if kept := i.namespaces[name]; kept != nil {
		cluster.Namespace, cluster.Works, cluster.works, cluster.AddOns = kept.itself, len(kept.works), kept.works, kept.addOns
	}
	i.judge(ctx, &cluster, now)
	if found := i.clusters[name]; found != nil {
		cluster.Labels, cluster.Accepted = found.labels, found.accepted
	} else {
		cluster.Verdict, cluster.Reason = Incomplete, "ManagedCluster "+name+" is not in it"
	}
	return cluster
}

// judge tries the sources in the order in which a move would, and takes the first credential that has not expired.
func (i *Inventory) judge(ctx context.Context, cluster *Cluster, now time.Time) {
	cluster.Verdict, cluster.Reason = NoCredential, "no credential is in it"
	for _, source := range access.SourcesIn(place{i}) {
		credential, err := source.Find(ctx, cluster.Name)
		if errors.Is(err, access.ErrNone) {
			continue
		}
		verdict := OK
		switch {
		case err != nil:
			verdict, err = Unusable, fmt.Errorf("%s: %w", source.Name(), err)
		case !credential.NotAfter.IsZero() && !now.Before(credential.NotAfter):
			verdict, err = Expired, fmt.Errorf("%s expired on %s", credential.Origin, credential.NotAfter.UTC().Format(time.RFC3339))
		}
		if err != nil {
			cluster.Passed = append(cluster.Passed, err)
		}
		if verdict == OK || verdict == Expired && cluster.Credential == nil {
			cluster.Credential = credential
		}
		if verdict == OK {
			cluster.Verdict, cluster.Reason = OK, ""
			break
		}
		if cluster.Verdict != Expired {
			cluster.Verdict = verdict
		}
	}
	if cluster.Verdict != OK && len(cluster.Passed) > 0 {
		cluster.Reason = oneLine(cluster.Passed)
	}
	if cluster.Credential != nil {
		cluster.secret = i.digestAt(cluster.Credential.Origin)
	}
}

func (i *Inventory) digestAt(origin string) digest {
	namespace, name, _ := strings.Cut(strings.TrimPrefix(origin, "secret "), "/")
	if kept := i.namespaces[namespace]; kept != nil {
		return kept.secrets[name].digest
	}
	return 0
}

func oneLine(errs []error) string {
	lines := make([]string, 0, len(errs))
	for _, err := range errs {
		lines = append(lines, err.Error())
	}
	return strings.Join(lines, "; ")
}

// shown is how many names a line has room for; the rest is counted.
const shown = 5

func list(names []string) string {
	if len(names) <= shown {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s, and %d more", strings.Join(names[:shown], ", "), len(names)-shown)
}
