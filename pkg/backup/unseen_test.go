package backup

import (
	"slices"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/acmdr/kubectl-acmdr/pkg/ocm"
)

// Velero leaves out without a word what it has not heard of: a kind that came shortly before the backup, if the hub has some of it.
func TestAKindThatVeleroDidNotKnow(t *testing.T) {
	kind, works := ocm.AddOnResource.GroupResource().String(), ocm.ManifestWorkResource.GroupResource().String()
	made := func(version, kind, namespace, name string, age time.Duration) runtime.Object {
		object := &unstructured.Unstructured{}
		object.SetAPIVersion(version)
		object.SetKind(kind)
		object.SetNamespace(namespace)
		object.SetName(name)
		object.SetCreationTimestamp(metav1.NewTime(asked.Add(-age)))
		return object
	}
	const crd = "CustomResourceDefinition"
	definition := func(age time.Duration) runtime.Object { return made("apiextensions.k8s.io/v1", crd, "", kind, age) }
	workKind := func(age time.Duration) runtime.Object { return made("apiextensions.k8s.io/v1", crd, "", works, age) }
	addOn := func(namespace string, age time.Duration) runtime.Object {
		return made(ocm.AddOnResource.GroupVersion().String(), "ManagedClusterAddOn", namespace, "work-manager", age)
	}
	work := func(name string) runtime.Object {
		return made(ocm.ManifestWorkResource.GroupVersion().String(), "ManifestWork", "c1", name, time.Second)
	}
	tests := map[string]struct {
		onHub, stored []runtime.Object
		want          []string
	}{
		"new":                  {[]runtime.Object{definition(time.Minute), addOn("c1", time.Second)}, nil, []string{kind}},
		"new, and in it":       {[]runtime.Object{definition(time.Minute), addOn("c1", time.Second)}, []runtime.Object{addOn("c1", 0)}, nil},
		"known for long":       {[]runtime.Object{definition(time.Hour), addOn("c1", time.Second)}, nil, nil},
		"of another cluster":   {[]runtime.Object{definition(time.Minute), addOn("c2", time.Second)}, nil, nil},
		"left out by name":     {[]runtime.Object{workKind(time.Minute), work("c1-klusterlet")}, nil, nil},
		"not by its name":      {[]runtime.Object{workKind(time.Minute), work("app")}, nil, []string{works}},
		"made since":           {[]runtime.Object{definition(time.Minute), addOn("c1", -time.Minute)}, nil, nil},
		"none of it":           {[]runtime.Object{definition(time.Minute)}, nil, nil},
		"not known by its CRD": {[]runtime.Object{addOn("c1", time.Second)}, nil, nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			hub := imported(t, test.onHub...)
			hub.Kube.Resources = nil
			for _, resource := range []schema.GroupVersionResource{ocm.AddOnResource, ocm.ManifestWorkResource} {
				hub.Kube.Resources = append(hub.Kube.Resources, &metav1.APIResourceList{
					GroupVersion: resource.GroupVersion().String(),
					APIResources: []metav1.APIResource{{
						Name: resource.Resource, Namespaced: true, Verbs: []string{"get", "list", "create", "delete"},
					}},
				})
			}
			result, err := proven(t, hub, test.stored...)
			if !slices.Equal(result.Proof.Unseen, test.want) {
				t.Errorf("got %v, %v", result.Proof.Unseen, err)
			}
			if told := err != nil && strings.Contains(err.Error(), "; back up again then, under another name"); told != (test.want != nil) {
				t.Errorf("got %v", err)
			}
			if result.Proof.Verified() != (test.want == nil) {
				t.Errorf("verified: %t", result.Proof.Verified())
			}
		})
	}
}
