package kubeconfig

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"k8s.io/client-go/tools/clientcmd"

	"github.com/acmdr/kubectl-acmdr/pkg/internal/testutil"
)

const clusterInfo = `apiVersion: v1
kind: Config
clusters: [{name: "", cluster: {server: "https://api.example.com:6443", certificate-authority-data: UEVN}}]
`

func hub() Endpoint {
	return Endpoint{Server: "https://hub.example.com:6443", CAData: []byte("PEM"), ClusterName: "0b5c"}
}

// The agent reads the file with client-go and takes over server, CA and proxy: nothing else may be needed.
func TestBootstrap(t *testing.T) {
	endpoint := hub()
	endpoint.ProxyURL = "http://proxy:3128"
	data, err := Bootstrap(endpoint, "s3cr3t")
	if err != nil {
		t.Fatal(err)
	}
	config, err := clientcmd.RESTConfigFromKubeConfig(data)
	if err != nil {
		t.Fatal(err)
	}
	if config.Host != endpoint.Server || config.BearerToken != "s3cr3t" || string(config.CAData) != "PEM" || config.Proxy == nil {
		t.Errorf("got %+v", config)
	}
	if !PointsTo(data, endpoint) || Token(data) != "s3cr3t" || Server(data) != endpoint.Server {
		t.Errorf("not read back: %q, %q", Server(data), Token(data))
	}
	again, err := Bootstrap(endpoint, "s3cr3t")
	if err != nil || string(again) != string(data) {
		t.Errorf("not the same bytes for the same hub and token, error %v", err)
	}
}

func TestPointsTo(t *testing.T) {
	tests := []struct {
		name string
		edit func(*Endpoint)
		want bool
	}{
		{"the same hub", func(*Endpoint) {}, true},
		{"another server", func(e *Endpoint) { e.Server = "https://other.example.com:6443" }, false},
		{"a trailing slash changes the agent's hub hash", func(e *Endpoint) { e.Server += "/" }, false},
		{"another CA", func(e *Endpoint) { e.CAData = []byte("MEP") }, false},
		{"the system's trust store", func(e *Endpoint) { e.CAData = nil }, false},
		{"a proxy", func(e *Endpoint) { e.ProxyURL = "http://proxy" }, false},
		{"the same address of another hub", func(e *Endpoint) { e.ClusterName = "7777" }, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			endpoint := hub()
			test.edit(&endpoint)
			data, err := Bootstrap(endpoint, "s3cr3t")
			if err != nil {
				t.Fatal(err)
			}
			if got := PointsTo(data, hub()); got != test.want {
				t.Errorf("got %t, want %t", got, test.want)
			}
			if read, token, err := EndpointOf(data); err != nil || token != "s3cr3t" || !PointsTo(data, read) {
				t.Errorf("read back as %+v, error %v", read, err)
			}
		})
	}
}

// What cannot be read leads nowhere: it is never taken for this hub.
func TestUnreadable(t *testing.T) {
	for _, data := range []string{"", "garbage", text(`{server: "http://a"}`, goodUser)} {
		if PointsTo([]byte(data), hub()) || PointsTo([]byte(data), Endpoint{}) || Token([]byte(data)) != "" || Server([]byte(data)) != "" {
			t.Errorf("%q was read", data)
		}
		if _, _, err := EndpointOf([]byte(data)); err == nil {
			t.Errorf("%q has an endpoint", data)
		}
	}
}

func TestFirstCertificate(t *testing.T) {
	authority := testutil.NewAuthority(t)
	server := authority.Serve(t, http.NotFoundHandler())
	expires := time.Now().Add(time.Hour).UTC().Truncate(time.Second)
	client, key := authority.Client(t, expires)
	if got := FirstCertificate(authority.PEM); got == nil || !got.IsCA {
		t.Errorf("got %v", got)
	}
	if got := FirstCertificate(append(testutil.Leaf(server), authority.PEM...)); got == nil || got.IsCA {
		t.Errorf("got %v, want the leaf", got)
	}
	if got := FirstCertificate(client); got == nil || !got.NotAfter.Equal(expires) {
		t.Errorf("got %v", got)
	}
	broken := []byte("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
	for _, bundle := range [][]byte{nil, []byte("no PEM"), key, broken} {
		if got := FirstCertificate(bundle); got != nil {
			t.Errorf("%q is the certificate %v", bundle, got.Subject)
		}
	}
}

func TestClientConfig(t *testing.T) {
	endpoint := hub()
	config, err := ClientConfig(endpoint, "s3cr3t")
	if err != nil || config.Host != endpoint.Server || config.BearerToken != "s3cr3t" || string(config.CAData) != "PEM" || config.Insecure {
		t.Errorf("got %+v, error %v", config, err)
	}
	if config.Proxy != nil {
		t.Error("a proxy that nobody asked for")
	}
	endpoint.ProxyURL = "https://proxy:3128"
	config, err = ClientConfig(endpoint, "")
	if err != nil || config.Proxy == nil || config.BearerToken != "" {
		t.Fatalf("got %+v, error %v", config, err)
	}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, endpoint.Server, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	if proxy, err := config.Proxy(request); err != nil || proxy.String() != endpoint.ProxyURL {
		t.Errorf("proxy %v, error %v", proxy, err)
	}
	for _, proxy := range []string{"proxy:3128", "ftp://proxy", "http://[::1"} {
		endpoint.ProxyURL = proxy
		if _, err := ClientConfig(endpoint, ""); err == nil || strings.Contains(err.Error(), "\n") {
			t.Errorf("proxy %q: error %v", proxy, err)
		}
	}
}

func TestParseClusterInfo(t *testing.T) {
	cluster, err := ParseClusterInfo([]byte(clusterInfo))
	if err != nil || cluster.Server != "https://api.example.com:6443" || string(cluster.CertificateAuthorityData) != "PEM" {
		t.Errorf("got %+v, error %v", cluster, err)
	}
	tests := map[string]string{
		"":                               "holds no kubeconfig with one cluster",
		"garbage":                        "holds no kubeconfig with one cluster",
		"apiVersion: v1\nkind: Config\n": "holds no kubeconfig with one cluster",
		strings.Replace(clusterInfo, "]", `, {name: b, cluster: {server: "https://b"}}]`, 1): "holds no kubeconfig with one cluster",
		strings.Replace(clusterInfo, "https:", "http:", 1):                                   "kubeconfig refused: clusters[].cluster.server is not an https URL",
	}
	for data, want := range tests {
		if _, err := ParseClusterInfo([]byte(data)); err == nil || err.Error() != want {
			t.Errorf("%q: error %v, want %q", data, err, want)
		}
	}
}
