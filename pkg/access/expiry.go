package access

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"time"

	"k8s.io/client-go/rest"

	"github.com/acmdr/kubectl-acmdr/pkg/kubeconfig"
)

// expiry is when a credential says that it expires: the client certificate's notAfter or the token's exp claim. The
// claims are read without verification: only the API server's word counts, this is to explain a refusal.
func expiry(config *rest.Config) time.Time {
	if certificate := kubeconfig.FirstCertificate(config.CertData); certificate != nil {
		return certificate.NotAfter
	}
	parts := strings.Split(config.BearerToken, ".")
	if len(parts) != 3 {
		return time.Time{}
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return time.Time{}
	}
	var claims struct {
		Expires int64 `json:"exp"`
	}
	if json.Unmarshal(payload, &claims) != nil || claims.Expires == 0 {
		return time.Time{}
	}
	return time.Unix(claims.Expires, 0)
}
