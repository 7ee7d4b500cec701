package journey

import (
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"regexp"
	"sync"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// Gate sees every request of one run of the plugin, to whichever cluster, in their order, and lets a fault befall one.
type Gate struct {
	mu     sync.Mutex
	seen   []string
	number int
	fault  Fault
	struck bool
	kill   func()
	ready  chan struct{}
}

// NewGate returns a gate that nothing has passed.
func NewGate() *Gate { return &Gate{} }

// Arm begins a run: its k-th request meets the fault; with k = 0 none does. The plugin starts after it, see Started.
func (g *Gate) Arm(k int, fault Fault) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.seen, g.number, g.fault, g.struck, g.kill, g.ready = nil, k, fault, false, func() {}, make(chan struct{})
}

// Started tells how the plugin of this run is killed.
func (g *Gate) Started(kill func()) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.kill = kill
	close(g.ready)
}

// Seen are the requests of the run, as "hub GET /path", and whether the fault has struck.
func (g *Gate) Seen() (requests []string, struck bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return append([]string(nil), g.seen...), g.struck
}

// generated is what a server made of a name's prefix, or a query that differs from run to run.
var generated = regexp.MustCompile(`(certificatesigningrequests/[^/]*-)[a-z0-9]{5}\b`)

func (g *Gate) meets(cluster string, r *http.Request) (Fault, func(), bool) {
	g.mu.Lock()
	ready := g.ready
	g.mu.Unlock()
	<-ready
	g.mu.Lock()
	defer g.mu.Unlock()
	path := generated.ReplaceAllString(r.URL.Path, "${1}?")
	g.seen = append(g.seen, fmt.Sprintf("%s %s %s", cluster, r.Method, path))
	if len(g.seen) != g.number {
		return Fault{}, nil, false
	}
	g.struck = true
	return g.fault, g.kill, true
}

// Proxy serves a cluster of the lab through the gate, until the test ends, and returns a kubeconfig that leads there. Who
// comes through it is the cluster's administrator.
func (g *Gate) Proxy(t Cleaner, kubeconfig, name string) Kubeconfig {
	t.Helper()
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		t.Fatalf("%v", err)
	}
	transport, err := rest.TransportFor(config)
	if err != nil {
		t.Fatalf("%v", err)
	}
	target, err := url.Parse(config.Host)
	if err != nil {
		t.Fatalf("%v", err)
	}
	forward := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(target)
			r.Out.Header.Del("Authorization")
		},
		Transport:    transport,
		ErrorHandler: func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) },
	}
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if fault, kill, ok := g.meets(name, r); ok {
			fault.strike(w, r, forward.ServeHTTP, kill)
			return
		}
		forward.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	return Kubeconfig{Server: server.URL, CA: certificate(server), User: clientcmdapi.AuthInfo{Token: "of-the-proxy"}}
}

// certificate is what a test server shows, which is its own authority.
func certificate(server *httptest.Server) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
}

// Cleaner is a TB that ends what it began.
type Cleaner interface {
	TB
	Cleanup(f func())
}
