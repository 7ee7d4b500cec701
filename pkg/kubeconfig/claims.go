package kubeconfig

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"strings"
	"time"
)

// Claims are what a token says of itself. They are read without verification: only the API server's word counts, this is
// to explain a refusal and to tell clusters apart.
type Claims struct {
	Expires int64  `json:"exp"`
	Subject string `json:"sub"`
	Bound   struct {
		Account struct {
			UID string `json:"uid"`
		} `json:"serviceaccount"`
	} `json:"kubernetes.io"`
	// Legacy is where tokens that were kept in secrets carry the same.
	Legacy string `json:"kubernetes.io/serviceaccount/service-account.uid"`
}

// AccountUID is the UID of the ServiceAccount that a token was made for, which no two clusters share; empty for other tokens.
func (c Claims) AccountUID() string { return cmp.Or(c.Bound.Account.UID, c.Legacy) }

// ClaimsOf reads the claims of a token; they are empty when it is not one that carries any.
func ClaimsOf(token string) Claims {
	var c Claims
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return c
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil || json.Unmarshal(payload, &c) != nil {
		return Claims{}
	}
	return c
}

// NotAfter is when the token expires, zero when it does not say.
func (c Claims) NotAfter() time.Time {
	if c.Expires == 0 {
		return time.Time{}
	}
	return time.Unix(c.Expires, 0)
}
