// Package reregister moves one managed cluster from the hub it has to the hub in hand, as steps: first what only reads,
// then what only adds to the new hub, then the one write on the managed cluster, then waiting. Running the steps again
// resumes the move; all state is read from the clusters.
package reregister

import (
	"context"
	"fmt"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	clusterv1 "open-cluster-management.io/api/cluster/v1"

	"github.com/acmdr/kubectl-acmdr/pkg/accept"
	"github.com/acmdr/kubectl-acmdr/pkg/access"
	"github.com/acmdr/kubectl-acmdr/pkg/bootstrap"
	"github.com/acmdr/kubectl-acmdr/pkg/fence"
	"github.com/acmdr/kubectl-acmdr/pkg/kubeconfig"
	"github.com/acmdr/kubectl-acmdr/pkg/ocm"
	"github.com/acmdr/kubectl-acmdr/pkg/step"
	"github.com/acmdr/kubectl-acmdr/pkg/wait"
	"github.com/acmdr/kubectl-acmdr/pkg/workloads"
)

// Mover holds what all moves of a run share.
type Mover struct {
	Hub bootstrap.Hub
	// Endpoint is how the agent of a cluster reaches the hub.
	Endpoint func(ctx context.Context, cluster *clusterv1.ManagedCluster) (kubeconfig.Endpoint, error)
	Accept   *accept.Hub
	Finder   *access.Finder
	// OldHub is the hub that clusters leave, where it can be reached; else nil.
	OldHub *accept.Hub
	// Dial tries the way to the new hub, as nobody, and Verify a bootstrap token there.
	Dial   func(ctx context.Context, endpoint kubeconfig.Endpoint) error
	Verify bootstrap.VerifyFunc
	Options
}

// Options are the user's wishes for the moves.
type Options struct {
	AllowWorkloadLoss bool
	HoldEviction      bool
	AllowLoopback     bool
	TokenLifetime     time.Duration
	// Timeout bounds each wait for the agent.
	Timeout time.Duration
}

// Move is one cluster on its way.
type Move struct {
	Name    string
	managed *access.Managed
	// endpoint is how its agent reaches the new hub.
	endpoint kubeconfig.Endpoint
	// imported is the bootstrap kubeconfig that ACM's import controller made on the new hub, when this hub accepts it;
	// poisoned tells that there is one that it does not accept: restored from another hub.
	imported []byte
	poisoned bool
	// switched tells that the cluster's bootstrap kubeconfig leads to the new hub already, with a token that works.
	switched bool
	// fences are the changes on the old hub that keep it from taking the cluster back.
	fences    []fence.Change
	bootstrap []byte
	issued    time.Time
	// orphans are applied objects that no eviction touches; nil before they were looked for.
	orphans workloads.Orphans
	// atRisk is what an eviction can still take, as it was last seen; grace is the agent's grace period; hidden tells that the
	// credential may not look; watched is when the clock was first looked at.
	atRisk  []workloads.Loss
	grace   time.Duration
	hidden  bool
	watched time.Time
	// looked is when the bootstrap kubeconfig was last seen to lead to the new hub.
	looked time.Time
	// reasserts counts how often the old hub put its bootstrap kubeconfig back and it was replaced again.
	reasserts int
	// way is the way back to the hub that the cluster had before.
	way way
	// notes are what the operator should know when the move has ended.
	notes []string
}

// Summary is what the report says of a move that did not fail.
func (m *Move) Summary() string {
	notes := m.notes
	if m.managed != nil {
		notes = append([]string{"opened with " + m.managed.Credential.Source}, notes...)
	}
	if m.reasserts > 0 {
		notes = append(notes, fmt.Sprintf("the old hub had put its bootstrap kubeconfig back; this hub's was put in place again (%d×)", m.reasserts))
	}
	return strings.Join(notes, "; ")
}

// Steps are the moves of design order 1 to 6 and the wait until the agent knocks at the new hub. Each stands where it does
// because everything before the switch can be left undone for ever without harm.
func (m *Mover) Steps() []step.Step[*Move] {
	return []step.Step[*Move]{
		// Read-only: nothing is written anywhere before the right cluster is open and its workloads are known to survive.
		{Name: "check", ReadOnly: true, Do: m.check, Timeout: wait.Probe},
		{Name: "credential", ReadOnly: true, Do: m.open, Timeout: wait.Open},
		{Name: "guard", ReadOnly: true, Do: m.guard, Timeout: wait.Probe},
		// Additive, on the new hub only.
		{Name: "prepare", Done: m.isPrepared, Plan: planPrepare, Do: m.prepare, Timeout: wait.Probe},
		// The old hub is told to keep its hands off before the agent leaves it.
		{Name: "fence", Done: m.isFenced, Plan: planFences, Do: m.fence, Timeout: wait.Probe},
		// Evictions are held, if they are to be, while the agent is still at the hub that knows its works.
		{Name: "hold", Done: m.isHeld, Plan: says("tell the work agent to evict nothing, in the Klusterlet"), Do: m.hold, Timeout: wait.Probe},
		// Minted and tried from here before it goes anywhere.
		{Name: "mint", Done: isSwitched, Plan: m.planMint, Do: m.mint, Timeout: wait.Probe},
		// The one write on the managed cluster.
		{Name: "switch", Done: isSwitched, Plan: planSwitch, Do: m.switchHub, Timeout: wait.Probe},
		m.held(step.Step[*Move]{
			Name: "knock", Plan: says("wait until the agent asks this hub for a certificate"),
			Done: m.hasKnocked, Ready: m.knocked, Timeout: m.Timeout,
		}),
	}
}

// AcceptSteps are the moves 7 and 8, and the wait until every workload has its new owner.
func (m *Mover) AcceptSteps() []step.Step[*Move] {
	steps := step.On(m.Accept.Steps(m.Timeout), func(move *Move) string { return move.Name })
	steps = append(steps, step.Step[*Move]{Name: "workloads", Done: m.isSecured,
		Plan: says("wait until every workload is applied for this hub"), Ready: m.secured, Timeout: m.Timeout})
	for i := range steps {
		steps[i] = m.held(steps[i])
	}
	return steps
}

// check refuses what must not be moved, from the new hub's side alone.
func (m *Mover) check(ctx context.Context, move *Move) error {
	signals, err := m.Accept.Observe(ctx, move.Name)
	if err != nil {
		return err
	}
	if ocm.IsLocal(signals.Cluster) {
		return fmt.Errorf("%s is the hub itself and is never moved", move.Name)
	}
	if !signals.Cluster.DeletionTimestamp.IsZero() {
		return fmt.Errorf("managedcluster %s is being deleted on this hub", move.Name)
	}
	if move.endpoint, err = m.Endpoint(ctx, signals.Cluster); err != nil {
		return err
	}
	if move.endpoint.From != "" { // the hub's own was tried when it was found
		if err := m.Dial(ctx, move.endpoint); err != nil {
			return fmt.Errorf("agents could not reach this hub at %s: %w%s", move.endpoint.Server, err, move.suspect())
		}
	}
	return m.checkImport(ctx, move)
}

// suspect says where the URL of the new hub is from, when that can have been restored from the old one.
func (m *Move) suspect() string {
	if m.endpoint.From == "" {
		return ""
	}
	return fmt.Sprintf(" (the URL is that of %s: if it is the old hub's, correct it, or give this hub's with --hub-server)", m.endpoint.From)
}

// checkImport looks for a bootstrap kubeconfig that ACM made for this hub. One that was restored from another hub works as
// long as that hub lives, so its own word is not enough: this hub must accept its token as well.
func (m *Mover) checkImport(ctx context.Context, move *Move) error {
	imported, err := bootstrap.ImportKubeconfig(ctx, m.Hub.Kube, move.Name)
	if err != nil || imported == nil {
		return err
	}
	user := ocm.BootstrapUser(move.Name)
	err = bootstrap.VerifyKubeconfig(ctx, m.Verify, imported, user)
	if err == nil {
		err = m.Verify(ctx, move.endpoint, kubeconfig.Token(imported), user)
	}
	if err != nil {
		move.poisoned = true
		return nil //nolint:nilerr // what cannot be used is replaced by the plugin's own
	}
	move.imported = imported
	return nil
}

func (m *Mover) open(ctx context.Context, move *Move) error {
	managed, err := m.Finder.Open(ctx, move.Name)
	if err != nil {
		return err
	}
	move.managed = managed
	for _, err := range managed.Passed {
		move.notes = append(move.notes, "not usable: "+err.Error())
	}
	if bootstrap.IsLoopback(move.server()) && !bootstrap.IsLoopback(managed.Credential.Config.Host) && !m.AllowLoopback {
		return fmt.Errorf("agents cannot reach this hub at %s: give its outside URL with --hub-server", move.server())
	}
	move.switched, err = m.leadsHere(ctx, move)
	return err
}

// leadsHere tells whether the bootstrap kubeconfig on the managed cluster leads to the new hub with a token it accepts.
func (m *Mover) leadsHere(ctx context.Context, move *Move) (bool, error) {
	secret, err := move.managed.Kube.CoreV1().Secrets(move.managed.Namespace).Get(ctx, ocm.BootstrapSecret, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("reading secret %s/%s: %w", move.managed.Namespace, ocm.BootstrapSecret, err)
	}
	current := secret.Data[ocm.KubeconfigKey]
	move.bootstrap = current
	return move.pointsHere(current) && bootstrap.VerifyKubeconfig(ctx, m.Verify, current, ocm.BootstrapUser(move.Name)) == nil, nil
}

// pointsHere tells whether a bootstrap kubeconfig leads to the new hub, whether ACM made it or the plugin.
func (m *Move) pointsHere(data []byte) bool {
	if kubeconfig.PointsTo(data, m.endpoint) {
		return true
	}
	imported, _, err := kubeconfig.EndpointOf(m.imported)
	return err == nil && kubeconfig.PointsTo(data, imported)
}

// isOfThisHub tells whether a bootstrap kubeconfig is one of the new hub, by whatever URL: its cluster entry bears the name
// that is unique to the hub.
func (m *Move) isOfThisHub(data []byte) bool {
	endpoint, _, err := kubeconfig.EndpointOf(data)
	return err == nil && (endpoint.ClusterName == m.endpoint.ClusterName || m.pointsHere(data))
}

func isSwitched(_ context.Context, move *Move) (bool, error) { return move.switched, nil }

func (m *Mover) hasKnocked(ctx context.Context, move *Move) (bool, error) {
	knocked, _, err := m.knocked(ctx, move)
	return knocked, err
}

func (m *Mover) knocked(ctx context.Context, move *Move) (bool, string, error) {
	return m.Accept.Knocked(ctx, move.Name)
}
