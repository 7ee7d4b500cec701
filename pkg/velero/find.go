package velero

import (
	"context"
	"errors"
	"fmt"
	"slices"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/dynamic"

	velerov1 "github.com/vmware-tanzu/velero/pkg/apis/velero/v1"

	"github.com/acmdr/kubectl-acmdr/pkg/typed"
)

// The namespaces that Velero usually lives in: its own default, ACM's cluster-backup-operator, OADP.
var usualNamespaces = []string{"velero", "open-cluster-management-backup", "openshift-adp"}

// DefaultNamespace is where install puts Velero.
const DefaultNamespace = "velero"

// ErrNotInstalled tells that the hub has no Velero.
//
//nolint:staticcheck // Velero is a name
var ErrNotInstalled = errors.New("Velero is not installed on this hub: run 'kubectl acmdr install'")

// Find returns the namespace of the hub's Velero: the given one, else the one that holds the default BackupStorageLocation, else
// the first of the usual namespaces that holds any. With no location at all the error is ErrNotInstalled, and a given namespace
// that holds none is an error where another does: it has a typing mistake.
func Find(ctx context.Context, hub dynamic.Interface, given string) (string, error) {
	locations, err := typed.New[velerov1.BackupStorageLocation](hub, LocationResource, "BackupStorageLocation").List(ctx, "")
	switch {
	case apierrors.IsNotFound(err):
		return "", ErrNotInstalled
	case apierrors.IsForbidden(err) && given != "":
		return given, nil // who may read only that namespace knows it
	case err != nil:
		return "", fmt.Errorf("listing BackupStorageLocations: %w", err)
	}
	within := func(location velerov1.BackupStorageLocation) bool { return location.Namespace == given }
	if given != "" && (len(locations) == 0 || slices.ContainsFunc(locations, within)) {
		return given, nil
	}
	found, err := choose(locations)
	if err == nil && given != "" {
		//nolint:staticcheck // Velero is a name
		return "", fmt.Errorf("Velero is in namespace %s, not %s: leave --velero-namespace out", found, given)
	}
	return found, err
}

func choose(locations []velerov1.BackupStorageLocation) (string, error) {
	var defaults, all []string
	for _, location := range locations {
		all = append(all, location.Namespace)
		if location.Spec.Default {
			defaults = append(defaults, location.Namespace)
		}
	}
	for _, candidates := range [][]string{defaults, all} {
		slices.Sort(candidates)
		candidates = slices.Compact(candidates)
		if len(candidates) == 1 {
			return candidates[0], nil
		}
		for _, usual := range usualNamespaces {
			if slices.Contains(candidates, usual) {
				return usual, nil
			}
		}
	}
	if len(all) > 0 {
		return "", fmt.Errorf("several namespaces hold a BackupStorageLocation (%v): choose one with --velero-namespace", slices.Compact(all))
	}
	return "", ErrNotInstalled
}
