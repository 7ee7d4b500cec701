package accept

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	certificatesv1 "k8s.io/api/certificates/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	kubefake "k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"

	"github.com/acmdr/kubectl-acmdr/pkg/ocm"
)

var switched = time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)

// asks is a CSR of the agent of cluster c, made that long after the switch.
func asks(t *testing.T, name string, after time.Duration, change ...func(*certificatesv1.CertificateSigningRequest)) certificatesv1.CertificateSigningRequest {
	t.Helper()
	csr := certificatesv1.CertificateSigningRequest{
		ObjectMeta: metav1.ObjectMeta{
			Name: name, UID: "uid-" + "1", CreationTimestamp: metav1.NewTime(switched.Add(after)),
			Labels: map[string]string{ocm.ClusterNameLabel: "c"},
		},
		Spec: certificatesv1.CertificateSigningRequestSpec{
			SignerName: certificatesv1.KubeAPIServerClientSignerName,
			Usages:     []certificatesv1.KeyUsage{certificatesv1.UsageDigitalSignature, certificatesv1.UsageClientAuth},
			Username:   ocm.BootstrapUser("c"),
			Request:    certificateRequest(t),
		},
	}
	for _, f := range change {
		f(&csr)
	}
	return csr
}

func certificateRequest(t *testing.T) []byte {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{Subject: pkix.Name{
		CommonName: subjectPrefix + "c:agent", Organization: []string{subjectPrefix + "c", managedClustersGroup},
	}}, key)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der})
}

func verdict(condition certificatesv1.RequestConditionType, after time.Duration, certificate string) func(*certificatesv1.CertificateSigningRequest) {
	return func(csr *certificatesv1.CertificateSigningRequest) {
		csr.Status.Conditions = append(csr.Status.Conditions, certificatesv1.CertificateSigningRequestCondition{
			Type: condition, Status: corev1.ConditionTrue, LastUpdateTime: metav1.NewTime(switched.Add(after)),
		})
		csr.Status.Certificate = []byte(certificate)
	}
}

func by(user string) func(*certificatesv1.CertificateSigningRequest) {
	return func(csr *certificatesv1.CertificateSigningRequest) { csr.Spec.Username = user }
}

// many are n copies of a CSR, with names that count up from the one given.
func many(n int, csr certificatesv1.CertificateSigningRequest) []certificatesv1.CertificateSigningRequest {
	var list []certificatesv1.CertificateSigningRequest
	for i := range n {
		one := *csr.DeepCopy()
		one.Name = fmt.Sprintf("%s-%d", csr.Name, i)
		list = append(list, one)
	}
	return list
}

func TestJudge(t *testing.T) {
	const now = 10 * time.Minute
	old := func(n int) []certificatesv1.CertificateSigningRequest { return many(n, asks(t, "old", -time.Hour)) }
	approved := func(at time.Duration, certificate string) certificatesv1.CertificateSigningRequest {
		return asks(t, "approved", at, verdict(certificatesv1.CertificateApproved, at, certificate))
	}
	tests := []struct {
		name      string
		requests  []certificatesv1.CertificateSigningRequest // newest first
		rejected  bool                                       // by hubAcceptsClient
		want      State
		wantCSR   string
		removable int
	}{
		{name: "nothing", want: None},
		{name: "only before the switch", requests: old(9), want: None, removable: 9},
		{name: "pending", requests: []certificatesv1.CertificateSigningRequest{asks(t, "a", time.Minute)}, want: Pending, wantCSR: "a"},
		{
			name: "the newest of several that are pending, however many there are", want: Pending, wantCSR: "a",
			requests: append([]certificatesv1.CertificateSigningRequest{asks(t, "a", 2*time.Minute)}, many(12, asks(t, "b", time.Minute))...),
		},
		{
			name: "a right one behind a refused one", want: Pending, wantCSR: "b",
			requests: []certificatesv1.CertificateSigningRequest{asks(t, "a", 2*time.Minute, by("mallory")), asks(t, "b", time.Minute)},
		},
		{
			name: "refused", want: Refused, wantCSR: "a",
			requests: []certificatesv1.CertificateSigningRequest{asks(t, "a", 2*time.Minute, by("mallory")), asks(t, "b", time.Minute, by("mallory"))},
		},
		{name: "approved and not signed", requests: []certificatesv1.CertificateSigningRequest{approved(0, "")}, want: Unsigned, wantCSR: "approved", removable: 1},
		{name: "issued", requests: []certificatesv1.CertificateSigningRequest{approved(0, "pem")}, want: Issued, wantCSR: "approved", removable: 1},
		{
			name: "denied", want: Denied, wantCSR: "a", removable: 1,
			requests: []certificatesv1.CertificateSigningRequest{asks(t, "a", 0, verdict(certificatesv1.CertificateDenied, 0, ""))},
		},
		{
			name: "failed to be signed", want: Denied, wantCSR: "a", removable: 1,
			requests: []certificatesv1.CertificateSigningRequest{asks(t, "a", 0,
				verdict(certificatesv1.CertificateApproved, 0, ""), verdict(certificatesv1.CertificateFailed, 0, ""))},
		},
		{
			name: "a verdict of False is none", want: Pending, wantCSR: "a",
			requests: []certificatesv1.CertificateSigningRequest{asks(t, "a", 0, func(csr *certificatesv1.CertificateSigningRequest) {
				csr.Status.Conditions = []certificatesv1.CertificateSigningRequestCondition{{Type: certificatesv1.CertificateDenied, Status: corev1.ConditionFalse}}
			})},
		},
		{name: "ten from before the switch", requests: old(10), want: Halted, removable: 10},
		{
			name: "ten that the switch does not let it make", want: Halted, wantCSR: "a-0",
			requests: many(10, asks(t, "a", time.Minute, by("mallory"))),
		},
		{
			name: "issued just now, with nine old ones", want: Issued, wantCSR: "approved", removable: 10,
			requests: append([]certificatesv1.CertificateSigningRequest{approved(now-30*time.Second, "pem")}, old(9)...),
		},
		{
			name: "issued long ago and not fetched, with nine others that are pending", want: Halted, wantCSR: "approved", removable: 1,
			requests: append([]certificatesv1.CertificateSigningRequest{approved(5*time.Minute, "pem")}, many(9, asks(t, "a", time.Minute))...),
		},
		{
			name: "issued long ago, and it is acceptance that is missing", rejected: true, want: Issued, wantCSR: "approved", removable: 10,
			requests: append([]certificatesv1.CertificateSigningRequest{approved(5*time.Minute, "pem")}, old(9)...),
		},
		{
			name: "issued long ago, and there is room", want: Issued, wantCSR: "approved", removable: 9,
			requests: append([]certificatesv1.CertificateSigningRequest{approved(5*time.Minute, "pem")}, old(8)...),
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			asked := Rules{Cluster: "c", Since: switched, Accepted: !test.rejected}.Judge(test.requests, switched.Add(now))
			name := ""
			if asked.Request != nil {
				name = asked.Request.Name
			}
			if asked.State != test.want || name != test.wantCSR || len(asked.Removable) != test.removable || asked.Total != len(test.requests) {
				t.Errorf("%s by %q with %d of %d removable, want %s by %q with %d",
					asked.State, name, len(asked.Removable), asked.Total, test.want, test.wantCSR, test.removable)
			}
			if (asked.Why != nil) != (asked.State == Refused) && asked.State != Halted {
				t.Errorf("%s because %v", asked.State, asked.Why)
			}
		})
	}
}

func TestMakeRoom(t *testing.T) {
	old, denied := asks(t, "old", -time.Hour), asks(t, "denied", 0, verdict(certificatesv1.CertificateDenied, 0, ""))
	tests := []struct {
		name      string
		removable []certificatesv1.CertificateSigningRequest
		answer    error
		want      string
		wantErr   bool
		wantLeft  []string
	}{
		{
			name: "old and decided ones go, and nothing else", removable: []certificatesv1.CertificateSigningRequest{old, denied},
			want: "deleted 2 old ones (old, denied)", wantLeft: []string{"pending"},
		},
		{name: "somebody was faster", removable: []certificatesv1.CertificateSigningRequest{asks(t, "gone", -time.Hour)},
			want: "deleted 1 old ones", wantLeft: []string{"denied", "old", "pending"}},
		{name: "nothing may go", want: "delete those that nobody needs", wantLeft: []string{"denied", "old", "pending"}},
		{name: "no right to", removable: []certificatesv1.CertificateSigningRequest{old}, wantErr: true, wantLeft: []string{"denied", "old", "pending"},
			answer: apierrors.NewForbidden(certificatesv1.Resource("certificatesigningrequests"), "old", errors.New("no"))},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			pending := asks(t, "pending", time.Minute)
			kube := kubefake.NewClientset(old.DeepCopy(), denied.DeepCopy(), &pending)
			if test.answer != nil {
				kube.PrependReactor("delete", "*", func(clienttesting.Action) (bool, runtime.Object, error) { return true, nil, test.answer })
			}
			why, err := (&Hub{Kube: kube}).makeRoom(t.Context(), Asked{Total: 10, Removable: test.removable})
			if (err != nil) != test.wantErr || !strings.Contains(why, test.want) {
				t.Errorf("%q, %v; want %q", why, err, test.want)
			}
			list, err := kube.CertificatesV1().CertificateSigningRequests().List(t.Context(), metav1.ListOptions{})
			if err != nil {
				t.Fatal(err)
			}
			var left []string
			for _, csr := range list.Items {
				left = append(left, csr.Name)
			}
			if slices.Sort(left); !slices.Equal(left, test.wantLeft) {
				t.Errorf("left %v, want %v", left, test.wantLeft)
			}
		})
	}
}
