package storage

import (
	"context"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	kubefake "k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"

	"github.com/acmdr/kubectl-acmdr/pkg/velero"
)

// newServer is somebody else's Velero, unless changed.
func newServer(namespace string, change ...func(*appsv1.Deployment)) *appsv1.Deployment {
	server := &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: velero.Deployment}}
	server.Spec.Selector = &metav1.LabelSelector{MatchLabels: map[string]string{"deploy": "velero"}}
	server.Spec.Template.Spec.Containers = []corev1.Container{{Name: "velero", Command: []string{"/velero"}, Args: []string{"server"}}}
	for _, f := range change {
		f(server)
	}
	return server
}

func ours(server *appsv1.Deployment) {
	server.Labels = map[string]string{velero.ManagedByLabel: velero.ManagedBy}
}

func ofOADP(server *appsv1.Deployment) {
	server.OwnerReferences = []metav1.OwnerReference{{Kind: dpaKind, Name: "dpa"}}
}

func notVelero(server *appsv1.Deployment) {
	server.Spec.Template.Spec.Containers[0].Args = []string{"run"}
}

func newBackup(namespace, location string) *unstructured.Unstructured {
	backup := &velero.Backup{}
	backup.APIVersion, backup.Kind = velero.APIVersion, velero.BackupKind
	backup.Namespace, backup.Name, backup.Spec.StorageLocation = namespace, "b", location
	content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(backup)
	if err != nil {
		panic(err)
	}
	return &unstructured.Unstructured{Object: content}
}

// A second run keeps the access mode, since a standby must not become a writer by itself, until it is told.
func TestAccess(t *testing.T) {
	readOnly := func(l *velero.Location) { l.Spec.AccessMode = velero.LocationReadOnly }
	for name, test := range map[string]struct {
		change []func(*velero.Location)
		access string
		want   string
		err    string
	}{
		"none":              {nil, "", "", ""},
		"a standby":         {nil, velero.ReadOnly, velero.ReadOnly, ""},
		"a standby, again":  {[]func(*velero.Location){readOnly}, "", velero.ReadOnly, ""},
		"takes over":        {[]func(*velero.Location){readOnly}, velero.ReadWrite, velero.ReadWrite, ""},
		"somebody else's":   {[]func(*velero.Location){theirs}, velero.ReadOnly, "", "kubectl patch backupstoragelocation default -n velero"},
		"theirs, as it is":  {[]func(*velero.Location){theirs}, velero.ReadWrite, "none", ""},
		"theirs, read-only": {[]func(*velero.Location){theirs, readOnly}, velero.ReadOnly, "none", ""},
	} {
		t.Run(name, func(t *testing.T) {
			s := settings()
			s.Access = test.access
			plan, err := Decide(t.Context(), kubefake.NewSimpleClientset(newServer("velero", ours)),
				newHub(newLocation("velero", "default", append(test.change, isAvailable)...)), s)
			if test.err != "" {
				if err == nil || !strings.Contains(err.Error(), test.err) {
					t.Errorf("got %v, want %q", err, test.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			got := "none"
			for _, object := range plan.Objects {
				if object.GetKind() == velero.LocationKind {
					got, _, _ = unstructured.NestedString(object.Object, "spec", "accessMode")
				}
			}
			if got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestDecide(t *testing.T) {
	type want struct {
		err, namespace, location, secret, note string
		objects                                int
		isDefault                              bool
	}
	whole := want{namespace: "velero", location: "default", secret: mountedSecret, objects: 19, isDefault: true}
	for name, c := range map[string]struct {
		namespace string
		kube      []runtime.Object
		hub       []runtime.Object
		want      want
	}{
		"nothing there": {want: whole},
		"a namespace of the user's": {
			namespace: "backup",
			want:      want{namespace: "backup", location: "default", secret: mountedSecret, objects: 19, isDefault: true},
		},
		"a Deployment that is no Velero": {kube: []runtime.Object{newServer("other", notVelero)}, want: whole},
		"our own, again": {
			kube: []runtime.Object{newServer("velero", ours)}, hub: []runtime.Object{newLocation("velero", "default", isAvailable)}, want: whole,
		},
		"our own, in another namespace": {
			kube: []runtime.Object{newServer("backup", ours)}, hub: []runtime.Object{newLocation("backup", "default", isAvailable)},
			want: want{namespace: "backup", location: "default", secret: mountedSecret, objects: 19, isDefault: true},
		},
		"our own, and the user made another location the default": {
			kube: []runtime.Object{newServer("velero", ours)},
			hub:  []runtime.Object{newLocation("velero", "default", isAvailable, notDefault), newLocation("velero", "mine", theirs, other)},
			want: want{namespace: "velero", location: "default", secret: mountedSecret, objects: 19},
		},
		"our own, with a location that the user made": {
			kube: []runtime.Object{newServer("velero", ours)}, hub: []runtime.Object{newLocation("velero", "mine", theirs)},
			want: want{namespace: "velero", location: "mine", secret: mountedSecret, objects: 18},
		},
		"our own, with a typing mistake": {
			kube: []runtime.Object{newServer("velero", ours)}, hub: []runtime.Object{newLocation("velero", "default", other)}, want: whole,
		},
		"our own, with a typing mistake, but backups": {
			kube: []runtime.Object{newServer("velero", ours)},
			hub:  []runtime.Object{newLocation("velero", "default", other), newBackup("velero", "default")},
			want: want{err: `the default location velero/default is another place: bucket "other", not "acm-dr"`},
		},
		"our own, with another bucket": {
			kube: []runtime.Object{newServer("velero", ours)}, hub: []runtime.Object{newLocation("velero", "default", other, isAvailable)},
			want: want{err: `bucket "other", not "acm-dr"`},
		},
		"left over, with another bucket": {
			hub:  []runtime.Object{newLocation("velero", "default", theirs, other)},
			want: want{err: "kubectl delete backupstoragelocation default -n velero"},
		},
		"left over in another namespace": {hub: []runtime.Object{newLocation("elsewhere", "default", theirs, other)}, want: whole},
		"somebody else's, without a location": {
			kube: []runtime.Object{newServer("backup")},
			want: want{namespace: "backup", location: "default", secret: ownSecret, objects: 2, isDefault: true, note: "--client-qps=1000"},
		},
		"somebody else's, with a location that is not the default": {
			kube: []runtime.Object{newServer("backup")}, hub: []runtime.Object{newLocation("backup", "default", theirs, other, notDefault)},
			want: want{namespace: "backup", location: "acmdr", secret: ownSecret, objects: 2, isDefault: true},
		},
		"somebody else's, both names taken": {
			kube: []runtime.Object{newServer("backup")},
			hub: []runtime.Object{
				newLocation("backup", "default", theirs, other, notDefault), newLocation("backup", "acmdr", theirs, other, notDefault),
			},
			want: want{err: "the names default and acmdr are taken"},
		},
		"somebody else's, with the same bucket": {
			kube: []runtime.Object{newServer("backup")}, hub: []runtime.Object{newLocation("backup", "aws", theirs)},
			want: want{namespace: "backup", location: "aws"},
		},
		"somebody else's, with our location": {
			kube: []runtime.Object{newServer("backup")}, hub: []runtime.Object{newLocation("backup", "default")},
			want: want{namespace: "backup", location: "default", secret: ownSecret, objects: 2, isDefault: true},
		},
		"somebody else's, with another bucket": {
			kube: []runtime.Object{newServer("backup")}, hub: []runtime.Object{newLocation("backup", "aws", theirs, other, isAvailable)},
			want: want{err: "the default location backup/aws is another place"},
		},
		"somebody else's, and the user wants another": {
			namespace: "velero", kube: []runtime.Object{newServer("backup")},
			want: want{err: "this hub has a Velero in namespace backup, and needs no second one in velero"},
		},
		"several": {
			kube: []runtime.Object{newServer("a"), newServer("b")}, want: want{err: "choose one with --velero-namespace"},
		},
		"several, chosen": {
			namespace: "b", kube: []runtime.Object{newServer("a"), newServer("b")},
			want: want{namespace: "b", location: "default", secret: ownSecret, objects: 2, isDefault: true},
		},
		"OADP": {
			kube: []runtime.Object{newServer("openshift-adp", ofOADP)},
			want: want{
				namespace: "openshift-adp", location: "default", secret: ownSecret, objects: 2, isDefault: true,
				note: "kubectl patch dataprotectionapplication dpa -n openshift-adp",
			},
		},
		"a namespace that is being deleted": {
			kube: []runtime.Object{&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{
				Name: "velero", DeletionTimestamp: &metav1.Time{Time: time.Unix(1, 0)}, Finalizers: []string{"kubernetes"},
			}}},
			want: want{err: "namespace velero is being deleted"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := settings()
			s.Namespace = c.namespace
			plan, err := Decide(context.Background(), kubefake.NewClientset(c.kube...), newHub(c.hub...), s)
			if c.want.err != "" {
				if err == nil || !strings.Contains(err.Error(), c.want.err) {
					t.Fatalf("%v, want %q", err, c.want.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			got := want{
				namespace: plan.Namespace, location: plan.Location, secret: plan.Secret, objects: len(plan.Objects),
				isDefault: plannedDefault(plan), note: c.want.note,
			}
			if got != c.want {
				t.Errorf("got %+v, want %+v", got, c.want)
			}
			if notes := strings.Join(plan.Notes, "\n"); !strings.Contains(notes, c.want.note) {
				t.Errorf("notes %q do not say %q", notes, c.want.note)
			}
		})
	}
}

func plannedDefault(plan *Plan) bool {
	for _, object := range plan.Objects {
		if object.GetKind() == velero.LocationKind {
			isDefault, _, _ := unstructured.NestedBool(object.Object, "spec", "default")
			return isDefault
		}
	}
	return false
}

func TestDecideOADPWithoutVelero(t *testing.T) {
	for name, c := range map[string]struct {
		dpas []unstructured.Unstructured
		want string
	}{
		"operator only": {nil, "create a DataProtectionApplication"},
		"not there yet": {
			[]unstructured.Unstructured{{Object: map[string]any{"metadata": map[string]any{"name": "dpa", "namespace": "adp"}}}},
			"kubectl describe dataprotectionapplication dpa -n adp",
		},
	} {
		t.Run(name, func(t *testing.T) {
			hub := newHub()
			hub.PrependReactor("list", dpaResource.Resource, func(clienttesting.Action) (bool, runtime.Object, error) {
				return true, &unstructured.UnstructuredList{Items: c.dpas}, nil
			})
			_, err := Decide(context.Background(), kubefake.NewClientset(), hub, settings())
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, want %q", err, c.want)
			}
		})
	}
}

// A hub without Velero's definitions has no locations, and that is no error.
func TestDecideWithoutDefinitions(t *testing.T) {
	hub := newHub()
	hub.PrependReactor("list", velero.LocationResource.Resource, func(clienttesting.Action) (bool, runtime.Object, error) {
		return true, nil, apierrors.NewNotFound(velero.LocationResource.GroupResource(), "")
	})
	if _, err := Decide(context.Background(), kubefake.NewClientset(), hub, settings()); err != nil {
		t.Error(err)
	}
}

func TestBucketDifference(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*Bucket)
		want   string
	}{
		"same":           {func(*Bucket) {}, ""},
		"how to reach":   {func(b *Bucket) { b.Region, b.PublicURL, b.CACert, b.ForcePathStyle = "x", "y", nil, false }, ""},
		"slashes":        {func(b *Bucket) { b.Prefix, b.URL = "/hubs/", b.URL+"/" }, ""},
		"default port":   {func(b *Bucket) { b.URL = "https://S3.example.com:443" }, ""},
		"another port":   {func(b *Bucket) { b.URL = "https://s3.example.com:80" }, "S3 URL"},
		"bucket":         {func(b *Bucket) { b.Name = "x" }, `bucket "acm-dr", not "x"`},
		"without prefix": {func(b *Bucket) { b.Prefix = "" }, `prefix "hubs", not <none>`},
	} {
		t.Run(name, func(t *testing.T) {
			b := settings().Bucket
			c.change(&b)
			if got := settings().Bucket.difference(b); got != c.want && (c.want == "" || !strings.HasPrefix(got, c.want)) {
				t.Errorf("%q, want %q", got, c.want)
			}
		})
	}
}

func TestMissingArgs(t *testing.T) {
	server := newServer("velero", func(server *appsv1.Deployment) {
		server.Spec.Template.Spec.Containers[0].Args = []string{"server", "--client-qps=300", "--log-level", "debug"}
	})
	if got := missingArgs(server); len(got) != 1 || got[0] != "--client-burst=1000" {
		t.Errorf("%v, want only the burst: the others are the owner's choice", got)
	}
}
