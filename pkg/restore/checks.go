package restore

import (
	"context"
	"errors"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/acmdr/kubectl-acmdr/pkg/ocm"
	"github.com/acmdr/kubectl-acmdr/pkg/preflight"
	"github.com/acmdr/kubectl-acmdr/pkg/velero"
)

// Err is everything that stands against carrying out the plan; nil when nothing does.
func (p *Plan) Err() error { return preflight.Err(p.Checks) }

// before checks what can be checked without a backup, and returns the Restores that there are.
func (r *Restorer) before(ctx context.Context, plan *Plan, choice Choice) ([]velero.Restore, error) {
	if choice.Backup == "" { // one that is named says where it is
		if _, err := r.Hub.Velero.Location(ctx, ""); err != nil {
			return nil, err
		}
	}
	if err := r.Hub.Velero.Running(ctx, r.Hub.Kube); err != nil {
		return nil, err
	}
	restores, err := r.Hub.Velero.Restores.List(ctx, "")
	if err != nil {
		return nil, err
	}
	if plan.server, err = r.Hub.Velero.Server(ctx, r.Hub.Kube, r.Clock); err != nil {
		return nil, err
	}
	acm, err := preflight.ACM(ctx, r.Hub.Dynamic)
	if err != nil {
		return nil, err
	}
	plan.Checks = append(preflight.Server(plan.server, 0), acm...)
	return restores, nil
}

// after checks the hub for what is in the backup.
func (r *Restorer) after(ctx context.Context, plan *Plan, namespaces []corev1.Namespace) error {
	m := plan.manifest
	items, missing := 0, map[string]int{}
	for resource, count := range m.resources() {
		items += count
		if _, refused := plan.refuses(resource); refused {
			continue
		}
		if i := slices.IndexFunc(plan.LeftOut, func(l LeftOut) bool { return l.Resource == resource && l.Unknown }); i >= 0 {
			missing[resource] = count
		}
	}
	rows := preflight.Server(plan.server, items)
	plan.Checks = append(rows, plan.Checks[len(rows):]...) // now for the size of this backup
	groups := map[string]bool{}
	for resource := range m.objects {
		groups[schema.ParseGroupResource(resource).Group] = true
	}
	row, err := preflight.APIServices(ctx, r.Hub.Dynamic, func(group string) bool { return groups[group] })
	if err != nil {
		return err
	}
	plan.Checks = append(plan.Checks, row, preflight.Terminating(namespaces, plan.wants), preflight.Kinds(missing))
	software, err := ocm.FindSoftware(ctx, r.Hub.Dynamic)
	if err != nil {
		return err
	}
	noted, known := velero.SoftwareOf(plan.Parts[0].Backup)
	parity := preflight.Parity(noted, software)
	switch {
	case !known:
		parity = preflight.UnknownParity("the backup does not say what was installed on the old hub")
	case software == nil:
		parity = preflight.UnknownParity("this user may not see what is installed on this hub")
	}
	plan.Checks = append(plan.Checks, parity)
	return r.clocks(ctx, plan)
}

// wants tells whether something is restored into a namespace.
func (p *Plan) wants(namespace string) bool {
	if !p.manifest.inside.Has(namespace) || slices.Contains(p.excluded, namespace) {
		return false
	}
	return p.subset.all() || slices.ContainsFunc(p.Clusters, func(c Cluster) bool { return c.Name == namespace })
}

// clocks compares those of this machine, of the hub, and of the store, which must take what the hub signs.
func (r *Restorer) clocks(ctx context.Context, plan *Plan) error {
	if r.Hub.Config == nil {
		return nil
	}
	hub, err := preflight.HubSkew(ctx, r.Hub.Config, r.Clock)
	if err != nil {
		return errors.Join(errors.New("reading the hub's clock"), err)
	}
	plan.Checks = append(plan.Checks, preflight.Clock("the hub", "this machine", hub, false))
	if plan.manifest.known {
		plan.Checks = append(plan.Checks, preflight.Clock("the object store", "the hub", plan.manifest.skew-hub, true))
	}
	return nil
}
