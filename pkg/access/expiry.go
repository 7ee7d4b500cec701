package access

import (
	"cmp"
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

// user is who a credential says that it is: the client certificate's common name, the token's subject, or the name.
func user(config *rest.Config) string {
	if certificate := kubeconfig.FirstCertificate(config.CertData); certificate != nil {
		return certificate.Subject.CommonName
	}
	return cmp.Or(kubeconfig.ClaimsOf(config.BearerToken).Subject, config.Username)
}
