package journey

import (
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"time"
)

// S3Proxy stands between a hub's Velero, with the plugin, and the lab's S3 server. What it does to a request a network, a clock or
// an administrator could do; whatever is answered, the S3 server answers.
type S3Proxy struct {
	URL    string
	server *httptest.Server
	secret string

	mu    sync.Mutex
	treat http.HandlerFunc
	pass  http.Handler
	// dropped ends what is held when requests are treated otherwise: whoever waits with a body is not told of a broken connection.
	dropped chan struct{}
}

// S3Proxy serves the lab's S3 server until the test ends.
func (w *World) S3Proxy(t Cleaner) *S3Proxy {
	t.Helper()
	target, err := url.Parse(w.Lab.Env(t)["ACMDR_LAB_S3_URL"])
	if err != nil {
		t.Fatalf("%v", err)
	}
	p := &S3Proxy{secret: secretKey(w.BucketKeys(t))}
	p.pass = &httputil.ReverseProxy{
		// The Host stays as the client sent it: it is signed.
		Rewrite: func(r *httputil.ProxyRequest) {
			r.Out.URL.Scheme, r.Out.URL.Host, r.Out.Host = target.Scheme, target.Host, r.In.Host
		},
		ModifyResponse: shiftDate,
		ErrorHandler:   func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) },
	}
	p.Pass()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.mu.Lock()
		treat := p.treat
		p.mu.Unlock()
		treat(w, r)
	}))
	t.Cleanup(func() {
		p.Pass()
		server.CloseClientConnections()
		server.Close()
	})
	p.URL, p.server = server.URL, server
	return p
}

func secretKey(credentials []byte) string {
	for line := range strings.Lines(string(credentials)) {
		if _, value, ok := strings.Cut(line, "aws_secret_access_key="); ok {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

func (p *S3Proxy) set(treat http.HandlerFunc) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.dropped != nil {
		close(p.dropped)
	}
	p.treat, p.dropped = treat, make(chan struct{})
}

// Pass lets everything through.
func (p *S3Proxy) Pass() { p.set(p.pass.ServeHTTP) }

// Cut breaks every connection, those of held requests as well, as a server that goes down does.
func (p *S3Proxy) Cut() {
	p.set(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	p.server.CloseClientConnections()
}

// Revoke has every request made with a key that the server does not know any more.
func (p *S3Proxy) Revoke() {
	p.set(func(w http.ResponseWriter, r *http.Request) {
		const key = "Credential="
		r.Header.Set("Authorization", strings.Replace(r.Header.Get("Authorization"), key, key+"revoked", 1))
		p.pass.ServeHTTP(w, r)
	})
}

// Skew makes the server's clock differ from that of everybody else: requests reach it with the time that it would see on them, and
// its answers carry the time that it would have.
func (p *S3Proxy) Skew(by time.Duration) {
	p.set(func(w http.ResponseWriter, r *http.Request) {
		p.pass.ServeHTTP(w, ahead(resigned(r, p.secret, -by), by))
	})
}

// Age makes the links to files older, for who comes with one.
func (p *S3Proxy) Age(by time.Duration) {
	p.set(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Has(signatureParameter) {
			r = resigned(r, p.secret, -by)
		}
		p.pass.ServeHTTP(w, r)
	})
}

// Held are requests that wait.
type Held struct {
	// Met is closed when the first has come.
	Met     chan struct{}
	release chan struct{}
}

// Release lets them go on to the server.
func (h *Held) Release() { close(h.release) }

// Hold makes the requests that match wait, from the n-th on.
func (p *S3Proxy) Hold(n int, match func(*http.Request) bool) *Held {
	held := &Held{Met: make(chan struct{}), release: make(chan struct{})}
	var once sync.Once
	seen := 0
	p.set(func(w http.ResponseWriter, r *http.Request) {
		p.mu.Lock()
		if match(r) {
			seen++
		}
		waits, end := match(r) && seen >= n, p.dropped
		p.mu.Unlock()
		if waits {
			once.Do(func() { close(held.Met) })
			select {
			case <-held.release:
			case <-end:
				panic(http.ErrAbortHandler)
			}
		}
		p.pass.ServeHTTP(w, r)
	})
	return held
}

// Uploads matches what Velero writes under a name that ends so, and Downloads what it reads itself, without a link.
func Uploads(suffix string) func(*http.Request) bool {
	return func(r *http.Request) bool { return r.Method == http.MethodPut && strings.HasSuffix(r.URL.Path, suffix) }
}

// Downloads is Uploads for what is read.
func Downloads(suffix string) func(*http.Request) bool {
	return func(r *http.Request) bool {
		return r.Method == http.MethodGet && strings.HasSuffix(r.URL.Path, suffix) && r.Header.Get("Authorization") != ""
	}
}
