// Package accept lets a managed cluster that knocks at a hub in: it approves the certificate signing request that belongs
// to it, accepts the ManagedCluster, and proves from fresh signals that the agent is at work there.
package accept

import (
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	certificatesv1 "k8s.io/api/certificates/v1"
	"k8s.io/apimachinery/pkg/util/sets"

	"github.com/acmdr/kubectl-acmdr/pkg/ocm"
)

// Subjects of agents (ocm pkg/registration/register/csr, sdk-go pkg/user).
const (
	subjectPrefix        = "system:open-cluster-management:"
	managedClustersGroup = "system:open-cluster-management:managed-clusters"
)

// usages are what an agent's certificate may be used for (ocm pkg/registration/register/csr/certificate.go).
var usages = sets.New(certificatesv1.UsageDigitalSignature, certificatesv1.UsageKeyEncipherment, certificatesv1.UsageClientAuth)

// joinRequesters are the identities by which clusteradm and the ACM console let a cluster join by hand (clusteradm
// pkg/cmd/accept/exec.go; MCE keeps the same ServiceAccount in its own namespace).
var joinRequesters = sets.New(
	"system:serviceaccount:open-cluster-management:agent-registration-bootstrap",
	"system:serviceaccount:multicluster-engine:agent-registration-bootstrap",
)

// Rules decide whether a CSR is the one that a managed cluster makes to join. They are those by which the hub checks
// renewals (ocm pkg/registration/register/csr/approve_reconciler.go), and who may have asked, and since when.
type Rules struct {
	Cluster string
	// Since is when the cluster was switched to this hub, on the hub's clock; zero when it joined by hand.
	Since time.Time
	// Accepted tells that the hub accepts the cluster, so that nothing but the certificate keeps its agent from joining.
	Accepted bool
}

// Check returns why a CSR is not to be approved, or nil.
func (r Rules) Check(csr *certificatesv1.CertificateSigningRequest) error {
	if csr.Labels[ocm.ClusterNameLabel] != r.Cluster {
		return fmt.Errorf("label %s is %q, not %q", ocm.ClusterNameLabel, csr.Labels[ocm.ClusterNameLabel], r.Cluster)
	}
	if csr.Spec.SignerName != certificatesv1.KubeAPIServerClientSignerName {
		return fmt.Errorf("signer is %s, not %s", csr.Spec.SignerName, certificatesv1.KubeAPIServerClientSignerName)
	}
	for _, usage := range csr.Spec.Usages {
		if !usages.Has(usage) {
			return fmt.Errorf("usage %q is not one of an agent", usage)
		}
	}
	if err := r.checkSubject(csr.Spec.Request); err != nil {
		return err
	}
	if err := r.checkRequester(csr.Spec.Username, csr.Spec.Groups); err != nil {
		return err
	}
	if !Newer(csr, r.Since) {
		return fmt.Errorf("it was made at %s, before the switch at %s", stamp(csr.CreationTimestamp.Time), stamp(r.Since))
	}
	return nil
}

func (r Rules) checkSubject(request []byte) error {
	block, _ := pem.Decode(request)
	if block == nil || block.Type != "CERTIFICATE REQUEST" {
		return errors.New("request is not a PEM certificate request")
	}
	parsed, err := x509.ParseCertificateRequest(block.Bytes)
	if err != nil {
		return fmt.Errorf("request cannot be parsed: %w", err)
	}
	// The common group is left out by old agents.
	organizations := sets.New(parsed.Subject.Organization...).Delete(managedClustersGroup)
	if want := subjectPrefix + r.Cluster; organizations.Len() != 1 || !organizations.Has(want) {
		return fmt.Errorf("organizations %v are not exactly %s", parsed.Subject.Organization, want)
	}
	name, ok := strings.CutPrefix(parsed.Subject.CommonName, subjectPrefix)
	parts := strings.Split(name, ":")
	if !ok || len(parts) != 2 || parts[0] != r.Cluster || parts[1] == "" {
		return fmt.Errorf("common name %q is not %s%s:AGENT", parsed.Subject.CommonName, subjectPrefix, r.Cluster)
	}
	return nil
}

// checkRequester: a cluster that was switched comes as the bootstrap identity that the switch gave it, and as nobody else.
func (r Rules) checkRequester(user string, groups []string) error {
	want := ocm.BootstrapUser(r.Cluster)
	if user == want {
		return nil
	}
	if !r.Since.IsZero() {
		return fmt.Errorf("requester is %s, not %s", user, want)
	}
	byToken := strings.HasPrefix(user, "system:bootstrap:") && slices.Contains(groups, "system:bootstrappers:managedcluster")
	if byToken || joinRequesters.Has(user) {
		return nil
	}
	return fmt.Errorf("requester %s is no bootstrap identity", user)
}

// Newer tells whether a CSR was made at or after a time; CSRs carry whole seconds.
func Newer(csr *certificatesv1.CertificateSigningRequest, since time.Time) bool {
	return !csr.CreationTimestamp.Time.Before(since.Truncate(time.Second))
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }
