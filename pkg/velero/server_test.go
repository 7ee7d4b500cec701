package velero_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	clienttesting "k8s.io/client-go/testing"

	"github.com/acmdr/kubectl-acmdr/pkg/internal/testutil"
	"github.com/acmdr/kubectl-acmdr/pkg/velero"
)

// served is a hub whose Velero has these containers.
func served(t *testing.T, containers ...corev1.Container) *testutil.Hub {
	t.Helper()
	server := &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Namespace: "velero", Name: "velero"}}
	server.Spec.Template.Spec.Containers = containers
	return testutil.NewHub(t, server)
}

// refuse has a hub refuse these calls, written as "verb resource", and returns the writes that it was asked for.
func refuse(hub *testutil.Hub, refused ...string) func() []string {
	var writes []string
	for _, fake := range []*clienttesting.Fake{&hub.Kube.Fake, &hub.Dynamic.Fake} {
		fake.PrependReactor("*", "*", func(action clienttesting.Action) (bool, runtime.Object, error) {
			call := action.GetVerb() + " " + action.GetResource().Resource
			if !testutil.Reads(action) {
				writes = append(writes, call)
			}
			refusal := apierrors.NewForbidden(action.GetResource().GroupResource(), "", errors.New("rbac"))
			return slices.Contains(refused, call), nil, refusal
		})
	}
	return func() []string { return writes }
}

func read(ctx context.Context, hub *testutil.Hub) (*velero.Server, error) {
	return velero.In(hub.Dynamic, "velero").Server(ctx, hub.Kube, testutil.Instant{})
}

const byDigest = "registry.redhat.io/oadp/oadp-velero-rhel9@sha256:0123"

// The tag of the image counts; the server is asked only where that is no version.
func TestServerVersion(t *testing.T) {
	const (
		create = "create serverstatusrequests"
		get    = "get serverstatusrequests"
		remove = "delete serverstatusrequests"
		deploy = "get deployments"
	)
	asked := []string{create, remove}
	for name, test := range map[string]struct {
		told, image string
		refused     []string
		want        string
		writes      []string
	}{
		"tag":                         {"v1.9.0", "velero/velero:v1.18.3", nil, "v1.18.3", nil},
		"tag in a mirror":             {"", "mirror.example.com:5000/velero/velero:v1.16.2", nil, "v1.16.2", nil},
		"tag and digest":              {"main", "velero/velero:v1.18.2@sha256:0123", nil, "v1.18.2", nil},
		"tag of a vendor":             {"", "bitnami/velero:1.16.0-debian-12-r3", nil, "v1.16.0-debian-12-r3", nil},
		"digest":                      {"v1.16.2-OADP", byDigest, nil, "v1.16.2-OADP", asked},
		"digest, not told":            {"", byDigest, nil, "", asked},
		"port":                        {"v1.18.3", "mirror.example.com:5000/velero", nil, "v1.18.3", asked},
		"moving tag":                  {"v1.18.3", "velero/velero:latest", nil, "v1.18.3", asked},
		"moving tag of a branch":      {"main", "velero/velero:main", nil, "", asked},
		"may not ask":                 {"v1.18.3", byDigest, []string{create}, "", asked[:1]},
		"may not ask, tag":            {"v1.9.0", "velero/velero:v1.18.3", []string{create}, "v1.18.3", nil},
		"may not read the answer":     {"v1.18.3", byDigest, []string{get}, "", asked},
		"may not take it away":        {"v1.18.3", byDigest, []string{remove}, "v1.18.3", asked},
		"may not see Deployments":     {"v1.18.3", "velero/velero:v1.9.0", []string{deploy}, "v1.18.3", asked},
		"may see and ask for nothing": {"v1.18.3", "velero/velero:v1.9.0", []string{deploy, create}, "", asked[:1]},
	} {
		t.Run(name, func(t *testing.T) {
			hub := served(t, corev1.Container{Name: "velero", Image: test.image})
			hub.Version = test.told
			writes := refuse(hub, test.refused...)
			got, err := read(t.Context(), hub)
			if err != nil || got.Version.String() != test.want || got.Version.Known() != (test.want != "") {
				t.Fatalf("got %+v, %v, want %q", got, err, test.want)
			}
			if hidden := slices.Contains(test.refused, deploy); hidden != (got.Limits == nil) {
				t.Errorf("limits are %+v", got.Limits)
			}
			if diff := cmp.Diff(test.writes, writes()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestServerLimits(t *testing.T) {
	limited := corev1.Container{Name: "velero", Args: []string{"server", "--client-qps=1000", "--client-burst", "900"}}
	limited.Resources.Limits = corev1.ResourceList{corev1.ResourceMemory: resource.MustParse("4Gi")}
	sidecar := corev1.Container{Name: "proxy", Image: "proxy:v1.2.3", Args: []string{"--client-qps=1"}}
	usual := velero.Limits{QPS: 100, Burst: 100}
	for name, test := range map[string]struct {
		containers []corev1.Container
		want       velero.Limits
	}{
		"set":              {[]corev1.Container{limited}, velero.Limits{QPS: 1000, Burst: 900, Memory: 4 << 30}},
		"not set":          {[]corev1.Container{{Name: "velero", Args: []string{"server"}}}, usual},
		"not a number":     {[]corev1.Container{{Name: "velero", Args: []string{"--client-qps=many", "--client-burst"}}}, usual},
		"beside a sidecar": {[]corev1.Container{sidecar, limited}, velero.Limits{QPS: 1000, Burst: 900, Memory: 4 << 30}},
		"by another name":  {[]corev1.Container{{Name: "server", Args: []string{"--client-qps=5"}}}, velero.Limits{QPS: 5, Burst: 100}},
		"no container":     {nil, usual},
	} {
		t.Run(name, func(t *testing.T) {
			hub := served(t, test.containers...)
			got, err := read(t.Context(), hub)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(&test.want, got.Limits); diff != "" {
				t.Error(diff)
			}
			if got.Version.String() != testutil.VeleroVersion {
				t.Errorf("the version is %s, not the server's own", got.Version)
			}
		})
	}
}

// OADP names its plugin by itself, 'velero plugin add' after the image.
func TestServerPlugins(t *testing.T) {
	for name, want := range map[string]bool{
		"openshift-velero-plugin": true, "konveyor-openshift-velero-plugin": true, "velero-plugin-for-aws": false, "": false,
	} {
		server := &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Namespace: "velero", Name: "velero"}}
		server.Spec.Template.Spec.Containers = []corev1.Container{{Name: "velero"}}
		server.Spec.Template.Spec.InitContainers = []corev1.Container{{Name: name}}
		got, err := read(t.Context(), testutil.NewHub(t, server))
		if err != nil || got.Limits.OpenShift != want {
			t.Errorf("%q: got %+v, %v", name, got.Limits, err)
		}
	}
}

// Whoever gives up, or a hub that does not answer, is not taken for a server that does not tell its version.
func TestServerFails(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	enough := errors.New("enough")
	hub := served(t, corev1.Container{Name: "velero", Image: byDigest})
	hub.Intercept(func(action clienttesting.Action, next testutil.Call) (runtime.Object, error) {
		if action.GetVerb() == "get" && action.GetResource() == velero.StatusRequestResource {
			cancel(enough)
			return nil, ctx.Err()
		}
		return next()
	})
	if got, err := read(ctx, hub); !errors.Is(err, enough) {
		t.Errorf("given up: got %+v, %v", got, err)
	}
	if left, err := velero.In(hub.Dynamic, "velero").StatusRequests.List(t.Context(), ""); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	hub = served(t)
	hub.Kube.PrependReactor("get", "deployments", func(clienttesting.Action) (bool, runtime.Object, error) {
		return true, nil, apierrors.NewTimeoutError("etcd", 1)
	})
	if got, err := read(t.Context(), hub); !apierrors.IsTimeout(err) {
		t.Errorf("no answer: got %+v, %v", got, err)
	}
	hub = testutil.NewHub(t)
	if got, err := read(t.Context(), hub); !apierrors.IsNotFound(err) {
		t.Errorf("no server: got %+v, %v", got, err)
	}
}
