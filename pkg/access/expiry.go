package access

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"time"

	"k8s.io/client-go/rest"

	"github.com/acmdr/kubectl-acmdr/pkg/kubeconfig"
)

// expiry is when a credential says that it expires: the client certificate's notAfter or the token's exp claim.
func expiry(config *rest.Config) time.Time {
	if certificate := kubeconfig.FirstCertificate(config.CertData); certificate != nil {
		return certificate.NotAfter
	}
	if expires := claimsOf(config.BearerToken).Expires; expires != 0 {
		return time.Unix(expires, 0)
	}
	return time.Time{}
}

// claims are what a token says of itself. They are read without verification: only the API server's word counts, this
// is to explain a refusal and to tell clusters apart.
type claims struct {
	Expires int64  `json:"exp"`
	Subject string `json:"sub"`
}

func claimsOf(token string) claims {
	var c claims
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return c
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil || json.Unmarshal(payload, &c) != nil {
		return claims{}
	}
	return c
}
