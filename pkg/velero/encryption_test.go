package velero

import (
	"bytes"
	"context"
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	kubefake "k8s.io/client-go/kubernetes/fake"

	"github.com/acmdr/kubectl-acmdr/pkg/internal/testutil"
	"github.com/acmdr/kubectl-acmdr/pkg/wait"
)

func TestCustomerKey(t *testing.T) {
	key := strings.Repeat("k", CustomerKeySize)
	kube := kubefake.NewSimpleClientset(testutil.Secret("velero", "cloud-credentials", map[string]string{"customer-key": key, "short": "SECRET"}))
	d := &Downloader{Kube: kube}
	at := func(config map[string]string) *Location {
		location := &Location{}
		location.Namespace, location.Name, location.Spec.Config = "velero", "default", config
		return location
	}
	for name, c := range map[string]struct {
		config map[string]string
		key    string
		err    string
	}{
		"none":      {nil, "", ""},
		"secret":    {map[string]string{CustomerKeySecret: "cloud-credentials/customer-key"}, key, ""},
		"no secret": {map[string]string{CustomerKeySecret: "nothing/key"}, "", `"nothing" not found`},
		"short":     {map[string]string{CustomerKeySecret: "cloud-credentials/short"}, "", "has 6 bytes"},
		"file":      {map[string]string{CustomerKeyFile: "/credentials/key"}, "", "cannot be read from here"},
	} {
		got, err := d.customerKey(context.Background(), at(c.config))
		if string(got) != c.key || (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
			t.Errorf("%s: %d bytes, %v; want %d and %q", name, len(got), err, len(c.key), c.err)
		}
		if err != nil && strings.Contains(err.Error(), "SECRET") {
			t.Errorf("%s: the error shows the key", name)
		}
	}
}

// The store gets the key by TLS only, and no other server does.
func TestCustomerKeyIsGiven(t *testing.T) {
	key := customerKey(bytes.Repeat([]byte("k"), CustomerKeySize))
	var asked []http.Header
	store := http.NewServeMux()
	store.HandleFunc("/object", func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.Header)
		w.Header().Set("x-amz-server-side-encryption-customer-algorithm", "AES256")
	})
	store.HandleFunc("/away", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/object", http.StatusTemporaryRedirect)
	})
	secure := httptest.NewTLSServer(store)
	defer secure.Close()
	client := secure.Client()
	client.CheckRedirect = key.checkRedirect()
	file, err := get(context.Background(), client, secure.URL+"/object", key, wait.Probe)
	if err != nil {
		t.Fatal(err)
	}
	_ = file.Close()
	header := asked[0]
	if header.Get(customerKeyHeader) != base64.StdEncoding.EncodeToString(key) || header.Get(customerAlgorithmHeader) != "AES256" ||
		header.Get(customerSumHeader) == "" || !strings.Contains(file.Encryption, "SSE-C") {
		t.Errorf("asked with %d headers, encryption %q", len(header), file.Encryption)
	}
	if _, err := get(context.Background(), client, secure.URL+"/away", key, wait.Probe); err == nil || !strings.Contains(err.Error(), "given to no other server") {
		t.Errorf("%v, want no redirect followed", err)
	}
	plain := httptest.NewServer(store)
	defer plain.Close()
	if _, err := get(context.Background(), plain.Client(), plain.URL+"/object", key, wait.Probe); err == nil || !strings.Contains(err.Error(), "over plain http") {
		t.Errorf("%v, want plain http refused", err)
	}
	if len(asked) != 1 {
		t.Errorf("%d requests arrived, want 1", len(asked))
	}
}

func TestEncryptionOf(t *testing.T) {
	for want, header := range map[string]http.Header{
		"":                       {},
		"AES256":                 {encryptionHeader: {"AES256"}},
		"aws:kms with key dr":    {encryptionHeader: {"aws:kms"}, kmsKeyHeader: {"arn:aws:kms:eu-west-1:1:key/dr"}},
		"aws:kms with key minio": {encryptionHeader: {"aws:kms"}, kmsKeyHeader: {"arn:aws:kms:minio"}},
	} {
		if got := encryptionOf(header); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
