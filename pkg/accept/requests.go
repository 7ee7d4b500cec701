package accept

import (
	"context"
	"fmt"
	"strings"
	"time"

	certificatesv1 "k8s.io/api/certificates/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/acmdr/kubectl-acmdr/pkg/wait"
)

// MaxRequests is how many CSRs of a cluster an agent finds on its hub before it stops asking for a certificate, whatever
// became of them; those of add-ons are not counted (ocm pkg/registration/register/csr/csr.go, clusterCSRThreshold).
const MaxRequests = 10

// State is where the requests of an agent stand.
type State string

// The states of an agent's requests.
const (
	// None: the agent has not asked since its switch.
	None State = "None"
	// Pending: its CSR is the right one and waits for approval.
	Pending State = "Pending"
	// Unsigned: its CSR is approved and the hub has not signed it.
	Unsigned State = "Unsigned"
	// Issued: its certificate is there to be fetched.
	Issued State = "Issued"
	// Denied: its CSR was denied, or could not be signed. The agent waits for it until it is deleted.
	Denied State = "Denied"
	// Refused: there are CSRs since the switch, and none is the one that the switch lets it make.
	Refused State = "Refused"
	// Halted: there are so many CSRs that the agent has stopped asking, and none is of use to it.
	Halted State = "Halted"
)

// Asked is what an agent's requests come to.
type Asked struct {
	State State
	// Request is the CSR that decides; nil where none does.
	Request *certificatesv1.CertificateSigningRequest
	// Why tells why Request is Refused.
	Why error
	// Total is the number of CSRs of the cluster, from before the switch too.
	Total int
	// Removable are the CSRs that are of no use any more: from before the switch, or decided.
	Removable []certificatesv1.CertificateSigningRequest
}

// Judge tells what all requests of a cluster's agent, newest first, come to. An agent that restarts forgets the key of its
// last CSR, so only the newest right one can be of use to it; and when that was issued longer than wait.Fetch ago to a
// cluster that has not come, with MaxRequests beside it, it is not.
func (r Rules) Judge(requests []certificatesv1.CertificateSigningRequest, now time.Time) Asked {
	asked := Asked{State: None, Total: len(requests)}
	for i := range requests {
		csr := &requests[i]
		approved, denied := decided(csr)
		if approved || denied || !Newer(csr, r.Since) {
			asked.Removable = append(asked.Removable, *csr)
		}
		if !Newer(csr, r.Since) || (asked.State != None && asked.State != Refused) {
			continue
		}
		if err := r.Check(csr); err == nil {
			asked.State, asked.Request, asked.Why = standing(csr, approved, denied), csr, nil
		} else if asked.Request == nil {
			asked.State, asked.Request, asked.Why = Refused, csr, err
		}
	}
	useless := asked.State == None || asked.State == Refused ||
		(asked.State == Issued && r.Accepted && now.Sub(DecidedAt(asked.Request)) > wait.Fetch)
	if asked.Total >= MaxRequests && useless {
		asked.State = Halted
	}
	return asked
}

func standing(csr *certificatesv1.CertificateSigningRequest, approved, denied bool) State {
	switch {
	case denied:
		return Denied
	case !approved:
		return Pending
	case len(csr.Status.Certificate) == 0:
		return Unsigned
	}
	return Issued
}

// makeRoom deletes the CSRs that keep an agent from asking and are of no use any more. A pending one that was made since
// the switch is left alone, whoever made it.
func (h *Hub) makeRoom(ctx context.Context, asked Asked) (string, error) {
	const halted = "the agent has stopped asking, since this hub holds %d CSRs of it"
	if len(asked.Removable) == 0 {
		return fmt.Sprintf(halted+" that it did not make for this switch: delete those that nobody needs", asked.Total), nil
	}
	for i := range asked.Removable {
		csr := &asked.Removable[i]
		err := h.Kube.CertificatesV1().CertificateSigningRequests().Delete(ctx, csr.Name,
			metav1.DeleteOptions{Preconditions: metav1.NewUIDPreconditions(string(csr.UID))})
		if err != nil && !apierrors.IsNotFound(err) {
			return "", fmt.Errorf("deleting CSR %s, to let the agent ask again: %w", csr.Name, err)
		}
	}
	return fmt.Sprintf(halted+": deleted %d old ones (%s)", asked.Total, len(asked.Removable), names(asked.Removable)), nil
}

func names(requests []certificatesv1.CertificateSigningRequest) string {
	var list []string
	for i := range requests {
		list = append(list, requests[i].Name)
	}
	return strings.Join(list, ", ")
}

// decided is the verdict on a CSR: approved, denied or none yet.
func decided(csr *certificatesv1.CertificateSigningRequest) (approved, denied bool) {
	for _, condition := range csr.Status.Conditions {
		if condition.Status == corev1.ConditionFalse {
			continue
		}
		approved = approved || condition.Type == certificatesv1.CertificateApproved
		denied = denied || condition.Type == certificatesv1.CertificateDenied || condition.Type == certificatesv1.CertificateFailed
	}
	return approved, denied
}

// DecidedAt is when the last verdict on a CSR was given.
func DecidedAt(csr *certificatesv1.CertificateSigningRequest) time.Time {
	var last time.Time
	for _, condition := range csr.Status.Conditions {
		if condition.LastUpdateTime.After(last) {
			last = condition.LastUpdateTime.Time
		}
	}
	return last
}
