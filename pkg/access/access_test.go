package access_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/acmdr/kubectl-acmdr/pkg/access"
	"github.com/acmdr/kubectl-acmdr/pkg/internal/testutil"
	"github.com/acmdr/kubectl-acmdr/pkg/ocm"
)

// source is a source of credentials that answers as it is told.
type source struct {
	name string
	host string
	err  error
}

func (s *source) Name() string { return s.name }

func (s *source) Find(context.Context, string) (*access.Credential, error) {
	if s.err != nil {
		return nil, s.err
	}
	return &access.Credential{Source: s.name, Origin: "secret c1/" + s.name, Config: &rest.Config{Host: s.host}}, nil
}

// managedCluster is a managed cluster whose agent is registered under a name.
func managedCluster(t *testing.T, registered string) *testutil.Hub {
	t.Helper()
	cluster := testutil.NewHub(t, testutil.Klusterlet("klusterlet-uid"),
		testutil.Secret(ocm.AgentNamespace, ocm.HubSecret, map[string]string{ocm.ClusterNameKey: registered}))
	cluster.Authenticate("system:admin", testutil.Everything)
	return cluster
}

// connect opens the clusters of these hosts.
func connect(clusters map[string]*testutil.Hub) access.Connect {
	return func(config *rest.Config) (kubernetes.Interface, dynamic.Interface, error) {
		cluster, ok := clusters[config.Host]
		if !ok {
			return nil, nil, errors.New("unable to load root certificates")
		}
		return cluster.Kube, cluster.Dynamic, nil
	}
}

func TestOpenTriesTheSourcesInOrder(t *testing.T) {
	open := connect(map[string]*testutil.Hub{"https://c1": managedCluster(t, "c1"), "https://c2": managedCluster(t, "c2")})
	none := &source{name: "nothing", err: access.ErrNone}
	wrapped := &source{name: "nothing either", err: fmt.Errorf("looked: %w", access.ErrNone)}
	broken := &source{name: "broken", err: errors.New("no key")}
	wrong := &source{name: "wrong", host: "https://c2"}
	closed := &source{name: "closed", host: "https://nowhere"}
	right, later := &source{name: "right", host: "https://c1"}, &source{name: "later", host: "https://c1"}
	tests := []struct {
		name    string
		sources []access.Source
		opened  string
		passed  int
		want    string
	}{
		{name: "the first that proves", sources: []access.Source{none, wrapped, right, later}, opened: "right"},
		{name: "after some that do not do", sources: []access.Source{broken, none, wrong, right}, opened: "right", passed: 2},
		{
			name: "none of them has one", sources: []access.Source{none, wrapped},
			want: "no credential for the managed cluster: looked for nothing, nothing either; give one with --managed-kubeconfig",
		},
		{name: "the only one does not do", sources: []access.Source{none, broken}, want: "broken: no key"},
		{
			name: "none of them does", sources: []access.Source{broken, wrong, closed},
			want: `broken: no key; wrong: https://c2 is another cluster: its agent is registered as "c2", not "c1"; ` +
				`closed: secret c1/closed: unable to load root certificates`,
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			managed, err := (&access.Finder{Sources: test.sources, Connect: open}).Open(t.Context(), "c1")
			if test.want != "" {
				if err == nil || err.Error() != test.want || managed != nil {
					t.Errorf("got %v, error %v, want %q", managed, err, test.want)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if managed.Credential.Source != test.opened || len(managed.Passed) != test.passed {
				t.Errorf("opened with %s after %v", managed.Credential.Source, managed.Passed)
			}
			if managed.User != "system:admin" || managed.AgentID != "klusterlet-uid" || managed.Namespace != ocm.AgentNamespace {
				t.Errorf("got %+v", managed)
			}
		})
	}
}

func TestOpenKeepsTheCauses(t *testing.T) {
	first, second := errors.New("first"), errors.New("second")
	finder := &access.Finder{Sources: []access.Source{&source{name: "a", err: first}, &source{name: "b", err: second}}}
	if _, err := finder.Open(t.Context(), "c1"); !errors.Is(err, first) || !errors.Is(err, second) {
		t.Errorf("error %v", err)
	}
}

// jwt is a token that says these things of itself; nobody signed it.
func jwt(claims string) string {
	return "e30." + base64.RawURLEncoding.EncodeToString([]byte(claims)) + ".sig"
}

// TestOpenOverTLS: what the API of a real server answers, in one line and without a secret.
func TestOpenOverTLS(t *testing.T) {
	authority := testutil.NewAuthority(t)
	server := authority.Serve(t, testutil.API{testutil.WhoAmIPath: testutil.WhoAmI(nil)})
	silent := authority.Serve(t, testutil.API{testutil.WhoAmIPath: http.HandlerFunc(func(_ http.ResponseWriter, _ *http.Request) {
		panic(http.ErrAbortHandler)
	})})
	gone := authority.Serve(t, testutil.API{})
	gone.Close()
	expired, key := authority.Client(t, time.Date(2020, 1, 2, 3, 4, 5, 0, time.UTC))
	withCertificate := strings.Replace(string(testutil.Kubeconfig(server.URL, authority.PEM, "s3cr3t")), `{token: "s3cr3t"}`,
		"{client-certificate-data: "+base64.StdEncoding.EncodeToString(expired)+", client-key-data: "+base64.StdEncoding.EncodeToString(key)+"}", 1)
	oldToken := jwt(`{"exp":1577934245,"sub":"s3cr3t"}`)
	tests := []struct {
		name, want string
		data       []byte
	}{
		{"a token that is not accepted", "c1.yaml is not accepted by " + server.URL + ": expired, revoked, or of another cluster",
			testutil.Kubeconfig(server.URL, authority.PEM, "s3cr3t")},
		{"another CA", "cannot reach the managed cluster at " + server.URL + ": tls: failed to verify certificate: x509: ",
			testutil.Kubeconfig(server.URL, testutil.NewAuthority(t).PEM, "s3cr3t")},
		{"nobody there", "cannot reach the managed cluster at " + gone.URL + ": dial tcp ", testutil.Kubeconfig(gone.URL, authority.PEM, "s3cr3t")},
		{"hung up", "cannot reach the managed cluster at " + silent.URL + ": ", testutil.Kubeconfig(silent.URL, authority.PEM, "s3cr3t")},
		{"expired certificate", "c1.yaml expired on 2020-01-02T03:04:05Z", []byte(withCertificate)},
		{"expired token", "c1.yaml expired on 2020-01-02T03:04:05Z", testutil.Kubeconfig(server.URL, authority.PEM, oldToken)},
		{"empty", "c1.yaml: kubeconfig is empty", nil},
		{"not YAML", "c1.yaml: kubeconfig is not valid YAML of kind Config", []byte("s3cr3t: [")},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			finder := &access.Finder{
				Sources: []access.Source{access.Files{"c1": {Path: "c1.yaml", Data: test.data}}},
				Connect: func(config *rest.Config) (kubernetes.Interface, dynamic.Interface, error) {
					kube, err := kubernetes.NewForConfig(config)
					if err != nil {
						return nil, nil, err
					}
					dyn, err := dynamic.NewForConfig(config)
					return kube, dyn, err
				},
			}
			_, err := finder.Open(t.Context(), "c1")
			if err == nil || !strings.HasPrefix(err.Error(), "kubeconfig file: "+test.want) {
				t.Fatalf("error %v, want %q", err, test.want)
			}
			if strings.Contains(err.Error(), "s3cr3t") || strings.Contains(err.Error(), "\n") {
				t.Errorf("error %q holds a secret or more than one line", err)
			}
		})
	}
}
