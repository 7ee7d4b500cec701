package access_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	clienttesting "k8s.io/client-go/testing"
	operatorv1 "open-cluster-management.io/api/operator/v1"

	"github.com/acmdr/kubectl-acmdr/pkg/access"
	"github.com/acmdr/kubectl-acmdr/pkg/internal/testutil"
	"github.com/acmdr/kubectl-acmdr/pkg/ocm"
)

var (
	denied  = apierrors.NewForbidden(schema.GroupResource{}, "", errors.New("rbac"))
	unknown = apierrors.NewNotFound(schema.GroupResource{}, "")
)

func fail(verb, resource string, err error) func(*testutil.Hub) {
	return func(cluster *testutil.Hub) {
		refuse := func(clienttesting.Action) (bool, runtime.Object, error) { return true, nil, err }
		cluster.Kube.PrependReactor(verb, resource, refuse)
		cluster.Dynamic.PrependReactor(verb, resource, refuse)
	}
}

// hideHubSecret is a credential as ACM's ManagedServiceAccount has it: only the bootstrap secret may be read.
func hideHubSecret(token string) func(*testutil.Hub) {
	return func(cluster *testutil.Hub) {
		kept := testutil.Secret(ocm.AgentNamespace, ocm.BootstrapSecret, map[string]string{
			ocm.KubeconfigKey: string(testutil.Kubeconfig("https://old", nil, token)),
		})
		if err := cluster.Kube.Tracker().Add(kept); err != nil {
			panic(err)
		}
		cluster.Kube.PrependReactor("get", "secrets", func(action clienttesting.Action) (bool, runtime.Object, error) {
			return action.(clienttesting.GetAction).GetName() == ocm.HubSecret, nil, denied
		})
	}
}

func klusterlet(t *testing.T, edit func(*operatorv1.Klusterlet)) func(*testutil.Hub) {
	t.Helper()
	return func(cluster *testutil.Hub) {
		object := testutil.Object(t, ocm.KlusterletResource, testutil.Klusterlet("klusterlet-uid", edit))
		if err := cluster.Dynamic.Tracker().Update(ocm.KlusterletResource, object, ""); err != nil {
			t.Fatal(err)
		}
	}
}

func TestProve(t *testing.T) {
	registration := func(driver string, gates ...operatorv1.FeatureGate) func(*operatorv1.Klusterlet) {
		return func(k *operatorv1.Klusterlet) {
			k.Spec.RegistrationConfiguration = &operatorv1.RegistrationConfiguration{
				FeatureGates: gates, RegistrationDriver: operatorv1.RegistrationDriver{AuthType: driver},
			}
		}
	}
	mode := func(mode operatorv1.InstallMode) func(*operatorv1.Klusterlet) {
		return func(k *operatorv1.Klusterlet) { k.Spec.DeployOption.Mode = mode }
	}
	gate := func(name string, mode operatorv1.FeatureGateModeType) operatorv1.FeatureGate {
		return operatorv1.FeatureGate{Feature: name, Mode: mode}
	}
	tests := []struct {
		name string
		// registered is the name of the agent at the cluster; empty for c1.
		registered string
		edit       func(*testutil.Hub)
		want       string
	}{
		{name: "the right cluster"},
		{name: "another cluster", registered: "c2", want: `https://c1 is another cluster: its agent is registered as "c2", not "c1"`},
		{name: "Kubernetes before 1.28", edit: fail("create", "selfsubjectreviews", unknown)},
		{name: "a review that fails", edit: fail("create", "selfsubjectreviews", apierrors.NewInternalError(errors.New("etcd"))),
			want: "https://c1: Internal error occurred: etcd"},
		{name: "no answer", edit: fail("create", "selfsubjectreviews", context.DeadlineExceeded),
			want: "cannot reach the managed cluster at https://c1: no answer within 15s"},
		{name: "no klusterlet operator", edit: fail("list", "klusterlets", unknown)},
		{name: "Klusterlets that may not be listed", edit: fail("list", "klusterlets", denied)},
		{name: "Klusterlets that cannot be listed", edit: fail("list", "klusterlets", apierrors.NewInternalError(errors.New("etcd"))),
			want: "listing Klusterlets: "},
		{name: "no agent", edit: fail("get", "secrets", unknown),
			want: "no agent is registered at https://c1: it has no secret open-cluster-management-agent/hub-kubeconfig-secret"},
		{name: "an identity that cannot be read", edit: fail("get", "secrets", apierrors.NewInternalError(errors.New("etcd"))),
			want: "reading secret open-cluster-management-agent/hub-kubeconfig-secret, to be sure that it is the right cluster: "},
		{name: "nothing may be read", edit: fail("get", "secrets", denied),
			want: "reading secret open-cluster-management-agent/bootstrap-hub-kubeconfig, to be sure that it is the right cluster: "},
		{name: "known by its bootstrap token", edit: hideHubSecret(jwt(`{"sub":"system:serviceaccount:c1:c1-bootstrap-sa"}`))},
		{name: "another cluster by its bootstrap token", edit: hideHubSecret(jwt(`{"sub":"system:serviceaccount:c2:c2-bootstrap-sa"}`)),
			want: "https://c1 is another cluster: its bootstrap token is of system:serviceaccount:c2:c2-bootstrap-sa"},
		{name: "a bootstrap token that says nothing", edit: hideHubSecret("opaque"),
			want: "system:admin may not read secret open-cluster-management-agent/hub-kubeconfig-secret, so it cannot be told whether this is the right cluster"},
		{name: "a bootstrap token of the fleet", edit: hideHubSecret(jwt(`{"sub":"system:serviceaccount:ocm:agent-registration-bootstrap"}`)),
			want: "system:admin may not read secret open-cluster-management-agent/hub-kubeconfig-secret, so it cannot be told whether this is the right cluster"},
		{name: "a hosted klusterlet", edit: klusterlet(t, mode(operatorv1.InstallModeHosted)),
			want: "the klusterlet runs in Hosted mode: its bootstrap kubeconfig is on the hosting cluster, replace it there"},
		{name: "a hosted singleton", edit: klusterlet(t, mode(operatorv1.InstallModeSingletonHosted)),
			want: "the klusterlet runs in SingletonHosted mode: "},
		{name: "a singleton", edit: klusterlet(t, mode(operatorv1.InstallModeSingleton))},
		{name: "registration by CSR", edit: klusterlet(t, registration("csr"))},
		{name: "registration of no kind", edit: klusterlet(t, registration(""))},
		{name: "registration by AWS", edit: klusterlet(t, registration("awsirsa")),
			want: "the klusterlet registers by awsirsa, not by CSR: "},
		{name: "an agent that switches by itself", edit: klusterlet(t, registration("csr",
			gate("ClusterClaim", operatorv1.FeatureGateModeTypeEnable), gate("MultipleHubs", operatorv1.FeatureGateModeTypeEnable))),
			want: "the klusterlet switches hubs by itself (feature gate MultipleHubs): "},
		{name: "an agent that could and does not", edit: klusterlet(t, registration("csr", gate("MultipleHubs", operatorv1.FeatureGateModeTypeDisable)))},
		{name: "may not get", edit: allowed("update"),
			want: "system:admin may not get secret open-cluster-management-agent/bootstrap-hub-kubeconfig on the managed cluster; 'kubectl acmdr rbac managed' prints the role that may"},
		{name: "may not update", edit: allowed("get"),
			want: "system:admin may not update secret open-cluster-management-agent/bootstrap-hub-kubeconfig on the managed cluster; 'kubectl acmdr rbac managed' prints the role that may"},
		{name: "rights that cannot be asked for", edit: fail("create", "selfsubjectaccessreviews", denied), want: "asking for the rights of system:admin: "},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			registered := test.registered
			if registered == "" {
				registered = "c1"
			}
			cluster := managedCluster(t, registered)
			if test.edit != nil {
				test.edit(cluster)
			}
			changes := cluster.Changes()
			finder := &access.Finder{Sources: []access.Source{&source{name: "s", host: "https://c1"}}, Connect: connect(map[string]*testutil.Hub{"https://c1": cluster})}
			_, err := finder.Open(t.Context(), "c1")
			if test.want == "" && err != nil {
				t.Error(err)
			}
			if test.want != "" && (err == nil || !strings.HasPrefix(err.Error(), "s: "+test.want)) {
				t.Errorf("error %v, want %q", err, test.want)
			}
			if wrote := changes(); len(wrote) > 0 {
				t.Errorf("proving wrote %q", wrote)
			}
		})
	}
}

func allowed(verb string) func(*testutil.Hub) {
	return func(cluster *testutil.Hub) {
		cluster.Authenticate("system:admin", func(what string) bool { return strings.HasPrefix(what, verb+" ") })
	}
}

func TestProveInTheAgentsNamespace(t *testing.T) {
	cluster := managedCluster(t, "c2") // in the usual namespace: of an agent that is no more
	klusterlet(t, func(k *operatorv1.Klusterlet) { k.Spec.Namespace = "my-agent" })(cluster)
	if err := cluster.Kube.Tracker().Add(testutil.Secret("my-agent", ocm.HubSecret, map[string]string{ocm.ClusterNameKey: "c1"})); err != nil {
		t.Fatal(err)
	}
	finder := &access.Finder{Sources: []access.Source{&source{name: "s", host: "https://c1"}}, Connect: connect(map[string]*testutil.Hub{"https://c1": cluster})}
	managed, err := finder.Open(t.Context(), "c1")
	if err != nil || managed.Namespace != "my-agent" {
		t.Errorf("got %+v, error %v", managed, err)
	}
}

func TestProveWithSeveralKlusterlets(t *testing.T) {
	cluster := managedCluster(t, "c1")
	second := testutil.Klusterlet("second", func(k *operatorv1.Klusterlet) { k.Name, k.Spec.Namespace = "second", "my-agent" })
	object := testutil.Object(t, ocm.KlusterletResource, second)
	if err := cluster.Dynamic.Tracker().Add(object); err != nil {
		t.Fatal(err)
	}
	if list, err := cluster.Dynamic.Tracker().List(ocm.KlusterletResource, object.GroupVersionKind(), ""); err != nil || meta.LenList(list) != 2 {
		t.Fatalf("got %v, error %v", list, err)
	}
	finder := &access.Finder{Sources: []access.Source{&source{name: "s", host: "https://c1"}}, Connect: connect(map[string]*testutil.Hub{"https://c1": cluster})}
	managed, err := finder.Open(t.Context(), "c1")
	if err != nil || managed.Namespace != ocm.AgentNamespace || managed.AgentID != "" {
		t.Errorf("got %+v, error %v", managed, err)
	}
}
