package kubeconfig

import (
	"bytes"
	"errors"
	"net/http"
	"strings"
	"testing"

	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/acmdr/kubectl-acmdr/pkg/internal/testutil"
)

// text is a kubeconfig with these fields, in flow style, of its cluster and its user.
func text(cluster, user string) string {
	return `apiVersion: v1
kind: Config
current-context: c
contexts: [{name: c, context: {cluster: k, user: u}}]
clusters: [{name: k, cluster: ` + cluster + `}]
users: [{name: u, user: ` + user + `}]
`
}

const (
	goodCluster = `{server: "https://api.example.com:6443", certificate-authority-data: UEVN}`
	goodUser    = `{token: s3cr3t}`
)

// refusals are kubeconfigs that must not open anything, and the message for each.
var refusals = []struct{ name, text, want string }{
	{"empty", "", "kubeconfig is empty"},
	{"not YAML", "token: s3cr3t\n\t- {", "kubeconfig is not valid YAML of kind Config"},
	{"of another kind", "apiVersion: v1\nkind: Secret\ndata: {token: s3cr3t}\n", "kubeconfig is not valid YAML of kind Config"},
	{"a string", "s3cr3t", "kubeconfig is not valid YAML of kind Config"},
	{"a choice of clusters", withContext("d", "cluster: k2, user: u"), "kubeconfig refused: contexts lead to 2 places: " +
		"keep the one that is meant, as 'kubectl config view --minify --flatten' does"},
	{"a choice of users", withContext("d", "cluster: k, user: u2"), "kubeconfig refused: contexts lead to 2 places: " +
		"keep the one that is meant, as 'kubectl config view --minify --flatten' does"},
	{"without a context", "apiVersion: v1\nkind: Config\n", "kubeconfig has no usable current-context"},
	{
		"current-context that is not there", strings.Replace(text(goodCluster, goodUser), "current-context: c", "current-context: d", 1),
		"kubeconfig has no usable current-context",
	},
	{
		"context of another cluster", strings.Replace(text(goodCluster, goodUser), "cluster: k,", "cluster: z,", 1),
		"kubeconfig's context names no cluster that is in it",
	},
	{"exec", text(goodCluster, `{exec: {apiVersion: client.authentication.k8s.io/v1, command: sh, interactiveMode: Never}}`),
		"kubeconfig refused: users[].user.exec would run a program"},
	{"exec beside a token", text(goodCluster, `{token: s3cr3t, exec: {apiVersion: client.authentication.k8s.io/v1, command: sh}}`),
		"kubeconfig refused: users[].user.exec would run a program"},
	{"auth provider", text(goodCluster, `{auth-provider: {name: gcp}}`), "kubeconfig refused: users[].user.auth-provider is not honoured"},
	{"token file", text(goodCluster, `{tokenFile: /etc/passwd}`),
		"kubeconfig refused: users[].user.tokenFile names a file: embed it as token"},
	{"certificate file", text(goodCluster, `{client-certificate: /etc/passwd, client-key-data: UEVN}`),
		"kubeconfig refused: users[].user.client-certificate names a file: embed it as client-certificate-data"},
	{"key file", text(goodCluster, `{client-certificate-data: UEVN, client-key: id_rsa}`),
		"kubeconfig refused: users[].user.client-key names a file: embed it as client-key-data"},
	{"impersonation", text(goodCluster, `{token: s3cr3t, as: system:admin}`), "kubeconfig refused: users[].user.as impersonates another user"},
	{"impersonated group", text(goodCluster, `{token: s3cr3t, as-groups: [system:masters]}`),
		"kubeconfig refused: users[].user.as impersonates another user"},
	{"impersonated UID", text(goodCluster, `{token: s3cr3t, as-uid: "1"}`), "kubeconfig refused: users[].user.as impersonates another user"},
	{"impersonated extra", text(goodCluster, `{token: s3cr3t, as-user-extra: {a: [b]}}`),
		"kubeconfig refused: users[].user.as impersonates another user"},
	{"insecure", text(`{server: "https://a", insecure-skip-tls-verify: true}`, goodUser),
		"kubeconfig refused: clusters[].cluster.insecure-skip-tls-verify is not honoured: TLS is always verified"},
	{"CA file", text(`{server: "https://a", certificate-authority: /etc/passwd}`, goodUser),
		"kubeconfig refused: clusters[].cluster.certificate-authority names a file: embed it as certificate-authority-data"},
	{"http", text(`{server: "http://a"}`, goodUser), "kubeconfig refused: clusters[].cluster.server is not an https URL"},
	{"no scheme", text(`{server: "a:6443"}`, goodUser), "kubeconfig refused: clusters[].cluster.server is not a URL"},
	{"no server", text(`{}`, goodUser), "kubeconfig refused: clusters[].cluster.server is not a URL"},
	{"no host", text(`{server: "https:///x"}`, goodUser), "kubeconfig refused: clusters[].cluster.server is not a URL"},
	{"unparsable server", text(`{server: "https://[::1"}`, goodUser), "kubeconfig refused: clusters[].cluster.server is not a URL"},
	{"password in the URL", text(`{server: "https://u:s3cr3t@a"}`, goodUser),
		"kubeconfig refused: clusters[].cluster.server carries a user or password"},
	{"proxy without a host", text(`{server: "https://a", proxy-url: "http://"}`, goodUser),
		"kubeconfig refused: clusters[].cluster.proxy-url is not a URL"},
	{"proxy of another kind", text(`{server: "https://a", proxy-url: "ftp://p"}`, goodUser),
		"kubeconfig refused: clusters[].cluster.proxy-url is neither http, https nor socks5"},
	{"cluster and user both refused", text(`{server: "http://a"}`, `{tokenFile: /etc/passwd}`),
		"kubeconfig refused: clusters[].cluster.server is not an https URL"},
	{"too large", text(goodCluster, goodUser) + "# " + strings.Repeat("x", maxSize), "kubeconfig is larger than 1048576 bytes"},
}

func TestParseRefuses(t *testing.T) {
	for _, test := range refusals {
		t.Run(test.name, func(t *testing.T) {
			_, _, _, err := Parse([]byte(test.text))
			if err == nil {
				t.Fatal("accepted")
			}
			if err.Error() != test.want {
				t.Errorf("error %q, want %q", err, test.want)
			}
			if strings.Contains(err.Error(), "s3cr3t") || strings.Contains(err.Error(), "\n") {
				t.Errorf("error %q holds a secret or more than one line", err)
			}
			if strings.HasPrefix(test.want, "kubeconfig refused") {
				if refused, ok := errors.AsType[*Refused](err); !ok || refused.Field == "" {
					t.Errorf("error is a %T", err)
				}
			}
			if _, loadErr := Load([]byte(test.text)); loadErr == nil || loadErr.Error() != test.want {
				t.Errorf("Load: error %v, want %q", loadErr, test.want)
			}
		})
	}
}

// withContext is a good kubeconfig with one more context, and a second cluster k2 and user u2 for it.
func withContext(name, context string) string {
	more := strings.Replace(text(goodCluster, goodUser), "contexts: [", "contexts: [{name: "+name+", context: {"+context+"}}, ", 1)
	more = strings.Replace(more, "clusters: [", `clusters: [{name: k2, cluster: {server: "https://other"}}, `, 1)
	return strings.Replace(more, "users: [", "users: [{name: u2, user: {token: 0ther}}, ", 1)
}

func TestParse(t *testing.T) {
	tests := []struct{ name, text, server, token string }{
		{"plain", text(goodCluster, goodUser), "https://api.example.com:6443", "s3cr3t"},
		{"JSON", `{"kind":"Config","apiVersion":"v1","current-context":"c","contexts":[{"name":"c","context":{"cluster":"k","user":"u"}}],` +
			`"clusters":[{"name":"k","cluster":{"server":"https://j"}}],"users":[{"name":"u","user":{"token":"s3cr3t"}}]}`, "https://j", "s3cr3t"},
		{"only context without current-context", strings.Replace(text(goodCluster, goodUser), "current-context: c\n", "", 1),
			"https://api.example.com:6443", "s3cr3t"},
		{"contexts that differ in the namespace", withContext("d", "cluster: k, user: u, namespace: shop"), "https://api.example.com:6443", "s3cr3t"},
		{"a context that leads nowhere", withContext("d", "cluster: k, user: z"), "https://api.example.com:6443", "s3cr3t"},
		{"user that is not there", strings.Replace(text(goodCluster, goodUser), "user: u}", "user: z}", 1), "https://api.example.com:6443", ""},
		{"proxy", text(`{server: "https://a", proxy-url: "socks5://p:1080"}`, goodUser), "https://a", "s3cr3t"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, cluster, user, err := Parse([]byte(test.text))
			if err != nil {
				t.Fatal(err)
			}
			if cluster.Server != test.server || user.Token != test.token {
				t.Errorf("got %s and %q", cluster.Server, user.Token)
			}
		})
	}
}

func TestLoad(t *testing.T) {
	config, err := Load([]byte(text(
		`{server: "https://a", certificate-authority-data: UEVN, tls-server-name: hub, proxy-url: "http://p:3128"}`,
		`{client-certificate-data: Q0VSVA==, client-key-data: S0VZ, username: u, password: p}`)))
	if err != nil {
		t.Fatal(err)
	}
	if config.Host != "https://a" || config.ServerName != "hub" || string(config.CAData) != "PEM" ||
		string(config.CertData) != "CERT" || string(config.KeyData) != "KEY" || config.Username != "u" || config.Password != "p" {
		t.Errorf("got %+v", config)
	}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://a", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	if proxy, err := config.Proxy(request); err != nil || proxy.String() != "http://p:3128" {
		t.Errorf("proxy %v, error %v", proxy, err)
	}
}

// A kubeconfig without a credential would open the API as nobody, or with what the environment offers.
func TestLoadWantsACredential(t *testing.T) {
	for _, user := range []string{`{}`, `{password: s3cr3t}`, `{client-key-data: S0VZ}`} {
		_, err := Load([]byte(text(goodCluster, user)))
		if want := "kubeconfig refused: users[].user holds no token and no client certificate"; err == nil || err.Error() != want {
			t.Errorf("user %s: error %v, want %q", user, err, want)
		}
	}
}

// FuzzParse: whatever comes in, the loader does not panic, and what it accepts runs no program, reads no file, verifies TLS
// and acts as nobody else.
func FuzzParse(f *testing.F) {
	for _, test := range refusals {
		if len(test.text) < maxSize {
			f.Add([]byte(test.text))
		}
	}
	f.Add([]byte(text(goodCluster, goodUser)))
	f.Add(testutil.Kubeconfig("https://127.0.0.1:6443", []byte("PEM"), "s3cr3t"))
	f.Fuzz(func(t *testing.T, data []byte) {
		context, cluster, user, err := Parse(data)
		if err != nil {
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("error of more than one line: %q", err)
			}
			return
		}
		if context == nil {
			t.Fatal("no context")
		}
		checkHarmless(t, cluster, user)
		config, err := Load(data)
		if err != nil {
			return
		}
		if config.ExecProvider != nil || config.AuthProvider != nil || config.Insecure || config.Impersonate.UserName != "" ||
			config.BearerTokenFile != "" || config.CAFile != "" || config.CertFile != "" || config.KeyFile != "" ||
			config.Dial != nil || config.Transport != nil || config.WrapTransport != nil {
			t.Errorf("harmful config %+v", config)
		}
		if !strings.HasPrefix(strings.ToLower(config.Host), "https://") {
			t.Errorf("host %q", config.Host)
		}
	})
}

func checkHarmless(t *testing.T, cluster *clientcmdapi.Cluster, user *clientcmdapi.AuthInfo) {
	t.Helper()
	if user.Exec != nil || user.AuthProvider != nil || user.TokenFile != "" || user.ClientCertificate != "" || user.ClientKey != "" {
		t.Errorf("user %+v", user)
	}
	if user.Impersonate != "" || user.ImpersonateUID != "" || len(user.ImpersonateGroups)+len(user.ImpersonateUserExtra) > 0 {
		t.Errorf("user %+v", user)
	}
	if cluster.InsecureSkipTLSVerify || cluster.CertificateAuthority != "" || cluster.Server == "" {
		t.Errorf("cluster %+v", cluster)
	}
}

// FuzzParseClusterInfo: the same for what a hub publishes.
func FuzzParseClusterInfo(f *testing.F) {
	f.Add([]byte(clusterInfo))
	f.Add([]byte(text(goodCluster, goodUser)))
	f.Fuzz(func(t *testing.T, data []byte) {
		if cluster, err := ParseClusterInfo(data); err == nil {
			checkHarmless(t, cluster, clientcmdapi.NewAuthInfo())
		}
	})
}

func TestBytesAreNotKept(t *testing.T) {
	data := []byte(text(goodCluster, goodUser))
	config, err := Load(data)
	if err != nil {
		t.Fatal(err)
	}
	copy(data, bytes.Repeat([]byte("x"), len(data)))
	if config.BearerToken != "s3cr3t" || string(config.CAData) != "PEM" {
		t.Error("the config changed with the bytes that it was read from")
	}
}
