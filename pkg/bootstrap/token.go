package bootstrap

import (
	"context"
	"fmt"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/utils/ptr"

	"github.com/acmdr/kubectl-acmdr/pkg/ocm"
)

// Bounds of a TokenRequest (kubernetes pkg/apis/authentication/validation/validation.go) and the default lifetime. The
// token is used again only when the agent's certificate has run out, after a long time offline.
const (
	MinTokenLifetime     = 10 * time.Minute
	DefaultTokenLifetime = 24 * time.Hour
)

// Token is a bootstrap token. It never prints itself.
type Token struct {
	value string
	// Expires is what the hub granted, which can be less than what was asked for.
	Expires time.Time
	// Issued is the hub's time when it made the token: a lower bound, on the hub's own clock, for everything that the
	// agent does with it.
	Issued time.Time
}

// String keeps the token out of logs and errors.
func (Token) String() string { return "REDACTED" }

// GoString does so for %#v.
func (Token) GoString() string { return "REDACTED" }

// Value is the token itself.
func (t Token) Value() string { return t.value }

// Mint asks the hub for a token of the cluster's bootstrap identity. Restored token secrets are never used: they are signed
// by another hub.
func Mint(ctx context.Context, hub kubernetes.Interface, cluster string, lifetime time.Duration) (Token, error) {
	name := ocm.BootstrapServiceAccount(cluster)
	request := &authenticationv1.TokenRequest{
		Spec: authenticationv1.TokenRequestSpec{ExpirationSeconds: new(int64(lifetime.Seconds()))},
	}
	granted, err := hub.CoreV1().ServiceAccounts(cluster).CreateToken(ctx, name, request, metav1.CreateOptions{})
	if err != nil {
		return Token{}, fmt.Errorf("requesting a token of serviceaccount %s/%s: %w", cluster, name, err)
	}
	token := Token{
		value:   granted.Status.Token,
		Expires: granted.Status.ExpirationTimestamp.Time,
		Issued:  granted.CreationTimestamp.Time,
	}
	if token.Issued.IsZero() { // hubs that do not say when they made it say how long it lives
		token.Issued = token.Expires.Add(-time.Duration(ptr.Deref(granted.Spec.ExpirationSeconds, 0)) * time.Second)
	}
	return token, nil
}
