package testutil

import (
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	authenticationv1 "k8s.io/api/authentication/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

var discard = log.New(io.Discard, "", 0)

// WhoAmIPath is where an API server says who a client is.
const WhoAmIPath = "/apis/authentication.k8s.io/v1/selfsubjectreviews"

// API answers as a Kubernetes API server does: a path with the object, the error or the http.HandlerFunc that it has for it,
// any other one with NotFound.
type API map[string]any

// ServeHTTP answers one request.
func (a API) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	answer, ok := a[r.URL.Path]
	if !ok {
		answer = apierrors.NewNotFound(schema.GroupResource{}, r.URL.Path)
	}
	code := http.StatusOK
	switch known := answer.(type) {
	case http.HandlerFunc:
		known(w, r)
		return
	case *apierrors.StatusError:
		status := known.Status()
		status.TypeMeta = metav1.TypeMeta{Kind: "Status", APIVersion: "v1"}
		answer, code = status, int(status.Code)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(answer)
}

// WhoAmI answers a SelfSubjectReview: with the user of the bearer token, or, as an API server does, with 401 for another token
// and 403 for none.
func WhoAmI(users map[string]string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		token := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
		review := authenticationv1.SelfSubjectReview{
			TypeMeta: metav1.TypeMeta{APIVersion: "authentication.k8s.io/v1", Kind: "SelfSubjectReview"},
		}
		var answer any
		switch user, ok := users[token]; {
		case token == "":
			answer = apierrors.NewForbidden(schema.GroupResource{Resource: "selfsubjectreviews"}, "", nil)
		case !ok:
			answer = apierrors.NewUnauthorized("Unauthorized")
		default:
			review.Status.UserInfo.Username = user
			answer = review
		}
		API{r.URL.Path: answer}.ServeHTTP(w, r)
	}
}

// Kubeconfig is the text of a kubeconfig with one context, test, and a token.
func Kubeconfig(server string, ca []byte, token string) []byte {
	cluster, _ := json.Marshal(map[string]any{"server": server, "certificate-authority-data": ca})
	return fmt.Appendf(nil, `apiVersion: v1
kind: Config
current-context: test
contexts: [{name: test, context: {cluster: test, user: test}}]
clusters: [{name: test, cluster: %s}]
users: [{name: test, user: {token: %q}}]
`, cluster, token)
}

// WriteFile writes a file into a directory that the test removes, and returns its path.
func WriteFile(t *testing.T, name string, data []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
