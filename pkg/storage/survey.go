package storage

import (
	"context"
	"fmt"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"

	"github.com/acmdr/kubectl-acmdr/pkg/typed"
	"github.com/acmdr/kubectl-acmdr/pkg/velero"
)

// dpaResource is OADP's request for a Velero (oadp-operator api/v1alpha1).
var dpaResource = schema.GroupVersionResource{
	Group: "oadp.openshift.io", Version: "v1alpha1", Resource: "dataprotectionapplications",
}

// found is what a hub has of Velero before anything is changed.
type found struct {
	servers   []appsv1.Deployment
	locations []velero.Location
	// dpas are OADP's; oadp tells whether its API is there at all.
	dpas []unstructured.Unstructured
	oadp bool
	// backups counts the Backup objects by namespace and location, if any location is the plugin's.
	backups map[string]int
}

func locationKey(namespace, name string) string { return namespace + "/" + name }

// survey reads what the hub has of Velero.
func survey(ctx context.Context, kube kubernetes.Interface, hub dynamic.Interface) (*found, error) {
	f := &found{backups: map[string]int{}}
	deployments, err := kube.AppsV1().Deployments(metav1.NamespaceAll).List(ctx,
		metav1.ListOptions{FieldSelector: "metadata.name=" + velero.Deployment})
	if err != nil {
		return nil, fmt.Errorf("looking for a Velero on the hub: %w", err)
	}
	for _, deployment := range deployments.Items {
		if isServer(&deployment) {
			f.servers = append(f.servers, deployment)
		}
	}
	if f.locations, err = Locations(ctx, hub, metav1.NamespaceAll); err != nil && !apierrors.IsNotFound(err) {
		return nil, err
	}
	if err := f.countBackups(ctx, hub); err != nil {
		return nil, err
	}
	return f, f.readOADP(ctx, hub)
}

// isServer tells whether a Deployment with Velero's name is Velero's server.
func isServer(deployment *appsv1.Deployment) bool {
	return deployment.Name == velero.Deployment &&
		slices.ContainsFunc(deployment.Spec.Template.Spec.Containers, func(c corev1.Container) bool {
			return slices.Contains(append(slices.Clone(c.Command), c.Args...), "server")
		})
}

func (f *found) countBackups(ctx context.Context, hub dynamic.Interface) error {
	if !slices.ContainsFunc(f.locations, func(l velero.Location) bool { return velero.Made(l.Labels) }) {
		return nil
	}
	backups := typed.New[velero.Backup](hub, velero.BackupResource, velero.BackupKind)
	err := backups.Each(ctx, "", func(backup *velero.Backup) error {
		f.backups[locationKey(backup.Namespace, backup.Spec.StorageLocation)]++
		return nil
	})
	if err != nil && !apierrors.IsNotFound(err) {
		return fmt.Errorf("listing Backups: %w", err)
	}
	return nil
}

// neverWorked is a location of ours that is not Available: whether it ever was shows by its backups.
func neverWorked(location velero.Location) bool {
	return velero.Made(location.Labels) && location.Status.Phase != velero.LocationAvailable
}

func (f *found) readOADP(ctx context.Context, hub dynamic.Interface) error {
	list, err := hub.Resource(dpaResource).List(ctx, metav1.ListOptions{})
	switch {
	case apierrors.IsNotFound(err):
		return nil
	case err != nil:
		return fmt.Errorf("listing OADP's DataProtectionApplications: %w", err)
	}
	f.oadp, f.dpas = true, list.Items
	return nil
}

// checkNamespace refuses a namespace that nothing can be created in.
func checkNamespace(ctx context.Context, kube kubernetes.Interface, name string) error {
	namespace, err := kube.CoreV1().Namespaces().Get(ctx, name, metav1.GetOptions{})
	switch {
	case apierrors.IsNotFound(err):
		return nil
	case err != nil:
		return fmt.Errorf("reading namespace %s: %w", name, err)
	case namespace.DeletionTimestamp != nil:
		return fmt.Errorf("namespace %s is being deleted: wait until it is gone and run install again", name)
	}
	return nil
}

// Locations lists the BackupStorageLocations of a namespace, or of all, by namespace and name.
func Locations(ctx context.Context, hub dynamic.Interface, namespace string) ([]velero.Location, error) {
	client := typed.New[velero.Location](hub, velero.LocationResource, velero.LocationKind)
	if namespace != metav1.NamespaceAll {
		client = client.In(namespace)
	}
	locations, err := client.List(ctx, "")
	if err != nil {
		return nil, fmt.Errorf("listing BackupStorageLocations: %w", err)
	}
	slices.SortFunc(locations, func(a, b velero.Location) int {
		return strings.Compare(locationKey(a.Namespace, a.Name), locationKey(b.Namespace, b.Name))
	})
	return locations, nil
}
