//go:debug x509usefallbackroots=1

package bootstrap_test

import (
	"crypto/x509"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"
	clienttesting "k8s.io/client-go/testing"

	"github.com/acmdr/kubectl-acmdr/pkg/bootstrap"
	"github.com/acmdr/kubectl-acmdr/pkg/internal/testutil"
	"github.com/acmdr/kubectl-acmdr/pkg/kubeconfig"
	"github.com/acmdr/kubectl-acmdr/pkg/ocm"
)

const user = "system:serviceaccount:c1:c1-bootstrap-sa"

// publicRoots makes an authority one of the system's, for the whole test binary: the roots can be set once.
var publicRoots = sync.OnceValue(x509.NewCertPool)

var setRoots = sync.OnceFunc(func() { x509.SetFallbackRoots(publicRoots()) })

// publicAuthority is an authority that the system trusts, as it does a public one.
func publicAuthority(t *testing.T) *testutil.Authority {
	t.Helper()
	authority := testutil.NewAuthority(t)
	publicRoots().AddCert(authority.Certificate)
	setRoots()
	return authority
}

// serveHub is a hub's API that takes the token s3cr3t for the bootstrap identity.
func serveHub(t *testing.T, authority *testutil.Authority) *httptest.Server {
	t.Helper()
	return authority.Serve(t, testutil.API{testutil.WhoAmIPath: testutil.WhoAmI(map[string]string{"s3cr3t": user, "other": "system:admin"})})
}

func TestVerify(t *testing.T) {
	authority := testutil.NewAuthority(t)
	server := serveHub(t, authority)
	old := authority.Serve(t, testutil.API{}) // Kubernetes before 1.28
	broken := authority.Serve(t, testutil.API{testutil.WhoAmIPath: apierrors.NewForbidden(schema.GroupResource{}, "x", nil)})
	gone := authority.Serve(t, testutil.API{})
	gone.Close()
	tests := []struct {
		name     string
		endpoint kubeconfig.Endpoint
		token    string
		want     string
	}{
		{name: "the hub takes it for the identity", endpoint: kubeconfig.Endpoint{Server: server.URL, CAData: authority.PEM}, token: "s3cr3t"},
		{name: "a hub that cannot say", endpoint: kubeconfig.Endpoint{Server: old.URL, CAData: authority.PEM}, token: "s3cr3t"},
		{
			name: "a token of another hub", endpoint: kubeconfig.Endpoint{Server: server.URL, CAData: authority.PEM}, token: "unkn0wn",
			want: "the hub at " + server.URL + " does not accept the bootstrap token: is it another hub?",
		},
		{
			name: "a token of somebody else", endpoint: kubeconfig.Endpoint{Server: server.URL, CAData: authority.PEM}, token: "other",
			want: "the hub at " + server.URL + " takes the bootstrap token for system:admin, not " + user,
		},
		{
			name: "another CA", endpoint: kubeconfig.Endpoint{Server: server.URL, CAData: testutil.NewAuthority(t).PEM}, token: "s3cr3t",
			want: "trying the bootstrap kubeconfig at " + server.URL + ": tls: failed to verify certificate: x509: certificate signed by unknown authority",
		},
		{
			name: "a hub that refuses", endpoint: kubeconfig.Endpoint{Server: broken.URL, CAData: authority.PEM}, token: "s3cr3t",
			want: "trying the bootstrap kubeconfig at " + broken.URL + ": ",
		},
		{
			name: "nobody there", endpoint: kubeconfig.Endpoint{Server: gone.URL, CAData: authority.PEM}, token: "s3cr3t",
			want: "trying the bootstrap kubeconfig at " + gone.URL + ": dial tcp ",
		},
		{
			name: "no CA", endpoint: kubeconfig.Endpoint{Server: server.URL, CAData: []byte("no PEM")}, token: "s3cr3t",
			want: "trying the bootstrap kubeconfig at " + server.URL + ": ",
		},
		{
			name: "no proxy", endpoint: kubeconfig.Endpoint{Server: server.URL, CAData: authority.PEM, ProxyURL: "ftp://p"}, token: "s3cr3t",
			want: "trying the bootstrap kubeconfig at " + server.URL + ": kubeconfig refused: clusters[].cluster.proxy-url is neither",
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			err := bootstrap.Verify(t.Context(), test.endpoint, test.token, user)
			if test.want == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if err == nil || !strings.HasPrefix(err.Error(), test.want) {
				t.Fatalf("error %v, want %q", err, test.want)
			}
			if strings.Contains(err.Error(), test.token) || strings.Contains(err.Error(), "\n") {
				t.Errorf("error %q holds the token or more than one line", err)
			}
		})
	}
}

// TestVerifyGoesThroughTheProxy: the way that is tried is the agent's way.
func TestVerifyGoesThroughTheProxy(t *testing.T) {
	authority := testutil.NewAuthority(t)
	server := serveHub(t, authority)
	var asked string
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = r.Method + " " + r.Host
		w.WriteHeader(http.StatusBadGateway)
	}))
	defer proxy.Close()
	endpoint := kubeconfig.Endpoint{Server: server.URL, CAData: authority.PEM, ProxyURL: proxy.URL}
	if err := bootstrap.Verify(t.Context(), endpoint, "s3cr3t", user); err == nil {
		t.Error("the hub was reached without its proxy")
	}
	if want := "CONNECT " + strings.TrimPrefix(server.URL, "https://"); asked != want {
		t.Errorf("the proxy was asked for %q, want %q", asked, want)
	}
}

func TestVerifyKubeconfig(t *testing.T) {
	authority := testutil.NewAuthority(t)
	server := serveHub(t, authority)
	if err := bootstrap.VerifyKubeconfig(t.Context(), bootstrap.Verify, testutil.Kubeconfig(server.URL, authority.PEM, "s3cr3t"), user); err != nil {
		t.Error(err)
	}
	for _, data := range [][]byte{nil, testutil.Kubeconfig(server.URL, authority.PEM, "unkn0wn"), testutil.Kubeconfig(server.URL, nil, "s3cr3t")} {
		if err := bootstrap.VerifyKubeconfig(t.Context(), bootstrap.Verify, data, user); err == nil {
			t.Errorf("%q was accepted", data)
		}
	}
}

// world is a hub as FindEndpoint sees it.
type world struct {
	private, public *testutil.Authority
	server, outside *httptest.Server
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{private: testutil.NewAuthority(t), public: publicAuthority(t)}
	w.server, w.outside = serveHub(t, w.private), serveHub(t, w.public)
	return w
}

func kubeSystem() *corev1.Namespace {
	return &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "kube-system", UID: "kube-system-uid"}}
}

func configMap(namespace, name, key string, value []byte) *corev1.ConfigMap {
	return &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}, Data: map[string]string{key: string(value)}}
}

func clusterInfo(server string, ca []byte) *corev1.ConfigMap {
	text := strings.Replace(string(testutil.Kubeconfig(server, ca, "x")), "current-context: test\n", "", 1)
	return configMap("kube-public", "cluster-info", "kubeconfig", []byte(text))
}

func infrastructure(url string) *unstructured.Unstructured {
	object := &unstructured.Unstructured{Object: map[string]any{"status": map[string]any{"apiServerURL": url}}}
	object.SetGroupVersionKind(ocm.InfrastructureResource.GroupVersion().WithKind("Infrastructure"))
	object.SetName("cluster")
	object.SetUID(types.UID("infrastructure-uid"))
	return object
}

func TestFindEndpoint(t *testing.T) {
	w := newWorld(t)
	leaf := testutil.Leaf(w.outside)
	other := testutil.NewAuthority(t)
	tests := []struct {
		name    string
		options bootstrap.EndpointOptions
		config  rest.Config
		objects []runtime.Object
		server  string
		ca      []byte
		cluster string
		want    string
	}{
		{
			name: "the current context, with its CA", config: rest.Config{Host: w.server.URL, TLSClientConfig: rest.TLSClientConfig{CAData: w.private.PEM}},
			server: w.server.URL, ca: w.private.PEM,
		},
		{
			name: "cluster-info before the current context", config: rest.Config{Host: "https://127.0.0.1:1"},
			objects: []runtime.Object{clusterInfo(w.server.URL, w.private.PEM)}, server: w.server.URL, ca: w.private.PEM,
		},
		{
			name: "OpenShift's Infrastructure before cluster-info", config: rest.Config{Host: "https://127.0.0.1:1"},
			objects: []runtime.Object{clusterInfo("https://127.0.0.1:2", w.private.PEM), infrastructure(w.server.URL)},
			server:  w.server.URL, ca: w.private.PEM, cluster: "infrastructure-uid",
		},
		{
			name: "the user before all", config: rest.Config{Host: "https://127.0.0.1:1"},
			options: bootstrap.EndpointOptions{Server: w.server.URL, CAData: w.private.PEM, ProxyURL: ""},
			objects: []runtime.Object{infrastructure("https://127.0.0.1:2")}, server: w.server.URL, ca: w.private.PEM, cluster: "infrastructure-uid",
		},
		{
			name: "the first CA that verifies, not the first", config: rest.Config{Host: w.server.URL, TLSClientConfig: rest.TLSClientConfig{CAData: other.PEM}},
			objects: []runtime.Object{configMap("kube-system", "kube-root-ca.crt", "ca.crt", w.private.PEM)}, server: w.server.URL, ca: w.private.PEM,
		},
		{
			name:    "a public certificate is verified by the system's trust store",
			config:  rest.Config{Host: w.outside.URL, TLSClientConfig: rest.TLSClientConfig{CAData: w.private.PEM}},
			objects: []runtime.Object{configMap("kube-system", "kube-root-ca.crt", "ca.crt", w.private.PEM)}, server: w.outside.URL,
		},
		{
			name:   "the server's own certificate is no CA, the system's trust store is better",
			config: rest.Config{Host: w.outside.URL, TLSClientConfig: rest.TLSClientConfig{CAData: leaf}}, server: w.outside.URL,
		},
		{
			name:    "a leaf from the user is refused",
			options: bootstrap.EndpointOptions{Server: w.outside.URL, CAData: append(leaf, w.public.PEM...)}, config: rest.Config{Host: w.outside.URL},
			want: "agents could not reach this hub at " + w.outside.URL + ": a CA bundle does not begin with a CA certificate (see --hub-server and --hub-ca-file)",
		},
		{
			name:    "the user's CA and no other",
			options: bootstrap.EndpointOptions{CAData: other.PEM},
			config:  rest.Config{Host: w.server.URL, TLSClientConfig: rest.TLSClientConfig{CAData: w.private.PEM}},
			want:    "agents could not reach this hub at " + w.server.URL + ": tls: failed to verify certificate: x509: ",
		},
		{
			name: "no CA verifies", config: rest.Config{Host: w.server.URL, TLSClientConfig: rest.TLSClientConfig{CAData: other.PEM}},
			want: "agents could not reach this hub at " + w.server.URL + ": tls: failed to verify certificate: x509: certificate signed by unknown authority",
		},
		{
			name: "garbage for a CA", config: rest.Config{Host: w.server.URL, TLSClientConfig: rest.TLSClientConfig{CAData: []byte("no PEM")}},
			want: "agents could not reach this hub at " + w.server.URL + ": ",
		},
		{
			name: "a name that only the hub knows", config: rest.Config{Host: "https://kubernetes.default.svc.cluster.local"},
			want: "the hub's URL for agents, https://kubernetes.default.svc.cluster.local, is only known inside the hub: give one with --hub-server",
		},
		{
			name: "a service of the hub", options: bootstrap.EndpointOptions{Server: "https://kube-apiserver.clusters-hub.svc:6443"},
			want: "the hub's URL for agents, https://kube-apiserver.clusters-hub.svc:6443, is only known inside the hub: give one with --hub-server",
		},
		{
			name: "no https", options: bootstrap.EndpointOptions{Server: "http://hub"},
			want: `the hub's URL for agents, "http://hub", is not an https URL: give one with --hub-server`,
		},
		{
			name: "broken cluster-info", config: rest.Config{Host: w.server.URL},
			objects: []runtime.Object{configMap("kube-public", "cluster-info", "kubeconfig", []byte("x"))},
			want:    "configmap kube-public/cluster-info of the hub: holds no kubeconfig with one cluster",
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			fake := testutil.NewHub(t, append(test.objects, kubeSystem())...)
			hub := bootstrap.Hub{Kube: fake.Kube, Dynamic: fake.Dynamic, Config: &test.config}
			endpoint, err := bootstrap.FindEndpoint(t.Context(), hub, test.options)
			if test.want != "" {
				if err == nil || !strings.HasPrefix(err.Error(), test.want) || strings.Contains(err.Error(), "\n") {
					t.Errorf("error %v, want %q", err, test.want)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			cluster := test.cluster
			if cluster == "" {
				cluster = "kube-system-uid"
			}
			if endpoint.Server != test.server || string(endpoint.CAData) != string(test.ca) || endpoint.ClusterName != cluster {
				t.Errorf("got %s, cluster %s, CA\n%s", endpoint.Server, endpoint.ClusterName, endpoint.CAData)
			}
		})
	}
}

func TestFindEndpointOnAHubThatMayNotBeRead(t *testing.T) {
	w := newWorld(t)
	tests := []struct{ resource, want string }{
		{"infrastructures", "reading infrastructure/cluster: "},
		{"namespaces", "reading namespace kube-system of the hub: "},
	}
	for _, test := range tests {
		fake := testutil.NewHub(t, kubeSystem())
		refuse := func(clienttesting.Action) (bool, runtime.Object, error) {
			return true, nil, apierrors.NewForbidden(schema.GroupResource{Resource: test.resource}, "x", nil)
		}
		fake.Kube.PrependReactor("get", test.resource, refuse)
		fake.Dynamic.PrependReactor("get", test.resource, refuse)
		config := &rest.Config{Host: w.server.URL, TLSClientConfig: rest.TLSClientConfig{CAData: w.private.PEM}}
		_, err := bootstrap.FindEndpoint(t.Context(), bootstrap.Hub{Kube: fake.Kube, Dynamic: fake.Dynamic, Config: config}, bootstrap.EndpointOptions{})
		if !apierrors.IsForbidden(err) || !strings.HasPrefix(err.Error(), test.want) {
			t.Errorf("%s: error %v", test.resource, err)
		}
	}
	// The hub's own root CA may be hidden: the others are tried.
	fake := testutil.NewHub(t, kubeSystem())
	fake.Kube.PrependReactor("get", "configmaps", func(action clienttesting.Action) (bool, runtime.Object, error) {
		return action.GetNamespace() == "kube-system", nil, apierrors.NewForbidden(schema.GroupResource{Resource: "configmaps"}, "x", nil)
	})
	config := &rest.Config{Host: w.server.URL, TLSClientConfig: rest.TLSClientConfig{CAData: w.private.PEM}}
	hub := bootstrap.Hub{Kube: fake.Kube, Dynamic: fake.Dynamic, Config: config}
	if endpoint, err := bootstrap.FindEndpoint(t.Context(), hub, bootstrap.EndpointOptions{}); err != nil || len(endpoint.CAData) == 0 {
		t.Errorf("got %+v, error %v", endpoint, err)
	}
}

func TestIsLoopback(t *testing.T) {
	for server, want := range map[string]bool{
		"https://127.0.0.1:6443": true, "https://localhost": true, "https://[::1]:6443": true, "https://127.8.9.1": true,
		"https://10.0.0.1:6443": false, "https://api.example.com": false, "https://localhost.example.com": false, "": false, "https://[::1": false,
	} {
		if got := bootstrap.IsLoopback(server); got != want {
			t.Errorf("%s: got %t", server, got)
		}
	}
}
