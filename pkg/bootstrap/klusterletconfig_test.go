package bootstrap_test

import (
	"bytes"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/rest"
	clusterv1 "open-cluster-management.io/api/cluster/v1"

	"github.com/acmdr/kubectl-acmdr/pkg/bootstrap"
	"github.com/acmdr/kubectl-acmdr/pkg/internal/testutil"
	"github.com/acmdr/kubectl-acmdr/pkg/kubeconfig"
	"github.com/acmdr/kubectl-acmdr/pkg/ocm"
)

func klusterletConfig(name string, spec map[string]any) *unstructured.Unstructured {
	object := &unstructured.Unstructured{Object: map[string]any{"spec": spec}}
	object.SetGroupVersionKind(ocm.KlusterletConfigResource.GroupVersion().WithKind("KlusterletConfig"))
	object.SetName(name)
	return object
}

func apiServer(fields map[string]any) map[string]any {
	return map[string]any{"hubKubeAPIServerConfig": fields}
}

func trusting(bundles ...string) map[string]any {
	refs := []any{}
	for _, bundle := range bundles {
		namespace, name, _ := strings.Cut(bundle, "/")
		refs = append(refs, map[string]any{"name": bundle, "caBundle": map[string]any{"namespace": namespace, "name": name}})
	}
	return apiServer(map[string]any{"serverVerificationStrategy": "UseCustomCABundles", "trustedCABundles": refs})
}

func lines(bundles ...[]byte) []byte { return append(bytes.Join(bundles, []byte("\n")), '\n') }

func TestEndpoints(t *testing.T) {
	w := newWorld(t)
	base := kubeconfig.Endpoint{Server: w.server.URL, CAData: w.private.PEM, ClusterName: "kube-system-uid"}
	edited := func(edit func(*kubeconfig.Endpoint)) kubeconfig.Endpoint {
		endpoint := base
		edit(&endpoint)
		return endpoint
	}
	leaf := testutil.Leaf(w.server)
	bundles := []runtime.Object{
		configMap("acm", "a", "ca-bundle.crt", w.private.PEM), configMap("acm", "b", "ca.crt", w.public.PEM), configMap("acm", "c", "tls.crt", leaf),
		configMap("acm", "empty", "README", []byte("no CA")),
	}
	tests := []struct {
		name    string
		objects []runtime.Object
		options bootstrap.EndpointOptions
		want    kubeconfig.Endpoint
		err     string
	}{
		{name: "no KlusterletConfig", want: base},
		{name: "of another cluster", objects: []runtime.Object{klusterletConfig("other", apiServer(map[string]any{"url": "https://x"}))}, want: base},
		{
			name: "for all", objects: []runtime.Object{klusterletConfig("global", apiServer(map[string]any{"url": "https://vip"}))},
			want: edited(func(e *kubeconfig.Endpoint) { e.Server, e.From = "https://vip", "KlusterletConfig global" }),
		},
		{
			name: "the cluster's own before that for all",
			objects: []runtime.Object{
				klusterletConfig("global", apiServer(map[string]any{"url": "https://vip", "proxyURL": "http://proxy"})),
				klusterletConfig("edge", apiServer(map[string]any{"url": "https://edge"})),
			},
			want: edited(func(e *kubeconfig.Endpoint) {
				e.Server, e.ProxyURL, e.From = "https://edge", "http://proxy", "KlusterletConfig edge"
			}),
		},
		{
			name: "the fields of before ACM 2.12",
			objects: []runtime.Object{klusterletConfig("edge", map[string]any{
				"hubKubeAPIServerURL": "https://edge", "hubKubeAPIServerProxyConfig": map[string]any{"httpsProxy": "http://proxy"},
			})},
			want: edited(func(e *kubeconfig.Endpoint) {
				e.Server, e.ProxyURL, e.From = "https://edge", "http://proxy", "KlusterletConfig edge"
			}),
		},
		{
			name:    "the system's trust store",
			objects: []runtime.Object{klusterletConfig("edge", apiServer(map[string]any{"serverVerificationStrategy": "UseSystemTruststore"}))},
			want:    edited(func(e *kubeconfig.Endpoint) { e.CAData = nil }),
		},
		{
			name:    "bundles of ConfigMaps",
			objects: append(bundles, klusterletConfig("edge", trusting("acm/a", "acm/b", "acm/c"))),
			want:    edited(func(e *kubeconfig.Endpoint) { e.CAData = lines(w.private.PEM, w.public.PEM, leaf) }),
		},
		{
			name: "a leaf is no CA", objects: append(bundles, klusterletConfig("edge", trusting("acm/c"))),
			err: "the CA bundles that the KlusterletConfig names do not begin with a CA certificate: ",
		},
		{
			name: "a bundle with nothing in it is not the system's trust store", objects: append(bundles, klusterletConfig("edge", trusting("acm/empty"))),
			err: "the CA bundles that the KlusterletConfig names do not begin with a CA certificate: ",
		},
		{
			name:    "the user's CA before every other",
			objects: []runtime.Object{klusterletConfig("edge", apiServer(map[string]any{"serverVerificationStrategy": "UseSystemTruststore"}))},
			options: bootstrap.EndpointOptions{CAData: w.private.PEM}, want: base,
		},
		{
			name: "a bundle that is not there", objects: []runtime.Object{klusterletConfig("edge", trusting("acm/none"))},
			err: "reading the CA bundle that the KlusterletConfig names: ",
		},
		{
			name: "a URL that agents cannot use", objects: []runtime.Object{klusterletConfig("edge", apiServer(map[string]any{"url": "http://edge"}))},
			err: `the hub's URL for agents, "http://edge", is not an https URL: give one with --hub-server`,
		},
		{
			name:    "the user before all",
			objects: []runtime.Object{klusterletConfig("global", apiServer(map[string]any{"url": "https://vip"}))},
			options: bootstrap.EndpointOptions{Server: w.server.URL}, want: base,
		},
		{
			name:    "fields of another shape",
			objects: []runtime.Object{klusterletConfig("edge", map[string]any{"hubKubeAPIServerConfig": "x"})}, want: base,
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			fake := testutil.NewHub(t, append(test.objects, kubeSystem())...)
			config := &rest.Config{Host: w.server.URL, TLSClientConfig: rest.TLSClientConfig{CAData: w.private.PEM}}
			endpoints, err := bootstrap.FindEndpoints(t.Context(), bootstrap.Hub{Kube: fake.Kube, Dynamic: fake.Dynamic, Config: config}, test.options)
			if err != nil {
				t.Fatal(err)
			}
			cluster := testutil.ManagedCluster("c1", func(c *clusterv1.ManagedCluster) { c.Annotations[ocm.KlusterletConfigAnnotation] = "edge" })
			got, err := endpoints.For(t.Context(), cluster)
			if test.err != "" {
				if err == nil || !strings.HasPrefix(err.Error(), test.err) {
					t.Errorf("error %v, want %q", err, test.err)
				}
				return
			}
			if err != nil || got.Server != test.want.Server || got.ProxyURL != test.want.ProxyURL || got.ClusterName != test.want.ClusterName || got.From != test.want.From ||
				string(got.CAData) != string(test.want.CAData) {
				t.Errorf("got %+v, want %+v, error %v", got, test.want, err)
			}
		})
	}
}
