package kube

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/dynamic/fake"
)

const two = `
---
apiVersion: v1
kind: Namespace
metadata: {name: managed-one}
---
# only a comment
---
apiVersion: cluster.open-cluster-management.io/v1
kind: ManagedCluster
metadata: {name: managed-one}
spec: {hubAcceptsClient: true}
`

func TestDecode(t *testing.T) {
	objects, err := Decode([]byte(two))
	if err != nil {
		t.Fatal(err)
	}
	if len(objects) != 2 || objects[0].GetKind() != "Namespace" || objects[1].GetKind() != "ManagedCluster" {
		t.Errorf("got %v", objects)
	}
	if _, err := Decode([]byte("a: [")); err == nil {
		t.Error("bad YAML was read")
	}
}

func TestCreateLeavesWhatIsThere(t *testing.T) {
	objects, err := Decode([]byte(two))
	if err != nil {
		t.Fatal(err)
	}
	mine := objects[1].DeepCopy()
	mine.SetLabels(map[string]string{"mine": "yes"})
	c := &Clients{Dynamic: fake.NewSimpleDynamicClient(runtime.NewScheme(), mine)}
	if err := c.Create(t.Context(), objects...); err != nil {
		t.Fatal(err)
	}
	got, err := c.Get(t.Context(), objects[1])
	if err != nil {
		t.Fatal(err)
	}
	if got.GetLabels()["mine"] != "yes" {
		t.Error("an object that was there has been replaced")
	}
	if _, err := c.Get(t.Context(), objects[0]); err != nil {
		t.Error(err)
	}
}

func TestCondition(t *testing.T) {
	object := &unstructured.Unstructured{Object: map[string]any{"status": map[string]any{"conditions": []any{
		map[string]any{"type": "Applied", "status": "False", "message": "no such kind"},
	}}}}
	if status, message := Condition(object, "Applied"); status != "False" || message != "no such kind" {
		t.Errorf("got %s %s", status, message)
	}
	if status, _ := Condition(object, "Available"); status != "" {
		t.Errorf("got %s", status)
	}
}

func TestPollTellsWhatWasMissing(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	err := Poll(ctx, "the cluster", func(context.Context) error { return errors.New("no CSR yet") })
	if err == nil || !strings.Contains(err.Error(), "the cluster") || !strings.Contains(err.Error(), "no CSR yet") {
		t.Errorf("got %v", err)
	}
}
