package backup

import (
	"slices"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/acmdr/kubectl-acmdr/pkg/ocm"
)

// Velero leaves out without a word what it has not heard of: a kind that came shortly before the backup, if the hub has some of it.
func TestAKindThatVeleroDidNotKnow(t *testing.T) {
	kind := ocm.AddOnResource.GroupResource().String()
	definition := func(age time.Duration) runtime.Object {
		made := &unstructured.Unstructured{}
		made.SetAPIVersion("apiextensions.k8s.io/v1")
		made.SetKind("CustomResourceDefinition")
		made.SetName(kind)
		made.SetCreationTimestamp(metav1.NewTime(asked.Add(-age)))
		return made
	}
	addOn := func(namespace string, age time.Duration) runtime.Object {
		made := &unstructured.Unstructured{}
		made.SetAPIVersion(ocm.AddOnResource.GroupVersion().String())
		made.SetKind("ManagedClusterAddOn")
		made.SetNamespace(namespace)
		made.SetName("work-manager")
		made.SetCreationTimestamp(metav1.NewTime(asked.Add(-age)))
		return made
	}
	tests := map[string]struct {
		onHub, stored []runtime.Object
		want          []string
	}{
		"new":                  {[]runtime.Object{definition(time.Minute), addOn("c1", time.Second)}, nil, []string{kind}},
		"new, and in it":       {[]runtime.Object{definition(time.Minute), addOn("c1", time.Second)}, []runtime.Object{addOn("c1", 0)}, nil},
		"known for long":       {[]runtime.Object{definition(time.Hour), addOn("c1", time.Second)}, nil, nil},
		"of another cluster":   {[]runtime.Object{definition(time.Minute), addOn("c2", time.Second)}, nil, nil},
		"made since":           {[]runtime.Object{definition(time.Minute), addOn("c1", -time.Minute)}, nil, nil},
		"none of it":           {[]runtime.Object{definition(time.Minute)}, nil, nil},
		"not known by its CRD": {[]runtime.Object{addOn("c1", time.Second)}, nil, nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			hub := imported(t, test.onHub...)
			hub.Kube.Resources = []*metav1.APIResourceList{{
				GroupVersion: ocm.AddOnResource.GroupVersion().String(),
				APIResources: []metav1.APIResource{{
					Name: ocm.AddOnResource.Resource, Namespaced: true, Verbs: []string{"get", "list", "create", "delete"},
				}},
			}}
			result, err := proven(t, hub, test.stored...)
			if !slices.Equal(result.Proof.Unseen, test.want) {
				t.Errorf("got %v, %v", result.Proof.Unseen, err)
			}
			if told := err != nil && strings.Contains(err.Error(), kind+"; back up again then, under another name"); told != (test.want != nil) {
				t.Errorf("got %v", err)
			}
			if result.Proof.Verified() != (test.want == nil) {
				t.Errorf("verified: %t", result.Proof.Verified())
			}
		})
	}
}
