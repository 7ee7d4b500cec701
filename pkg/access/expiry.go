package access

import (
	"time"

	"k8s.io/client-go/rest"

	"github.com/acmdr/kubectl-acmdr/pkg/kubeconfig"
)

// expiry is when a credential says that it expires: the client certificate's notAfter or the token's exp claim.
func expiry(config *rest.Config) time.Time {
	if certificate := kubeconfig.FirstCertificate(config.CertData); certificate != nil {
		return certificate.NotAfter
	}
	return kubeconfig.ClaimsOf(config.BearerToken).NotAfter()
}
