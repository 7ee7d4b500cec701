package accept_test

import (
	"crypto/x509/pkix"
	"encoding/pem"
	"strings"
	"testing"
	"time"

	certificatesv1 "k8s.io/api/certificates/v1"

	"github.com/acmdr/kubectl-acmdr/pkg/accept"
	"github.com/acmdr/kubectl-acmdr/pkg/internal/testutil"
	"github.com/acmdr/kubectl-acmdr/pkg/ocm"
)

type csrEdit = testutil.Edit[certificatesv1.CertificateSigningRequest]

// since is when the clusters of these tests were switched.
var since = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// subject asks for another name.
func subject(t *testing.T, commonName string, organizations ...string) csrEdit {
	t.Helper()
	return func(csr *certificatesv1.CertificateSigningRequest) {
		csr.Spec.Request = testutil.RequestPEM(t, pkix.Name{CommonName: commonName, Organization: organizations})
	}
}

func requester(user string, groups ...string) csrEdit {
	return func(csr *certificatesv1.CertificateSigningRequest) { csr.Spec.Username, csr.Spec.Groups = user, groups }
}

const (
	ocmPrefix = "system:open-cluster-management:"
	ofC1      = ocmPrefix + "c1"
	common    = ocmPrefix + "managed-clusters"
)

func TestRules(t *testing.T) {
	byHand := accept.Rules{Cluster: "c1"}
	switched := accept.Rules{Cluster: "c1", Since: since}
	tests := []struct {
		name    string
		rules   accept.Rules
		created time.Time
		edit    csrEdit
		want    string
	}{
		{name: "the switched agent's", rules: switched, created: since},
		{name: "later", rules: switched, created: since.Add(time.Hour)},
		{name: "an old agent's, without the common group", rules: switched, created: since, edit: subject(t, ofC1+":agent1", ofC1)},
		{name: "of a cluster that was not switched", rules: byHand, created: since},

		{name: "no label", rules: switched, created: since, edit: func(csr *certificatesv1.CertificateSigningRequest) { csr.Labels = nil },
			want: `label open-cluster-management.io/cluster-name is "", not "c1"`},
		{name: "label of another cluster", rules: switched, created: since,
			edit: func(csr *certificatesv1.CertificateSigningRequest) { csr.Labels[ocm.ClusterNameLabel] = "c2" },
			want: `label open-cluster-management.io/cluster-name is "c2", not "c1"`},
		{name: "another signer", rules: switched, created: since,
			edit: func(csr *certificatesv1.CertificateSigningRequest) {
				csr.Spec.SignerName = certificatesv1.KubeAPIServerClientKubeletSignerName
			},
			want: "signer is kubernetes.io/kube-apiserver-client-kubelet, not kubernetes.io/kube-apiserver-client"},
		{name: "a server's usage", rules: switched, created: since,
			edit: func(csr *certificatesv1.CertificateSigningRequest) {
				csr.Spec.Usages = append(csr.Spec.Usages, certificatesv1.UsageServerAuth)
			},
			want: `usage "server auth" is not one of an agent`},
		{name: "no PEM", rules: switched, created: since, edit: func(csr *certificatesv1.CertificateSigningRequest) { csr.Spec.Request = []byte("x") },
			want: "request is not a PEM certificate request"},
		{name: "PEM of a certificate", rules: switched, created: since,
			edit: func(csr *certificatesv1.CertificateSigningRequest) { csr.Spec.Request = testutil.NewAuthority(t).PEM },
			want: "request is not a PEM certificate request"},
		{name: "broken request", rules: switched, created: since,
			edit: func(csr *certificatesv1.CertificateSigningRequest) {
				csr.Spec.Request = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: []byte("x")})
			},
			want: "request cannot be parsed: "},

		{name: "no organization", rules: switched, created: since, edit: subject(t, ofC1+":agent1"),
			want: "organizations [] are not exactly " + ofC1},
		{name: "only the common group", rules: switched, created: since, edit: subject(t, ofC1+":agent1", common),
			want: "organizations [" + common + "] are not exactly " + ofC1},
		{name: "organization of another cluster", rules: switched, created: since, edit: subject(t, ofC1+":agent1", ocmPrefix+"c2", common),
			want: "organizations [" + ocmPrefix + "c2 " + common + "] are not exactly " + ofC1},
		{name: "organization of two clusters", rules: switched, created: since, edit: subject(t, ofC1+":agent1", ofC1, ocmPrefix+"c2"),
			want: "organizations ["},
		{name: "administrators", rules: switched, created: since, edit: subject(t, ofC1+":agent1", ofC1, "system:masters"),
			want: "organizations [system:masters " + ofC1 + "] are not exactly " + ofC1},
		{name: "name of another cluster", rules: switched, created: since, edit: subject(t, ocmPrefix+"c2:agent1", ofC1),
			want: `common name "` + ocmPrefix + `c2:agent1" is not ` + ofC1 + ":AGENT"},
		{name: "name of a cluster whose name begins alike", rules: switched, created: since, edit: subject(t, ocmPrefix+"c10:agent1", ofC1),
			want: "common name "},
		{name: "name of no agent", rules: switched, created: since, edit: subject(t, ofC1+":", ofC1), want: "common name "},
		{name: "name without an agent", rules: switched, created: since, edit: subject(t, ofC1, ofC1), want: "common name "},
		{name: "name of an add-on", rules: switched, created: since, edit: subject(t, ofC1+":addon:a:agent:b", ofC1), want: "common name "},
		{name: "name of an administrator", rules: switched, created: since, edit: subject(t, "system:admin", ofC1), want: "common name "},

		{name: "made before the switch", rules: switched, created: since.Add(-time.Second),
			want: "it was made at 2026-01-02T03:04:04Z, before the switch at 2026-01-02T03:04:05Z"},
		{name: "asked for by somebody else", rules: switched, created: since, edit: requester("system:serviceaccount:c2:c2-bootstrap-sa"),
			want: "requester is system:serviceaccount:c2:c2-bootstrap-sa, not system:serviceaccount:c1:c1-bootstrap-sa"},
		{name: "a renewal, which the hub approves", rules: switched, created: since, edit: requester(ofC1 + ":agent1"),
			want: "requester is " + ofC1 + ":agent1, not system:serviceaccount:c1:c1-bootstrap-sa"},
		{name: "the fleet's identity, after a switch", rules: switched, created: since,
			edit: requester("system:serviceaccount:open-cluster-management:agent-registration-bootstrap"), want: "requester is "},
		{name: "a bootstrap token, after a switch", rules: switched, created: since,
			edit: requester("system:bootstrap:abcdef", "system:bootstrappers:managedcluster"), want: "requester is "},

		{name: "joined by hand with clusteradm", rules: byHand, created: since,
			edit: requester("system:serviceaccount:open-cluster-management:agent-registration-bootstrap")},
		{name: "joined by hand on MCE", rules: byHand, created: since,
			edit: requester("system:serviceaccount:multicluster-engine:agent-registration-bootstrap")},
		{name: "joined by hand with a bootstrap token", rules: byHand, created: since,
			edit: requester("system:bootstrap:abcdef", "system:bootstrappers", "system:bootstrappers:managedcluster")},
		{name: "a bootstrap token that was made for something else", rules: byHand, created: since,
			edit: requester("system:bootstrap:abcdef", "system:bootstrappers"), want: "requester system:bootstrap:abcdef is no bootstrap identity"},
		{name: "the group without the token", rules: byHand, created: since,
			edit: requester("eve", "system:bootstrappers:managedcluster"), want: "requester eve is no bootstrap identity"},
		{name: "nobody", rules: byHand, created: since, edit: requester(""), want: "requester  is no bootstrap identity"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			csr := testutil.CSR(t, "c1", "c1-abcde", test.created)
			if test.edit != nil {
				test.edit(csr)
			}
			err := test.rules.Check(csr)
			if test.want == "" && err != nil {
				t.Error(err)
			}
			if test.want != "" && (err == nil || !strings.HasPrefix(err.Error(), test.want)) {
				t.Errorf("error %v, want %q", err, test.want)
			}
		})
	}
}

// CSRs carry whole seconds and the time of the switch does not: one made in the same second may be the agent's.
func TestNewer(t *testing.T) {
	tests := []struct {
		created, since time.Time
		want           bool
	}{
		{since, since, true},
		{since, since.Add(999 * time.Millisecond), true},
		{since, since.Add(time.Second), false},
		{since.Add(time.Second), since, true},
		{since, time.Time{}, true},
		{time.Time{}, since, false},
	}
	for _, test := range tests {
		if got := accept.Newer(testutil.CSR(t, "c1", "c1-abcde", test.created), test.since); got != test.want {
			t.Errorf("made at %s, switched at %s: got %t", test.created, test.since, got)
		}
	}
}
