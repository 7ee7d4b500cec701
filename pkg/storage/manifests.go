package storage

import (
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"io"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"

	"github.com/acmdr/kubectl-acmdr/pkg/velero"
)

// veleroYAML is made by tools/generate; `make generate` writes it, its check in CI keeps it true.
//
//go:embed manifests/velero.yaml
var veleroYAML []byte

const crdKind = "CustomResourceDefinition"

// manifests are the objects of an installation as Velero's install package made them.
type manifests struct {
	crds           []*unstructured.Unstructured
	namespace      corev1.Namespace
	binding        rbacv1.ClusterRoleBinding
	serviceAccount corev1.ServiceAccount
	secret         corev1.Secret
	location       velero.Location
	server         appsv1.Deployment
}

// embedded decodes the embedded manifests.
func embedded() (*manifests, error) {
	m := &manifests{}
	decoder := utilyaml.NewYAMLOrJSONDecoder(bytes.NewReader(veleroYAML), len(veleroYAML))
	for {
		object := &unstructured.Unstructured{}
		err := decoder.Decode(&object.Object)
		if errors.Is(err, io.EOF) {
			return m, nil
		}
		if err != nil {
			return nil, fmt.Errorf("decoding the embedded manifests: %w", err)
		}
		if err := m.add(object); err != nil {
			return nil, fmt.Errorf("decoding the embedded %s %s: %w", object.GetKind(), object.GetName(), err)
		}
	}
}

func (m *manifests) add(object *unstructured.Unstructured) error {
	var into any
	switch object.GetKind() {
	case "":
		return nil // the comment at the head of the file is a document of its own
	case crdKind:
		m.crds = append(m.crds, object)
		return nil
	case "Namespace":
		into = &m.namespace
	case "ClusterRoleBinding":
		into = &m.binding
	case "ServiceAccount":
		into = &m.serviceAccount
	case "Secret":
		into = &m.secret
	case velero.LocationKind:
		into = &m.location
	case "Deployment":
		into = &m.server
	default:
		return errors.New("the plugin does not know this kind")
	}
	return runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, into)
}
