package storage

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/acmdr/kubectl-acmdr/pkg/velero"
)

// Plan is what will be applied, in order.
type Plan struct {
	Namespace string
	// Location is the name of the location that the plan is about.
	Location string
	// Secret is the name of the secret with the credentials, if the plan holds one.
	Secret  string
	Objects []*unstructured.Unstructured
	// Notes are for the user: what the plugin leaves alone and who should change it.
	Notes []string
}

const (
	// mountedSecret is what the Deployment of the install package mounts.
	mountedSecret = "cloud-credentials"
	// ownSecret is used where Velero is somebody else's and the name above may be theirs.
	ownSecret = "acmdr-cloud-credentials"
	// SecretKey is the key of the credentials file in either.
	SecretKey = "cloud"
	// customerKey is the key of SSE-C's key beside it.
	customerKey = "customer-key"
	// secondLocation is the name of the location where "default" is taken.
	secondLocation = "acmdr"
)

// NewInstallation is the plan of a whole Velero with its location.
func NewInstallation(s Settings) (*Plan, error) {
	return installation(s, target{name: velero.DefaultLocation, isDefault: true})
}

func installation(s Settings, at target) (*Plan, error) {
	m, err := embedded()
	if err != nil {
		return nil, err
	}
	m.namespace.Name = s.Namespace
	if s.Namespace != velero.DefaultNamespace {
		// The name that Velero's own installer gives it (install/resources.go ClusterRoleBinding).
		m.binding.Name = "velero-" + s.Namespace
	}
	for i := range m.binding.Subjects {
		m.binding.Subjects[i].Namespace = s.Namespace
	}
	for _, object := range []metav1.Object{&m.serviceAccount, &m.server} {
		object.SetNamespace(s.Namespace)
	}
	setSecret(&m.secret, s, at, mountedSecret)
	setLocation(&m.location, s, at, mountedSecret)
	tune(&m.server, s.Image, s.PluginImage)
	plan := &Plan{Namespace: s.Namespace, Location: at.name, Secret: mountedSecret, Objects: m.crds}
	for _, crd := range m.crds {
		mark(crd)
	}
	if at.theirs {
		return plan, plan.add(&m.namespace, &m.binding, &m.serviceAccount, &m.secret, &m.server)
	}
	return plan, plan.add(&m.namespace, &m.binding, &m.serviceAccount, &m.secret, &m.location, &m.server)
}

// locationOnly is the plan of a location for a Velero that is there already.
func locationOnly(s Settings, at target) (*Plan, error) {
	m, err := embedded()
	if err != nil {
		return nil, err
	}
	setSecret(&m.secret, s, at, ownSecret)
	setLocation(&m.location, s, at, ownSecret)
	plan := &Plan{Namespace: s.Namespace, Location: at.name, Secret: ownSecret}
	return plan, plan.add(&m.secret, &m.location)
}

func setSecret(secret *corev1.Secret, s Settings, at target, name string) {
	secret.Name, secret.Namespace = name, s.Namespace
	secret.Data = map[string][]byte{SecretKey: s.Credentials}
	if s.CustomerKey != nil {
		secret.Data[customerKey] = s.CustomerKey
	} else if at.kept.customerKey != nil {
		secret.Data[customerKey] = at.kept.customerKey
	}
}

func setLocation(location *velero.Location, s Settings, at target, secret string) {
	location.Name, location.Namespace = at.name, s.Namespace
	location.Spec.Provider = provider
	location.Spec.Default = at.isDefault
	location.Spec.AccessMode = velero.AccessMode(cmp.Or(s.Access, at.access))
	location.Spec.StorageType = velero.StorageType{ObjectStorage: &velero.ObjectStorage{
		Bucket: s.Bucket.Name, Prefix: s.Bucket.Prefix, CACert: s.Bucket.CACert,
	}}
	if s.Bucket.CACert == nil {
		location.Spec.ObjectStorage.CACert = at.kept.caCert
	}
	bucket := s.Bucket
	if s.CustomerKey != nil {
		bucket.Encryption.CustomerKey = secret + "/" + customerKey
	}
	location.Spec.Config = at.kept.with(bucket)
	// The credential is named even where the server mounts the same secret: Velero reads it anew for every validation, while
	// a mounted secret reaches the pod a minute late.
	location.Spec.Credential = &corev1.SecretKeySelector{
		LocalObjectReference: corev1.LocalObjectReference{Name: secret}, Key: SecretKey,
	}
}

func (p *Plan) add(objects ...runtime.Object) error {
	for _, object := range objects {
		content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(object)
		if err != nil {
			return fmt.Errorf("encoding a %T: %w", object, err)
		}
		u := &unstructured.Unstructured{Object: content}
		// What was never set is not ours to apply.
		unstructured.RemoveNestedField(content, "status")
		unstructured.RemoveNestedField(content, "metadata", "creationTimestamp")
		unstructured.RemoveNestedField(content, "spec", "template", "metadata", "creationTimestamp")
		mark(u)
		p.Objects = append(p.Objects, u)
	}
	return nil
}

// mark labels an object as the plugin's.
func mark(object *unstructured.Unstructured) {
	labels := object.GetLabels()
	if labels == nil {
		labels = map[string]string{}
	}
	labels[velero.ManagedByLabel] = velero.ManagedBy
	object.SetLabels(labels)
}

// Manifests is the plan as one List that can be shown and kept: the secret is left out, since nobody may read it there.
func (p *Plan) Manifests() *unstructured.UnstructuredList {
	list := &unstructured.UnstructuredList{}
	list.SetAPIVersion("v1")
	list.SetKind("List")
	for _, object := range p.Objects {
		if object.GetKind() != "Secret" {
			list.Items = append(list.Items, *object)
		}
	}
	return list
}

// SecretKeys are the keys of the secret that Manifests leaves out, sorted.
func (p *Plan) SecretKeys() []string {
	for _, object := range p.Objects {
		if data, _, _ := unstructured.NestedMap(object.Object, "data"); object.GetKind() == "Secret" {
			return slices.Sorted(maps.Keys(data))
		}
	}
	return nil
}
