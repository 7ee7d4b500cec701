package explain_test

import (
	"context"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"strings"
	"testing"
	"time"

	certificatesv1 "k8s.io/api/certificates/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	clienttesting "k8s.io/client-go/testing"
	clusterv1 "open-cluster-management.io/api/cluster/v1"
	workv1 "open-cluster-management.io/api/work/v1"

	"github.com/acmdr/kubectl-acmdr/pkg/access"
	"github.com/acmdr/kubectl-acmdr/pkg/explain"
	"github.com/acmdr/kubectl-acmdr/pkg/internal/testutil"
	"github.com/acmdr/kubectl-acmdr/pkg/kubeconfig"
	"github.com/acmdr/kubectl-acmdr/pkg/ocm"
)

// stuck is one way in which a cluster is not well.
type stuck struct {
	name  string
	world func(t *testing.T, w *world)
	check string
	want  explain.Reason
	// sentence, evidence and command are parts of what is told.
	sentence string
	evidence []string
	command  string
}

func (s stuck) run(t *testing.T) {
	w := newWorld(t)
	s.world(t, w)
	explainer, hub, managed := w.build(t)
	report, err := explainer.Explain(t.Context(), "c1", nil)
	if err != nil {
		t.Fatal(err)
	}
	found := report.Finding
	if found == nil {
		t.Fatalf("found nothing: %s %+v", report.Summary, report.Outcomes)
	}
	if found.Reason != s.want || found.Check != s.check {
		t.Errorf("%s at %s, want %s at %s: %s", found.Reason, found.Check, s.want, s.check, found.Sentence)
	}
	if !strings.Contains(found.Sentence, s.sentence) || !strings.HasSuffix(found.Sentence, ".") || strings.Contains(found.Sentence, "\n") {
		t.Errorf("sentence %q, want one with %q", found.Sentence, s.sentence)
	}
	for _, want := range s.evidence {
		if !strings.Contains(strings.Join(found.Evidence, "\n"), want) {
			t.Errorf("evidence %q, want one with %q", found.Evidence, want)
		}
	}
	if found.Command != s.command {
		t.Errorf("command %q, want %q", found.Command, s.command)
	}
	if last := report.Outcomes[len(report.Outcomes)-1]; last.Status != explain.Wrong || last.Check != s.check || report.Summary != found.Sentence {
		t.Errorf("ended with %+v and %q", last, report.Summary)
	}
	if all := fmt.Sprint(report); strings.Contains(all, "c2VjcmV0") || strings.Contains(all, "PRIVATE") {
		t.Errorf("tells a secret: %s", all)
	}
	readOnly(t, hub, managed)
}

// readOnly fails when anything was written that is stored.
func readOnly(t *testing.T, clusters ...*testutil.Hub) {
	t.Helper()
	for _, cluster := range clusters {
		for _, action := range append(cluster.Kube.Actions(), cluster.Dynamic.Actions()...) {
			if testutil.Reads(action) || action.GetResource().Resource == "subjectaccessreviews" {
				continue
			}
			if patch, ok := action.(clienttesting.PatchActionImpl); ok && len(patch.PatchOptions.DryRun) == 1 && patch.PatchOptions.DryRun[0] == metav1.DryRunAll {
				continue
			}
			t.Errorf("wrote: %v", action)
		}
	}
}

var errUnreachable = fmt.Errorf("cannot reach the managed cluster at %s: connection refused%w", managedURL, unreached{})

// unreached is what the finder of credentials says of a cluster that does not answer.
type unreached struct{}

func (unreached) Error() string        { return "" }
func (unreached) Is(target error) bool { return target == access.ErrUnreachable }

const hub = " --context=hub-dr2"

var ways = []stuck{
	{
		name: "not restored", check: "managedcluster", want: explain.NotRestored,
		world:    func(_ *testing.T, w *world) { w.cluster = nil },
		sentence: "does not know c1", command: "kubectl acmdr restore" + hub,
	},
	{
		name: "being deleted", check: "managedcluster", want: explain.BeingDeleted,
		world: func(_ *testing.T, w *world) {
			w.cluster.DeletionTimestamp = &metav1.Time{Time: now.Add(-2 * time.Minute)}
			w.cluster.Finalizers = []string{"cluster.open-cluster-management.io/api-resource-cleanup"}
		},
		sentence: "is being deleted", evidence: []string{"deleted 2m ago", "api-resource-cleanup"}, command: "kubectl get managedcluster c1 -o yaml" + hub,
	},
	{
		// As recorded from a namespace of a hub with Hive, held by a finalizer of somebody else.
		name: "namespace Terminating", check: "namespace", want: explain.NamespaceTerminating,
		world: func(_ *testing.T, w *world) {
			w.namespace.DeletionTimestamp = &metav1.Time{Time: now.Add(-12 * time.Second)}
			w.namespace.Status = corev1.NamespaceStatus{Phase: corev1.NamespaceTerminating, Conditions: []corev1.NamespaceCondition{
				{Type: "NamespaceDeletionDiscoveryFailure", Status: corev1.ConditionFalse, Message: "All resources successfully discovered"},
				{Type: corev1.NamespaceContentRemaining, Status: corev1.ConditionTrue, Message: "Some resources are remaining: " +
					"clusterdeployments.hive.openshift.io has 1 resource instances, configmaps. has 1 resource instances, " +
					"manifestworks.work.open-cluster-management.io has 2 resource instances"},
				{Type: corev1.NamespaceFinalizersRemaining, Status: corev1.ConditionTrue, Message: "Some content in the namespace has finalizers " +
					"remaining: cluster.open-cluster-management.io/manifest-work-cleanup in 3 resource instances"},
			}}
		},
		sentence: "Terminating", evidence: []string{"deleted 12s ago", "manifest-work-cleanup", "Hive destroys the cluster", "deletes the workloads"},
		command: "kubectl get clusterdeployments.hive.openshift.io,configmaps,manifestworks.work.open-cluster-management.io -n c1" + hub,
	},
	{
		name: "namespace Terminating, just now", check: "namespace", want: explain.NamespaceTerminating,
		world:    func(_ *testing.T, w *world) { w.namespace.Status.Phase = corev1.NamespaceTerminating },
		sentence: "Terminating", command: "kubectl get namespace c1 -o yaml" + hub,
	},
	{
		name: "wrong cluster name: the credential is of another cluster", check: "identity", want: explain.WrongClusterName,
		world: func(t *testing.T, w *world) {
			w.agent.Data[ocm.ClusterNameKey] = []byte("c2")
			w.bootstrapAt(t, w.here(), jwt(ocm.BootstrapUser("c2"), now.Add(time.Hour)))
		},
		sentence: "is another cluster: its agent is registered as c2", evidence: []string{"cluster-name is c2", "secret c1/c1-admin-kubeconfig", ocm.BootstrapUser("c2")},
		command: "kubectl acmdr explain c1 --managed-kubeconfig=c1.kubeconfig" + hub,
	},
	{
		name: "wrong cluster name: the agent calls itself something else", check: "identity", want: explain.WrongClusterName,
		world:    func(_ *testing.T, w *world) { w.agent.Data[ocm.ClusterNameKey] = []byte("c2") },
		sentence: "registered under another name, c2", evidence: []string{ocm.BootstrapUser("c1")},
		command: `kubectl patch klusterlet klusterlet --type=merge -p '{"spec":{"clusterName":"c1"}}' --kubeconfig=c1.kubeconfig`,
	},
	{
		name: "wrong cluster name: the agent asks under another name", check: "csr", want: explain.WrongClusterName,
		world: func(t *testing.T, w *world) {
			w.waiting(t)
			w.asked(t, "c2-abcde", time.Minute, func(csr *certificatesv1.CertificateSigningRequest) { csr.Labels[ocm.ClusterNameLabel] = "c2" })
		},
		sentence: "asks this hub for a certificate under another name, c2", evidence: []string{"c2-abcde"},
		command: `kubectl patch klusterlet klusterlet --type=merge -p '{"spec":{"clusterName":"c1"}}' --kubeconfig=c1.kubeconfig`,
	},
	{
		name: "no bootstrap kubeconfig", check: "bootstrap", want: explain.BootstrapMissing,
		world:    func(_ *testing.T, w *world) { w.bootstrap = nil },
		sentence: "no bootstrap kubeconfig", evidence: []string{"does not exist at " + managedURL}, command: "kubectl acmdr reregister c1" + hub,
	},
	{
		name: "bootstrap kubeconfig that cannot be read", check: "bootstrap", want: explain.BootstrapInvalid,
		world:    func(_ *testing.T, w *world) { w.bootstrap.Data[ocm.KubeconfigKey] = []byte("{{") },
		sentence: "not one that an agent can use", evidence: []string{"not valid YAML"}, command: "kubectl acmdr reregister c1" + hub,
	},
	{
		name: "not moved", check: "bootstrap", want: explain.NotMoved,
		world: func(t *testing.T, w *world) {
			w.waiting(t)
			w.cluster.Annotations = nil
			w.bootstrapAt(t, w.old(), "")
		},
		sentence: "has not been moved", evidence: []string{"leads to " + oldURL, "this hub is " + hubURL}, command: "kubectl acmdr reregister c1" + hub,
	},
	{
		name: "seen from the hub that it left", check: "bootstrap", want: explain.MovedAway,
		world: func(t *testing.T, w *world) {
			w.cluster.Annotations = nil
			w.lease = testutil.Lease("c1", now.Add(-3*time.Minute))
			w.bootstrapAt(t, w.old(), "")
			w.registeredAt(t, w.old(), now.Add(time.Hour))
		},
		sentence: "has left this hub", command: "kubectl acmdr explain c1 --kubeconfig=other-hub.kubeconfig",
	},
	{
		name: "move interrupted before the switch", check: "bootstrap", want: explain.MoveInterrupted,
		world: func(t *testing.T, w *world) {
			w.bootstrapAt(t, w.old(), "")
			wrote(w.bootstrap, "registration-operator", switched.Add(-24*time.Hour))
			w.keeps(switched.Add(time.Second))
		},
		sentence: "was interrupted", evidence: []string{"older than the copy"}, command: "kubectl acmdr reregister c1" + hub,
	},
	{
		name: "old hub took it back", check: "bootstrap", want: explain.TakenBack,
		world: func(t *testing.T, w *world) {
			w.bootstrapAt(t, w.old(), "")
			wrote(w.bootstrap, "work", switched.Add(5*time.Minute))
			w.keeps(switched.Add(time.Second))
		},
		sentence: "Another hub took c1 back", evidence: []string{"leads to " + oldURL, "written last by work, at 2026-11-22T11:05:00Z", "switched to this hub at"},
		command: "kubectl acmdr reregister c1 --old-hub-kubeconfig=old-hub.kubeconfig" + hub,
	},
	{
		name: "old hub took it back, and nobody noted when", check: "bootstrap", want: explain.TakenBack,
		world:   func(t *testing.T, w *world) { w.bootstrapAt(t, w.old(), "") },
		command: "kubectl acmdr reregister c1 --old-hub-kubeconfig=old-hub.kubeconfig" + hub,
	},
	{
		name: "wrong CA", check: "bootstrap", want: explain.WrongCA,
		world:    func(_ *testing.T, w *world) { w.whoAmI = untrusted },
		sentence: "does not verify this hub", evidence: []string{"certificate signed by unknown authority", `"CN=test-ca"`}, command: "kubectl acmdr reregister c1" + hub,
	},
	{
		name: "wrong CA: no CA at all, and the agent needs it", check: "bootstrap", want: explain.WrongCA,
		world: func(t *testing.T, w *world) {
			w.waiting(t)
			here := w.here()
			here.CAData = nil
			w.bootstrapAt(t, here, "")
			w.whoAmI = untrusted
		},
		sentence: "does not verify this hub", evidence: []string{"there is no CA in it"}, command: "kubectl acmdr reregister c1" + hub,
	},
	{
		name: "wrong CA: something else in its place", check: "bootstrap", want: explain.WrongCA,
		world: func(t *testing.T, w *world) {
			here := w.here()
			here.CAData = []byte("no certificate")
			w.bootstrapAt(t, here, "")
		},
		sentence: "does not verify this hub", evidence: []string{"holds no certificate"}, command: "kubectl acmdr reregister c1" + hub,
	},
	{
		name: "expired token", check: "bootstrap", want: explain.TokenExpired,
		world: func(t *testing.T, w *world) {
			w.waiting(t)
			w.bootstrapAt(t, w.here(), jwt(ocm.BootstrapUser("c1"), now.Add(-30*time.Minute)))
			w.whoAmI = unauthorized
		},
		sentence: "bootstrap token on c1 expired 30m ago", evidence: []string{"answers 401", ocm.BootstrapUser("c1"), "still registered at " + oldURL},
		command: "kubectl acmdr reregister c1" + hub,
	},
	{
		name: "revoked token, and no registration at all", check: "bootstrap", want: explain.TokenExpired,
		world: func(t *testing.T, w *world) {
			w.waiting(t)
			w.agent = nil
			w.whoAmI = unauthorized
		},
		sentence: "was revoked, or is of another hub", evidence: []string{"registered at no hub"}, command: "kubectl acmdr reregister c1" + hub,
	},
	{
		name: "expired certificate and expired token", check: "bootstrap", want: explain.CertificateExpired,
		world: func(t *testing.T, w *world) {
			w.registeredAt(t, w.here(), now.Add(-time.Hour))
			w.bootstrapAt(t, w.here(), jwt(ocm.BootstrapUser("c1"), now.Add(-2*time.Hour)))
			w.whoAmI = unauthorized
		},
		sentence: "expired on 2026-11-22T11:00:00Z, and the bootstrap token to ask for another one expired 120m ago", command: "kubectl acmdr reregister c1" + hub,
	},
	{
		name: "expired certificate, and no CSR", check: "csr", want: explain.CertificateExpired,
		world:    func(t *testing.T, w *world) { w.registeredAt(t, w.here(), now.Add(-time.Hour)) },
		sentence: "expired on 2026-11-22T11:00:00Z, and it does not ask for another one",
		command: "kubectl delete pods -n open-cluster-management-agent " +
			"-l 'app in (klusterlet-agent,klusterlet-registration-agent,klusterlet-manifestwork-agent)' --kubeconfig=c1.kubeconfig",
	},
	{
		name: "agent down: crash loop", check: "agent", want: explain.AgentDown,
		world: func(_ *testing.T, w *world) {
			w.pods = []*corev1.Pod{pod("klusterlet-agent-1", "klusterlet-agent", func(p *corev1.Pod) {
				p.Status.ContainerStatuses = []corev1.ContainerStatus{{
					Name: "klusterlet-agent", RestartCount: 7, State: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "CrashLoopBackOff"}},
					LastTerminationState: corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{
						ExitCode: 255, Reason: "Error", Message: "panic: c2VjcmV0", FinishedAt: metav1.NewTime(now.Add(-time.Minute)),
					}},
				}}
			})}
			w.klusterlet.Status.Conditions = []metav1.Condition{{
				Type: "HubConnectionDegraded", Status: metav1.ConditionTrue, Reason: "BootstrapSecretUnauthorized", Message: "Failed to get managed cluster",
			}}
			w.managedFlags = "--kubeconfig=edge.kubeconfig"
		},
		sentence: "container klusterlet-agent of pod klusterlet-agent-1 is in CrashLoopBackOff",
		evidence: []string{"restarted 7 times", "exit code 255 (Error), at 2026-11-22T11:59:00Z", "BootstrapSecretUnauthorized"},
		command:  "kubectl logs klusterlet-agent-1 -n open-cluster-management-agent -c klusterlet-agent --previous --kubeconfig=edge.kubeconfig",
	},
	{
		name: "agent down: image", check: "agent", want: explain.AgentDown,
		world: func(_ *testing.T, w *world) {
			w.pods = []*corev1.Pod{pod("a-1", "klusterlet-registration-agent", func(p *corev1.Pod) {
				p.Status.ContainerStatuses = []corev1.ContainerStatus{{Name: "a", State: corev1.ContainerState{
					Waiting: &corev1.ContainerStateWaiting{Reason: "ImagePullBackOff"},
				}}}
			})}
		},
		sentence: "is in ImagePullBackOff", command: "kubectl describe pod a-1 -n open-cluster-management-agent --kubeconfig=c1.kubeconfig",
	},
	{
		name: "agent down: no node", check: "agent", want: explain.AgentDown,
		world: func(_ *testing.T, w *world) {
			w.pods = []*corev1.Pod{pod("a-1", "klusterlet-agent", func(p *corev1.Pod) {
				p.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodScheduled, Status: corev1.ConditionFalse, Message: "0/3 nodes are available"}}
			})}
		},
		sentence: "pod a-1 has no node", evidence: []string{"0/3 nodes"}, command: "kubectl describe pod a-1 -n open-cluster-management-agent --kubeconfig=c1.kubeconfig",
	},
	{
		name: "agent down: evicted", check: "agent", want: explain.AgentDown,
		world: func(_ *testing.T, w *world) {
			w.pods = []*corev1.Pod{pod("a-1", "klusterlet-agent", func(p *corev1.Pod) { p.Status.Phase, p.Status.Reason = corev1.PodFailed, "Evicted" })}
		},
		sentence: "pod a-1 has failed", evidence: []string{"Evicted"}, command: "kubectl describe pod a-1 -n open-cluster-management-agent --kubeconfig=c1.kubeconfig",
	},
	{
		name: "agent down: bootstrap kubeconfig in place, no pods, no CSR", check: "csr", want: explain.AgentDown,
		world:    func(t *testing.T, w *world) { w.waiting(t) },
		sentence: "it has not asked this hub for a certificate",
		evidence: []string{"leads to this hub, " + hubURL, "still registered at " + oldURL, "no pods of it in namespace open-cluster-management-agent", "switched to this hub 60m ago"},
		command:  "kubectl get klusterlets,deployments,pods,events -n open-cluster-management-agent --kubeconfig=c1.kubeconfig",
	},
	{
		name: "agent down: switched a moment ago", check: "csr", want: explain.AgentDown,
		world: func(t *testing.T, w *world) {
			w.waiting(t)
			testutil.Switched(now.Add(-2 * time.Second))(w.cluster)
		},
		evidence: []string{"switched to this hub 2s ago", "takes some 5 s"},
		command:  "kubectl get klusterlets,deployments,pods,events -n open-cluster-management-agent --kubeconfig=c1.kubeconfig",
	},
	{
		name: "agent down: joined, and then silent", check: "lease", want: explain.AgentDown,
		world: func(_ *testing.T, w *world) {
			w.lease = testutil.Lease("c1", now.Add(-10*time.Minute))
			w.pods = []*corev1.Pod{pod("a-1", "klusterlet-agent", ready)}
		},
		sentence: "stopped renewing its lease at 2026-11-22T11:50:00Z", evidence: []string{"its pods: a-1 Running", "with a certificate until"},
		command: "kubectl get klusterlets,deployments,pods,events -n open-cluster-management-agent --kubeconfig=c1.kubeconfig",
	},
	{
		name: "agent down: its certificate was issued and not fetched", check: "lease", want: explain.AgentDown,
		world: func(t *testing.T, w *world) {
			w.waiting(t)
			w.asked(t, "c1-abcde", 10*time.Minute, approved(now.Add(-5*time.Minute)), testutil.Issued)
		},
		sentence: "it could join, and has not",
		command:  "kubectl get klusterlets,deployments,pods,events -n open-cluster-management-agent --kubeconfig=c1.kubeconfig",
	},
	{
		name: "CSR pending", check: "csr", want: explain.CSRPending,
		world: func(t *testing.T, w *world) {
			w.waiting(t)
			w.asked(t, "c1-abcde", 5*time.Minute)
		},
		sentence: "CSR c1-abcde waits for approval", evidence: []string{"made 5m ago by " + ocm.BootstrapUser("c1")}, command: "kubectl acmdr accept c1" + hub,
	},
	{
		name: "CSR pending, after the certificate expired", check: "csr", want: explain.CSRPending,
		world: func(t *testing.T, w *world) {
			w.registeredAt(t, w.here(), now.Add(-time.Hour))
			w.asked(t, "c1-abcde", 5*time.Minute)
		},
		sentence: "waits for approval", evidence: []string{"the agent's certificate expired on"}, command: "kubectl acmdr accept c1" + hub,
	},
	{
		name: "CSR pending, seen from the hub alone", check: "csr", want: explain.CSRPending,
		world: func(t *testing.T, w *world) {
			w.waiting(t)
			w.credential = access.ErrNone
			w.asked(t, "c1-abcde", 5*time.Minute)
		},
		sentence: "waits for approval", command: "kubectl acmdr accept c1" + hub,
	},
	{
		name: "CSR denied", check: "csr", want: explain.CSRDenied,
		world: func(t *testing.T, w *world) {
			w.waiting(t)
			w.asked(t, "c1-abcde", time.Minute, testutil.Decision(certificatesv1.CertificateDenied))
			w.csrs[0].Status.Conditions[0].Reason = "KubectlDeny"
		},
		sentence: "CSR c1-abcde of c1 was denied", evidence: []string{"made 60s ago", "Denied: KubectlDeny"}, command: "kubectl delete csr c1-abcde" + hub,
	},
	{
		name: "CSR approved and not signed", check: "csr", want: explain.CSRNotSigned,
		world: func(t *testing.T, w *world) {
			w.waiting(t)
			w.asked(t, "c1-abcde", time.Minute, testutil.Decision(certificatesv1.CertificateApproved))
		},
		sentence: "is approved and not signed", command: "kubectl get csr c1-abcde -o yaml" + hub,
	},
	{
		name: "CSR of somebody else", check: "csr", want: explain.CSRRefused,
		world: func(t *testing.T, w *world) {
			w.waiting(t)
			w.asked(t, "c1-abcde", time.Minute, func(csr *certificatesv1.CertificateSigningRequest) { csr.Spec.Username = "mallory" })
		},
		sentence: "requester is mallory", evidence: []string{ocm.BootstrapUser("c1")}, command: "kubectl acmdr reregister c1" + hub,
	},
	{
		name: "CSR limit: all from before the switch", check: "csr", want: explain.CSRLimit,
		world: func(t *testing.T, w *world) {
			w.waiting(t)
			for i := range 10 {
				w.asked(t, fmt.Sprintf("c1-old%d", i), 2*time.Hour)
			}
		},
		sentence: "has stopped asking", evidence: []string{"10 of them are of no use"}, command: "kubectl acmdr accept c1" + hub,
	},
	{
		name: "CSR limit: none that accept may delete", check: "csr", want: explain.CSRLimit,
		world: func(t *testing.T, w *world) {
			w.waiting(t)
			for i := range 11 {
				w.asked(t, fmt.Sprintf("c1-%d", i), time.Minute, func(csr *certificatesv1.CertificateSigningRequest) { csr.Spec.Username = "mallory" })
			}
		},
		sentence: "holds 11 CSRs", evidence: []string{"0 of them", "by mallory"},
		command: "kubectl delete csr -l open-cluster-management.io/cluster-name=c1" + hub,
	},
	{
		name: "bootstrap identity without rights", check: "csr", want: explain.BootstrapForbidden,
		world: func(t *testing.T, w *world) {
			w.waiting(t)
			w.mayNotAsk = true
		},
		sentence: "may not ask this hub", evidence: []string{ocm.BootstrapUser("c1") + " may not create", ocm.BootstrapRole("c1")}, command: "kubectl acmdr reregister c1" + hub,
	},
	{
		name: "cluster unreachable, before it asked", check: "csr", want: explain.Unreachable,
		world: func(t *testing.T, w *world) {
			w.waiting(t)
			w.credential = errUnreachable
		},
		sentence: "cannot be reached, and its agent is silent", evidence: []string{"cannot reach the managed cluster at " + managedURL},
		command: "kubectl acmdr get credentials c1 -o wide" + hub,
	},
	{
		name: "cluster unreachable, after it joined", check: "lease", want: explain.Unreachable,
		world: func(_ *testing.T, w *world) {
			w.lease = testutil.Lease("c1", now.Add(-10*time.Minute))
			w.credential = errUnreachable
		},
		sentence: "stopped renewing its lease", command: "kubectl acmdr get credentials c1 -o wide" + hub,
	},
	{
		name: "cluster unreachable, before the hub noticed", check: "lease", want: explain.Unreachable,
		world: func(_ *testing.T, w *world) {
			w.lease = testutil.Lease("c1", now.Add(-3*time.Minute))
			w.credential = errUnreachable
		},
		sentence: "due every 1m0s, was renewed last 3m ago", command: "kubectl acmdr get credentials c1 -o wide" + hub,
	},
	{
		name: "silent, without a credential", check: "lease", want: explain.AgentSilent,
		world: func(_ *testing.T, w *world) {
			w.lease = testutil.Lease("c1", now.Add(-10*time.Minute))
			w.credential = access.ErrNone
		},
		sentence: "cannot be looked at from here", evidence: []string{"no credential for the managed cluster"},
		command: "kubectl acmdr explain c1 --managed-kubeconfig=c1.kubeconfig" + hub,
	},
	{
		name: "not accepted", check: "acceptance", want: explain.NotAccepted,
		world:    func(_ *testing.T, w *world) { w.cluster.Spec.HubAcceptsClient = false },
		sentence: "has not accepted c1", evidence: []string{"hubAcceptsClient of the ManagedCluster is false"}, command: "kubectl acmdr accept c1" + hub,
	},
	{
		name: "not accepted, seen from the hub alone", check: "acceptance", want: explain.NotAccepted,
		world: func(t *testing.T, w *world) {
			w.waiting(t)
			w.cluster.Spec.HubAcceptsClient = false
			w.credential = access.ErrNone
		},
		sentence: "has not accepted c1", command: "kubectl acmdr accept c1" + hub,
	},
	{
		// As the webhook of OCM answers who may not accept (ocm pkg/registration/webhook/v1/managedcluster_validating.go).
		name: "webhook refuses", check: "acceptance", want: explain.AcceptanceRefused,
		world: func(_ *testing.T, w *world) {
			w.cluster.Spec.HubAcceptsClient = false
			w.refusal = status(metav1.StatusReasonForbidden, `admission webhook "managedclustervalidators.admission.cluster.open-cluster-management.io" `+
				`denied the request: user "ops" cannot update the HubAcceptsClient field`)
		},
		sentence: "Webhook managedclustervalidators.admission.cluster.open-cluster-management.io of this hub refuses", evidence: []string{`user "ops" cannot update`},
		command: "kubectl auth can-i update managedclusters.register.open-cluster-management.io --subresource=accept" + hub,
	},
	{
		// As recorded from a hub whose webhook had no endpoint.
		name: "webhook cannot be called", check: "acceptance", want: explain.AcceptanceRefused,
		world: func(_ *testing.T, w *world) {
			w.cluster.Status.Conditions = nil
			w.refusal = status(metav1.StatusReasonInternalError, `Internal error occurred: failed calling webhook "acceptance.acmdr.test": failed to call `+
				`webhook: Post "https://127.0.0.1:1/validate?timeout=10s": dial tcp 127.0.0.1:1: connect: connection refused`)
		},
		sentence: "webhook acceptance.acmdr.test of this hub cannot be called", evidence: []string{"connection refused"},
		command: "kubectl get validatingwebhookconfigurations,mutatingwebhookconfigurations -o wide" + hub,
	},
	{
		name: "you may not accept", check: "acceptance", want: explain.AcceptanceRefused,
		world: func(_ *testing.T, w *world) {
			w.cluster.Spec.HubAcceptsClient = false
			w.refusal = apierrors.NewForbidden(ocm.ManagedClusterResource.GroupResource(), "c1", errors.New(`User "ops" cannot patch`))
		},
		sentence: "you may not accept it", evidence: []string{`User "ops" cannot patch`},
		command: "kubectl auth can-i patch managedclusters.cluster.open-cluster-management.io" + hub,
	},
	{
		name: "refused for another reason", check: "acceptance", want: explain.AcceptanceRefused,
		world: func(_ *testing.T, w *world) {
			w.cluster.Spec.HubAcceptsClient = false
			w.refusal = status(metav1.StatusReasonInvalid, `ManagedCluster "c1" is invalid: ValidatingAdmissionPolicy 'freeze' denied request`)
		},
		sentence: "This hub refuses to accept c1", evidence: []string{"freeze"}, command: "kubectl acmdr accept c1" + hub,
	},
	{
		name: "hub does not act", check: "acceptance", want: explain.HubNotActing,
		world:    func(_ *testing.T, w *world) { w.cluster.Status.Conditions = nil },
		sentence: "its registration controller does not act", command: "kubectl get deployments,pods -n open-cluster-management-hub" + hub,
	},
	{
		// As recorded from a hub, for a lease two hours behind.
		name: "clock skew", check: "clock", want: explain.ClockSkew,
		world: func(_ *testing.T, w *world) {
			w.lease = testutil.Lease("c1", now.Add(-2*time.Hour))
			wrote(w.lease, "registration", now.Add(-time.Second))
			w.cluster.Status.Conditions = append(w.cluster.Status.Conditions, metav1.Condition{
				Type: clusterv1.ManagedClusterConditionClockSynced, Status: metav1.ConditionFalse, Reason: "ManagedClusterClockOutOfSync",
				Message: "The clock of hub and agent is out of sync. This may cause the Unknown status and affect agent functionalities.",
			})
		},
		sentence: "clock of c1 differs", evidence: []string{"ManagedClusterClockOutOfSync", "2026-11-22T10:00:00Z by its clock, at 2026-11-22T11:59:59Z by the hub's"},
		command: "kubectl get nodes -o wide --kubeconfig=c1.kubeconfig",
	},
	{
		name: "about to join", check: "lease", want: explain.NotJoined,
		world: func(t *testing.T, w *world) {
			w.waiting(t)
			w.asked(t, "c1-abcde", time.Minute, approved(now.Add(-time.Second)), testutil.Issued)
		},
		sentence: "about to join", evidence: []string{"c1-abcde"}, command: "kubectl acmdr accept c1" + hub,
	},
	{
		name: "not available", check: "availability", want: explain.Unavailable,
		world: func(_ *testing.T, w *world) {
			w.cluster.Status.Conditions[2].Status = metav1.ConditionFalse
			w.cluster.Status.Conditions[2].Reason = "ManagedClusterKubeAPIServerUnavailable"
		},
		sentence: "does not find its cluster available", evidence: []string{"ManagedClusterKubeAPIServerUnavailable", "lease renewed 3s ago"},
		command: "kubectl get --raw '/readyz?verbose' --kubeconfig=c1.kubeconfig",
	},
	{
		name: "add-on unavailable", check: "addons", want: explain.AddOnUnavailable,
		world: func(_ *testing.T, w *world) {
			w.addOn = reporting(metav1.Condition{Type: "Available", Status: metav1.ConditionFalse, Reason: "ManagedClusterAddOnLeaseUpdateStopped"})
		},
		sentence: "Add-on search does not work", evidence: []string{"LeaseUpdateStopped"}, command: "kubectl get managedclusteraddon search -n c1 -o yaml" + hub,
	},
	{
		name: "add-on degraded", check: "addons", want: explain.AddOnUnavailable,
		world: func(_ *testing.T, w *world) {
			w.addOn = reporting(metav1.Condition{Type: "Available", Status: metav1.ConditionTrue}, metav1.Condition{Type: "Degraded", Status: metav1.ConditionTrue})
		},
		sentence: "Add-on search does not work", evidence: []string{"Degraded is True"}, command: "kubectl get managedclusteraddon search -n c1 -o yaml" + hub,
	},
	{
		name: "work never applied", check: "works", want: explain.WorkNotApplied,
		world:    func(_ *testing.T, w *world) { w.work.Status.Conditions = nil },
		sentence: "work agent on c1 does not act", evidence: []string{"made 60m ago", "no pods"}, command: "kubectl get manifestwork w -n c1 -o yaml" + hub,
	},
	{
		name: "work that fails", check: "works", want: explain.WorkFailed,
		world: func(_ *testing.T, w *world) {
			w.work.Status.Conditions[0].Status = metav1.ConditionFalse
			for i := range 8 {
				w.work.Status.ResourceStatus.Manifests = append(w.work.Status.ResourceStatus.Manifests, workv1.ManifestCondition{
					ResourceMeta: workv1.ManifestResourceMeta{Kind: "ConfigMap", Namespace: "default", Name: fmt.Sprintf("cm%d", i)},
					Conditions:   []metav1.Condition{{Type: workv1.WorkApplied, Status: metav1.ConditionFalse, Message: "denied by quota"}},
				})
			}
		},
		sentence: "Work w cannot be applied", evidence: []string{"ConfigMap default/cm0: denied by quota", "and more"}, command: "kubectl get manifestwork w -n c1 -o yaml" + hub,
	},
	{
		name: "work of which something is gone", check: "works", want: explain.WorkFailed,
		world: func(_ *testing.T, w *world) {
			w.work.Status.Conditions = append(w.work.Status.Conditions, metav1.Condition{Type: workv1.WorkAvailable, Status: metav1.ConditionFalse, Message: "1 of 2 is not available"})
		},
		sentence: "not all that it made is there", evidence: []string{"1 of 2"}, command: "kubectl get manifestwork w -n c1 -o yaml" + hub,
	},
	{
		name: "workload that nobody holds", check: "works", want: explain.WorkloadAtRisk,
		world: func(_ *testing.T, w *world) {
			lost := testutil.AppliedManifestWork("oldhash", "lost", agentID, testutil.Applied("apps", "v1", "deployments", "shop", "web"))
			lost.Status.EvictionStartTime = &metav1.Time{Time: now.Add(-10 * time.Minute)}
			w.applied = append(w.applied, lost)
		},
		sentence: "will be deleted", evidence: []string{"deployments.apps/shop/web", "began at 2026-11-22T11:50:00Z"}, command: "kubectl acmdr reregister c1 --hold-eviction" + hub,
	},
}

func TestExplain(t *testing.T) {
	for _, way := range ways {
		t.Run(way.name, way.run)
	}
}

func TestWell(t *testing.T) {
	tests := []struct {
		name  string
		world func(t *testing.T, w *world)
		// summary is what follows the common part of the sentence; details are of single checks.
		summary string
		details map[string]string
		skipped string
	}{
		{name: "well"},
		{
			name: "no credential", world: func(_ *testing.T, w *world) { w.credential = access.ErrNone },
			summary: "; the cluster itself could not be looked at", skipped: "credential identity bootstrap agent",
			details: map[string]string{"credential": "no credential for the managed cluster: looked for Hive admin kubeconfig"},
		},
		{
			name: "unreachable from here", world: func(_ *testing.T, w *world) { w.credential = errUnreachable },
			summary: "; its API cannot be reached from here", skipped: "credential identity bootstrap agent",
		},
		{
			name: "a bootstrap token that is not needed any more", world: func(t *testing.T, w *world) {
				t.Helper()
				w.bootstrapAt(t, w.here(), jwt(ocm.BootstrapUser("c1"), now.Add(-time.Hour)))
				w.whoAmI = unauthorized
			},
			details: map[string]string{"bootstrap": "its token has expired, and is not needed"},
		},
		{
			name: "a narrow credential", world: func(_ *testing.T, w *world) { w.hidden = []string{"pods", "appliedmanifestworks", "klusterlets"} },
			skipped: "agent works",
		},
		{
			name: "a hub that cannot be tried from here", world: func(_ *testing.T, w *world) { w.whoAmI = errors.New("no route") },
			skipped: "bootstrap", details: map[string]string{"bootstrap": "leads to this hub, " + hubURL + ", and could not be tried from here: no route"},
		},
		{
			name: "a URL that the hub does not know of itself", world: func(t *testing.T, w *world) {
				t.Helper()
				alias := w.here()
				alias.Server = "https://vip.example.com"
				w.bootstrapAt(t, alias, "")
				w.registeredAt(t, alias, now.Add(time.Hour))
			},
		},
		{
			name: "joined by hand, by a URL that the hub does not know of itself", world: func(t *testing.T, w *world) {
				t.Helper()
				alias := kubeconfig.Endpoint{Server: "https://vip.example.com", CAData: w.ca.PEM, ClusterName: "hub"}
				w.cluster.Annotations = nil
				w.bootstrapAt(t, alias, "")
				w.registeredAt(t, alias, now.Add(time.Hour))
			},
		},
		{
			name: "a hub of which nobody knows how agents reach it", world: func(t *testing.T, w *world) {
				t.Helper()
				w.bootstrapAt(t, w.old(), "")
				w.endpoint = errors.New("no CA verifies it")
			},
			skipped: "bootstrap", details: map[string]string{"bootstrap": "no CA verifies it"},
		},
		{
			name: "one of two replicas is down", world: func(_ *testing.T, w *world) {
				w.pods = []*corev1.Pod{pod("a-1", "klusterlet-agent", ready), pod("a-2", "klusterlet-agent", func(p *corev1.Pod) { p.Status.Phase = corev1.PodFailed })}
			},
			details: map[string]string{"agent": "its pods: a-1 Running, a-2 Failed"},
		},
		{
			name: "starting", world: func(_ *testing.T, w *world) {
				w.pods = []*corev1.Pod{pod("a-1", "klusterlet-agent", func(p *corev1.Pod) {
					p.Status.ContainerStatuses = []corev1.ContainerStatus{{State: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "ContainerCreating"}}}}
				})}
			},
		},
		{
			name: "an add-on that never reported", world: func(_ *testing.T, w *world) {
				w.addOn = reporting(metav1.Condition{Type: "Available", Status: metav1.ConditionUnknown, Reason: "ManagedClusterAddOnLeaseNotFound"})
			},
			details: map[string]string{"addons": "1 of 1 do not report: search"},
		},
		{
			name: "a work that has just come", world: func(_ *testing.T, w *world) {
				w.work.Status.Conditions, w.work.CreationTimestamp = nil, metav1.NewTime(now.Add(-time.Second))
			},
		},
		{
			name: "an eviction that is held", world: func(_ *testing.T, w *world) {
				w.applied = append(w.applied, testutil.AppliedManifestWork("oldhash", "lost", agentID, testutil.Applied("apps", "v1", "deployments", "shop", "web")))
				held := metav1.Duration{Duration: 876000 * time.Hour}
				w.klusterlet.Spec.WorkConfiguration = workConfiguration(held)
			},
			details: map[string]string{"works": "evictions are held"},
		},
		{name: "no namespace yet", world: func(_ *testing.T, w *world) { w.namespace = nil }},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t)
			if test.world != nil {
				test.world(t, w)
			}
			explainer, hub, managed := w.build(t)
			var told []explain.Outcome
			report, err := explainer.Explain(t.Context(), "c1", func(outcome explain.Outcome) { told = append(told, outcome) })
			if err != nil {
				t.Fatal(err)
			}
			if want := "c1 is well: joined and available, lease renewed 3s ago" + test.summary + "."; report.Finding != nil || report.Summary != want {
				t.Fatalf("%q, want %q: %+v", report.Summary, want, report.Finding)
			}
			var skipped []string
			for _, outcome := range report.Outcomes {
				if outcome.Status == explain.Skipped {
					skipped = append(skipped, outcome.Check)
				}
				if want := test.details[outcome.Check]; !strings.Contains(outcome.Detail, want) {
					t.Errorf("%s: %q, want %q", outcome.Check, outcome.Detail, want)
				}
			}
			if got := strings.Join(skipped, " "); got != test.skipped {
				t.Errorf("skipped %q, want %q", got, test.skipped)
			}
			if fmt.Sprint(told) != fmt.Sprint(report.Outcomes) {
				t.Errorf("told %v, reported %v", told, report.Outcomes)
			}
			readOnly(t, hub, managed)
		})
	}
}

// A hub that cannot be read is not a cluster that is well.
func TestExplainWithoutTheHub(t *testing.T) {
	explainer, hub, _ := newWorld(t).build(t)
	hub.Dynamic.PrependReactor("get", "managedclusters", refuse(forbidden))
	if report, err := explainer.Explain(t.Context(), "c1", nil); !apierrors.IsForbidden(err) {
		t.Errorf("%+v, %v", report, err)
	}
	explainer, _, _ = newWorld(t).build(t)
	ctx, cancel := context.WithCancelCause(t.Context())
	pressed := errors.New("Ctrl-C")
	cancel(pressed)
	if report, err := explainer.Explain(ctx, "c1", nil); !errors.Is(err, pressed) {
		t.Errorf("%+v, %v", report, err)
	}
}

// Each reason is found by some test, and is in the table that users read.
func TestReasonsAreTestedAndDocumented(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "reasons.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile("../../docs/explain.md")
	if err != nil {
		t.Fatal(err)
	}
	tested := map[string]bool{}
	for _, way := range ways {
		tested[string(way.want)] = true
	}
	t.Logf("%d reasons, in %d cases", len(tested), len(ways))
	ast.Inspect(file, func(node ast.Node) bool {
		spec, ok := node.(*ast.ValueSpec)
		if !ok {
			return true
		}
		name := spec.Names[0].Name
		if !tested[name] {
			t.Errorf("no test finds %s", name)
		}
		if !strings.Contains(string(page), "| "+name+" |") {
			t.Errorf("docs/explain.md has no row of %s", name)
		}
		return true
	})
}
