// Package access finds the credential that opens a managed cluster's own API, opens it, and proves that it leads to the
// right cluster before anything is written there.
package access

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
)

// Credential opens a managed cluster's own API.
type Credential struct {
	// Source is the kind of place it came from, for example Hive; Origin is the very place.
	Source string
	Origin string
	// User is who the credential says that it is; empty when it does not say.
	User   string
	Config *rest.Config
	// NotAfter is when the credential expires; zero when it does not say.
	NotAfter time.Time
}

// ErrNone tells that a source has nothing for this cluster.
var ErrNone = errors.New("none")

// Source is one place where credentials are kept. Find returns ErrNone when it has nothing for the cluster.
type Source interface {
	Name() string
	Find(ctx context.Context, cluster string) (*Credential, error)
}

// HubSources are the places where a hub keeps credentials, in the order in which they are tried.
func HubSources(kube kubernetes.Interface, hub dynamic.Interface) []Source {
	return SourcesIn(OnHub(kube, hub))
}

// SourcesIn are HubSources for a hub or a backup of one. What the installer of a cluster left is wider than what an import
// brought, so it comes first.
func SourcesIn(place Place) []Source {
	return []Source{Hive{place}, HyperShift{place}, ClusterAPI{place}, AutoImport{place}, ManagedServiceAccount{place}}
}

// Connect makes clients from a config.
type Connect func(*rest.Config) (kubernetes.Interface, dynamic.Interface, error)

// Finder tries sources in order.
type Finder struct {
	Sources []Source
	Connect Connect
	// Hub knows the clusters; nil where none is asked.
	Hub dynamic.Interface
}

// Open returns the first credential that proves to open the cluster. The error names every source that was tried and
// why it did not do.
func (f *Finder) Open(ctx context.Context, cluster string) (*Managed, error) {
	managed, err := f.Reach(ctx, cluster)
	if err != nil {
		return nil, err
	}
	return managed, nil
}

// Reach is Open for who only looks: when no credential proves to open the right cluster with the right to move it, the
// first that opens an API at all is returned beside the error.
func (f *Finder) Reach(ctx context.Context, cluster string) (*Managed, error) {
	known, err := f.known(ctx, cluster)
	if err != nil {
		return nil, err
	}
	var tried []string
	var failed []error
	var reached *Managed
	for _, source := range f.Sources {
		credential, err := source.Find(ctx, cluster)
		if errors.Is(err, ErrNone) {
			tried = append(tried, source.Name())
			continue
		}
		if err == nil {
			var managed *Managed
			if managed, err = f.prove(ctx, cluster, known, credential); err == nil {
				managed.Passed = failed
				return managed, nil
			}
			reached = cmp.Or(reached, managed)
		}
		failed = append(failed, fmt.Errorf("%s: %w", source.Name(), err))
	}
	if len(failed) > 0 {
		return reached, join(failed)
	}
	return nil, &noCredentialError{tried: tried}
}

// ErrNoCredential tells that no source knows the cluster at all.
var ErrNoCredential = errors.New("no credential for the managed cluster")

type noCredentialError struct{ tried []string }

func (e *noCredentialError) Error() string {
	return fmt.Sprintf("%v: looked for %s; give one with --managed-kubeconfig", ErrNoCredential, strings.Join(e.tried, ", "))
}

// Is makes it an ErrNoCredential.
func (*noCredentialError) Is(target error) bool { return target == ErrNoCredential }

// join keeps the causes but puts them on one line.
func join(errs []error) error {
	if len(errs) == 1 {
		return errs[0]
	}
	var lines []string
	for _, err := range errs {
		lines = append(lines, err.Error())
	}
	return &joined{error: errors.Join(errs...), line: strings.Join(lines, "; ")}
}

type joined struct {
	error
	line string
}

func (j *joined) Error() string { return j.line }
func (j *joined) Unwrap() error { return j.error }
