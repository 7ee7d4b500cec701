package check

import (
	"context"
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/util/sets"

	"github.com/acmdr/kubectl-acmdr/pkg/ocm"
	"github.com/acmdr/kubectl-acmdr/pkg/preflight"
	"github.com/acmdr/kubectl-acmdr/pkg/storage"
	"github.com/acmdr/kubectl-acmdr/pkg/velero"
)

// place checks the location and reads what is in it.
func (c *checker) place(ctx context.Context) ([]Row, error) {
	if c.hub.Velero == nil {
		return nil, nil
	}
	const name = "location"
	location, err := c.hub.Velero.StoredLocation(ctx, "")
	if err != nil {
		return found(name, err, "run 'kubectl acmdr install'")
	}
	backups, err := c.hub.Velero.Backups.List(ctx, "")
	if err != nil {
		return nil, fmt.Errorf("listing backups: %w", err)
	}
	sources := velero.Sources(backups)
	ids, err := velero.HubIDs(c.hub.UID, sources, func() (string, error) { return ocm.ClusterVersionID(ctx, c.hub.Dynamic) })
	if err != nil {
		return nil, err
	}
	c.hubs = hubsOf(sources, ids)
	c.location = location
	row := preflight.Location(location)
	if row.Result == preflight.Fail && location.Status.Message != "" {
		cause := storage.Explain(location.Status.Message)
		row.Reason = fmt.Sprintf("%s/%s is %s: %s", location.Namespace, location.Name, location.Status.Phase, cause.Problem)
		row.Remedy = cause.Remedy
	}
	return []Row{row}, nil
}

// hubsOf are the hubs that a fleet could be restored from.
func hubsOf(sources []*velero.Generation, ids sets.Set[string]) []*velero.Hub {
	return velero.Hubs(slices.DeleteFunc(sources, func(g *velero.Generation) bool { return g.Phase() != velero.BackupCompleted }), ids)
}

// usable tells whether files of the location can be had.
func (c *checker) usable() bool { return c.location != nil && c.unknown() == "" }

// unknown is why it is not known what the location holds now; empty when it is.
func (c *checker) unknown() string {
	switch {
	case c.down:
		return "Velero is not running"
	case c.location.Status.Phase != velero.LocationAvailable:
		return "the location is not Available"
	}
	return ""
}

// unread stands for the checks of what is in the bucket, where that cannot be had.
func (c *checker) unread(context.Context) ([]Row, error) {
	if c.location == nil || c.usable() {
		return nil, nil
	}
	return []Row{{Name: "backup's content", Result: preflight.Warn, Reason: "not looked at: " + c.unknown(), Remedy: "mend that first"}}, nil
}

// readOnly is how a standby hub should have the bucket.
func (c *checker) readOnly() bool {
	return c.location != nil && c.location.Spec.AccessMode == velero.LocationReadOnly
}

// encryption checks how the store keeps a file, by what it answered when it gave it out. What the location asks for is only
// compared: a store may ignore it, and a bucket may encrypt what nobody asked it to.
func encryption(location *velero.Location, backup string, file *velero.File) Row {
	const name = "encryption at rest"
	wanted := storage.BucketOf(location).Encryption
	switch {
	case file.Encryption == "" && wanted.Any():
		return Row{
			Name: name, Result: preflight.Fail,
			Reason: fmt.Sprintf("the location asks for %s, but the store does not say that backup %s is encrypted", wanted, backup),
			Remedy: "was the backup made before? make another with 'kubectl acmdr backup' on the active hub and check again; else the store ignores it",
		}
	case file.Encryption == "":
		return Row{
			Name: name, Result: preflight.Warn,
			Reason: "the store does not say that backup " + backup + " is encrypted, and the kubeconfigs of the fleet are in it",
			Remedy: "run install with --kms-key-id or --server-side-encryption, or turn on the bucket's default encryption",
		}
	}
	return preflight.Passed(name, "backup %s is kept under %s", backup, file.Encryption)
}
