package storage

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"

	"github.com/acmdr/kubectl-acmdr/pkg/velero"
)

// Decide reads what the hub has of Velero and plans what is missing. An empty namespace means: where Velero is, else
// Velero's own default. Nothing is changed; an error says what stands against it.
func Decide(ctx context.Context, kube kubernetes.Interface, hub dynamic.Interface, s Settings) (*Plan, error) {
	f, err := survey(ctx, kube, hub)
	if err != nil {
		return nil, err
	}
	plan, err := f.plan(ctx, kube, s)
	if err != nil {
		return nil, err
	}
	return plan, checkNamespace(ctx, kube, plan.Namespace)
}

func (f *found) plan(ctx context.Context, kube kubernetes.Interface, s Settings) (*Plan, error) {
	server, err := f.server(s.Namespace)
	if err != nil {
		return nil, err
	}
	switch {
	case server != nil:
		s.Namespace = server.Namespace
	case f.oadp:
		return nil, f.oadpWithoutServer()
	case s.Namespace == "":
		s.Namespace = velero.DefaultNamespace
	}
	at, err := f.location(s)
	if err != nil {
		return nil, err
	}
	if at.theirs && s.Access != "" && s.Access != cmp.Or(at.access, velero.ReadWrite) {
		return nil, fmt.Errorf("location %s/%s was made by somebody else, who has to change its access mode: %s",
			s.Namespace, at.name, velero.AccessCommand(s.Namespace, at.name, s.Access))
	}
	var notes []string
	build, secret := installation, mountedSecret
	if server != nil && !velero.Made(server.Labels) {
		notes = f.notes(server)
		if at.theirs {
			return &Plan{Namespace: s.Namespace, Location: at.name, Notes: notes}, nil
		}
		build, secret = locationOnly, ownSecret
	}
	told, err := f.keep(ctx, kube, s, &at, secret)
	if err != nil {
		return nil, err
	}
	plan, err := build(s, at)
	if err != nil {
		return nil, err
	}
	plan.Notes = slices.Concat(notes, told)
	return plan, nil
}

// server is the Velero to work with; nil when the hub has none.
func (f *found) server(namespace string) (*appsv1.Deployment, error) {
	var namespaces []string
	for i := range f.servers {
		if f.servers[i].Namespace == namespace {
			return &f.servers[i], nil
		}
		namespaces = append(namespaces, f.servers[i].Namespace)
	}
	switch {
	case len(f.servers) == 0:
		return nil, nil
	case namespace != "":
		return nil, fmt.Errorf("this hub has a Velero in namespace %s, and needs no second one in %s: leave --velero-namespace out",
			namespaces[0], namespace)
	case len(f.servers) > 1:
		return nil, fmt.Errorf("several namespaces hold a Velero (%v): choose one with --velero-namespace", namespaces)
	}
	return &f.servers[0], nil
}

// target is the location that the plan writes or relies on.
type target struct {
	name      string
	isDefault bool
	// theirs is a location that somebody else made and that is the wanted place: it is used as it is.
	theirs bool
	// access is the mode that it has; a second run does not change it unless that is asked for.
	access string
	// before is what a location of the plugin's is until now; nil for a new one, and for one that is theirs.
	before *velero.Location
	kept   kept
}

// location finds the location for the wanted bucket among those of the namespace, or a name for a new one.
func (f *found) location(s Settings) (target, error) {
	var taken []string
	var current *velero.Location
	for i := range f.locations {
		location := &f.locations[i]
		if location.Namespace != s.Namespace {
			continue
		}
		taken = append(taken, location.Name)
		if location.Spec.Default {
			current = location
		}
		if BucketOf(location).difference(s.Bucket) == "" {
			// Not made the default again where the user has chosen another since.
			isDefault := location.Spec.Default || !f.hasDefault(s.Namespace)
			at := target{name: location.Name, isDefault: isDefault, theirs: true, access: string(location.Spec.AccessMode)}
			if velero.Made(location.Labels) {
				at.theirs, at.before = false, location
			}
			return at, nil
		}
	}
	switch {
	case current != nil && f.replaceable(current):
		return target{name: current.Name, isDefault: true, access: string(current.Spec.AccessMode), before: current}, nil
	case current != nil:
		return target{}, differs(current, s.Bucket)
	case slices.Contains(taken, velero.DefaultLocation) && slices.Contains(taken, secondLocation):
		return target{}, fmt.Errorf("namespace %s has no default location, and the names %s and %s are taken: "+
			"make one of them the default, or delete it", s.Namespace, velero.DefaultLocation, secondLocation)
	case slices.Contains(taken, velero.DefaultLocation):
		return target{name: secondLocation, isDefault: true}, nil
	}
	return target{name: velero.DefaultLocation, isDefault: true}, nil
}

func (f *found) hasDefault(namespace string) bool {
	return slices.ContainsFunc(f.locations, func(l velero.Location) bool { return l.Namespace == namespace && l.Spec.Default })
}

// replaceable is a location of ours that never worked: a typing mistake of an earlier run may be corrected, since no backup can
// be lost from sight.
func (f *found) replaceable(location *velero.Location) bool {
	return neverWorked(*location) && f.backups[locationKey(location.Namespace, location.Name)] == 0
}

func differs(location *velero.Location, wanted Bucket) error {
	key := locationKey(location.Namespace, location.Name)
	return fmt.Errorf("the default location %s is another place: %s. Use what it says, or, when its backups are no longer "+
		"needed on this hub, run 'kubectl delete backupstoragelocation %s -n %s' and install again",
		key, BucketOf(location).difference(wanted), location.Name, location.Namespace)
}

func (f *found) oadpWithoutServer() error {
	if len(f.dpas) == 0 {
		return errors.New("OADP is installed on this hub but runs no Velero: create a DataProtectionApplication, " +
			"then run install again")
	}
	return fmt.Errorf("OADP is installed on this hub but its Velero is not there yet: see "+
		"'kubectl describe dataprotectionapplication %s -n %s'", f.dpas[0].GetName(), f.dpas[0].GetNamespace())
}
