package reregister_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	clienttesting "k8s.io/client-go/testing"
	"k8s.io/utils/clock"
	clusterv1 "open-cluster-management.io/api/cluster/v1"

	"github.com/acmdr/kubectl-acmdr/pkg/accept"
	"github.com/acmdr/kubectl-acmdr/pkg/access"
	"github.com/acmdr/kubectl-acmdr/pkg/bootstrap"
	"github.com/acmdr/kubectl-acmdr/pkg/internal/testutil"
	"github.com/acmdr/kubectl-acmdr/pkg/kubeconfig"
	"github.com/acmdr/kubectl-acmdr/pkg/ocm"
	"github.com/acmdr/kubectl-acmdr/pkg/reregister"
	"github.com/acmdr/kubectl-acmdr/pkg/step"
)

const (
	managedURL = "https://c1.example.com:6443"
	oldURL     = "https://hub-dr1.example.com:6443"
	newURL     = "https://hub-dr2.example.com:6443"
	agentID    = "klusterlet-uid"
	timeout    = time.Minute
)

var secretsResource = corev1.SchemeGroupVersion.WithResource("secrets")

// oldBootstrap is the bootstrap kubeconfig of the old hub, as somebody else wrote it.
var oldBootstrap = testutil.Kubeconfig(oldURL, []byte("OLD CA"), "old-t0ken")

// world is two hubs and a managed cluster that is to be moved from one to the other, with its agent, in the time of a
// synctest bubble.
type world struct {
	t                 *testing.T
	hub, managed, old *testutil.Hub
	agent             *testutil.Agent
	endpoint          kubeconfig.Endpoint
	// unreachable is why the endpoint cannot be reached; nil when it can.
	unreachable error
	options     reregister.Options
	tokens      tokens
	// longest is the longest lifetime of a token that the new hub grants; zero for no bound.
	longest time.Duration
	// original is what the bootstrap secret held at first; nil when there was none.
	original map[string][]byte
	// down tells that the agent does nothing any more.
	down atomic.Bool
}

// tokens are those that the new hub granted, and whether it accepts them.
type tokens struct {
	mu      sync.Mutex
	granted map[string]bool
}

func (t *tokens) grant() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	token := fmt.Sprintf("new-t0ken-%d", len(t.granted)+1)
	t.granted[token] = true
	return token
}

func (t *tokens) accepts(token string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.granted[token]
}

// expire has the hub refuse what it has granted until now.
func (t *tokens) expire() {
	t.mu.Lock()
	defer t.mu.Unlock()
	for token := range t.granted {
		t.granted[token] = false
	}
}

// newWorld makes the world of a cluster that Hive made, restored on the new hub, with the workload cm and the work that holds
// it. What objects adds is on the managed cluster.
func newWorld(t *testing.T, objects ...runtime.Object) *world {
	t.Helper()
	w := &world{
		t:        t,
		endpoint: kubeconfig.Endpoint{Server: newURL, CAData: []byte("NEW CA"), ClusterName: "new-hub-uid"},
		options:  reregister.Options{TokenLifetime: 24 * time.Hour, Timeout: timeout},
		tokens:   tokens{granted: map[string]bool{}},
		original: map[string][]byte{ocm.KubeconfigKey: oldBootstrap, "extra": []byte("kept")},
	}
	configMap := testutil.Applied("", "v1", "configmaps", "default", "cm")
	w.hub = testutil.NewHub(t,
		testutil.ManagedCluster("c1", testutil.Labelled("env", "prod"), testutil.Back),
		testutil.Lease("c1", time.Now().Add(-time.Hour)), // restored
		testutil.ClusterDeployment("c1", "c1", "c1-admin-kubeconfig"),
		testutil.AdminKubeconfig("c1", "c1-admin-kubeconfig", time.Now(), testutil.Kubeconfig(managedURL, []byte("CA"), "admin-t0ken")),
		testutil.ManifestWork(t, "c1", "w", testutil.Manifest("v1", "ConfigMap", "default", "cm")),
		testutil.CSR(t, "c1", "c1-restored", time.Now().Add(-time.Hour)),
	)
	w.managed = testutil.NewHub(t, append([]runtime.Object{
		testutil.Klusterlet(agentID),
		testutil.Secret(ocm.AgentNamespace, ocm.HubSecret, map[string]string{ocm.ClusterNameKey: "c1", ocm.AgentNameKey: "agent1"}),
		testutil.AppliedManifestWork("oldhash", "w", agentID, configMap),
	}, objects...)...)
	w.add(w.managed, &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: ocm.AgentNamespace, Name: ocm.BootstrapSecret}, Data: w.original})
	w.old = testutil.NewHub(t, testutil.ManagedCluster("c1", testutil.Back))
	w.managed.Authenticate("system:admin", testutil.Everything)
	w.agent = testutil.NewAgent(t, w.hub, "c1")
	w.agent.Watch(w.managed, ocm.AgentNamespace, w.opensNewHub)
	w.grantTokens()
	return w
}

func (w *world) add(hub *testutil.Hub, object runtime.Object) {
	w.t.Helper()
	if err := hub.Kube.Tracker().Add(object); err != nil {
		w.t.Fatal(err)
	}
}

// grantTokens has the new hub answer TokenRequests, each with another token.
func (w *world) grantTokens() {
	w.hub.Kube.PrependReactor("create", "serviceaccounts", func(action clienttesting.Action) (bool, runtime.Object, error) {
		request, ok := action.(clienttesting.CreateAction).GetObject().(*authenticationv1.TokenRequest)
		if !ok {
			return false, nil, nil
		}
		granted := request.DeepCopy()
		granted.CreationTimestamp = metav1.Time{Time: time.Now()}
		granted.Status.Token = w.tokens.grant()
		granted.Status.ExpirationTimestamp = metav1.Time{Time: time.Now().Add(w.lifetime(request))}
		return true, granted, nil
	})
}

func (w *world) lifetime(request *authenticationv1.TokenRequest) time.Duration {
	asked := time.Duration(*request.Spec.ExpirationSeconds) * time.Second
	if w.longest > 0 {
		return min(asked, w.longest)
	}
	return asked
}

// verify is what the new hub says of a token; the old hub is gone.
func (w *world) verify(_ context.Context, endpoint kubeconfig.Endpoint, token, user string) error {
	switch {
	case endpoint.Server != newURL && endpoint.Server != w.endpoint.Server:
		return errors.New("dial tcp: connection refused")
	case !w.tokens.accepts(token):
		return errors.New("the hub does not accept the bootstrap token")
	case user != "system:serviceaccount:c1:c1-bootstrap-sa":
		return fmt.Errorf("for %s", user)
	}
	return nil
}

func (w *world) opensNewHub(data []byte) bool {
	endpoint, token, err := kubeconfig.EndpointOf(data)
	return err == nil && endpoint.Server != oldURL && w.tokens.accepts(token)
}

func (w *world) mover() *reregister.Mover {
	onHub := func(hub *testutil.Hub) *accept.Hub {
		return &accept.Hub{Kube: hub.Kube, Dynamic: hub.Dynamic, Clock: clock.RealClock{}}
	}
	return &reregister.Mover{
		Hub:      bootstrap.Hub{Kube: w.hub.Kube, Dynamic: w.hub.Dynamic, Config: &rest.Config{Host: newURL}},
		Endpoint: func(context.Context, *clusterv1.ManagedCluster) (kubeconfig.Endpoint, error) { return w.endpoint, nil },
		Accept:   onHub(w.hub),
		OldHub:   onHub(w.old),
		Finder: &access.Finder{
			Sources: []access.Source{access.Hive{Place: access.OnHub(w.hub.Kube, w.hub.Dynamic)}},
			Connect: func(*rest.Config) (kubernetes.Interface, dynamic.Interface, error) {
				return w.managed.Kube, w.managed.Dynamic, nil
			},
		},
		Dial:    func(context.Context, kubeconfig.Endpoint) error { return w.unreachable },
		Verify:  w.verify,
		Options: w.options,
	}
}

// run moves the cluster, as `reregister c1` does.
func (w *world) run() (step.Result, string) {
	w.t.Helper()
	mover := w.mover()
	return w.make(mover.Steps())
}

// runToTheEnd moves and accepts it, as `reregister c1 --accept` does.
func (w *world) runToTheEnd() (step.Result, string) {
	w.t.Helper()
	mover := w.mover()
	return w.make(append(mover.Steps(), mover.AcceptSteps()...))
}

func (w *world) make(steps []step.Step[*reregister.Move]) (step.Result, string) {
	w.t.Helper()
	move := &reregister.Move{Name: "c1"}
	result := step.Run(w.t.Context(), clock.RealClock{}, "c1", move, steps, nil)
	if told := fmt.Sprintf("%v %v %s", result.Err, result.Steps, move.Summary()); strings.Contains(told, "t0ken") {
		w.t.Errorf("a token is told: %s", told)
	}
	return result, move.Summary()
}

// changes records what changes anywhere from now on.
func (w *world) changes() func() []string {
	hub, managed, old := w.hub.Changes(), w.managed.Changes(), w.old.Changes()
	return func() []string {
		var all []string
		for place, changes := range map[string][]string{"hub": hub(), "managed": managed(), "old": old()} {
			for _, change := range changes {
				all = append(all, place+": "+change)
			}
		}
		slices.Sort(all)
		return all
	}
}

// secret is what a secret on the managed cluster holds; nil when it is not there.
func (w *world) secret(name string) map[string][]byte {
	w.t.Helper()
	object, err := w.managed.Kube.Tracker().Get(secretsResource, ocm.AgentNamespace, name)
	if apierrors.IsNotFound(err) {
		return nil
	}
	if err != nil {
		w.t.Fatal(err)
	}
	return maps.Clone(object.(*corev1.Secret).Data)
}

// checkSafe: the bootstrap secret holds a whole kubeconfig of the old or the new hub, and once it is not what it was, what it
// was is kept.
func (w *world) checkSafe() {
	w.t.Helper()
	current := w.secret(ocm.BootstrapSecret)
	if current == nil {
		if w.original != nil {
			w.t.Error("there is no bootstrap secret any more")
		}
		return
	}
	data := current[ocm.KubeconfigKey]
	if bytes.Equal(data, w.original[ocm.KubeconfigKey]) {
		return
	}
	if endpoint, _, err := kubeconfig.EndpointOf(data); err != nil || endpoint.Server != w.endpoint.Server {
		w.t.Errorf("the bootstrap secret holds neither hub's kubeconfig: %q, error %v", data, err)
	}
	w.checkKept()
}

// checkKept: what the bootstrap secret held at first is kept, byte for byte.
func (w *world) checkKept() {
	w.t.Helper()
	if w.original == nil {
		return
	}
	kept := w.secret(reregister.PreviousSecret)
	if kept == nil {
		kept = w.secret(ocm.BootstrapSecret)
		if got := kept[reregister.PreviousKey]; !bytes.Equal(got, w.original[ocm.KubeconfigKey]) {
			w.t.Errorf("kept %q in the bootstrap secret", got)
		}
		if string(kept["extra"]) != string(w.original["extra"]) {
			w.t.Errorf("another key of the bootstrap secret is %q", kept["extra"])
		}
		return
	}
	if !maps.EqualFunc(kept, w.original, bytes.Equal) {
		w.t.Errorf("kept %q", kept)
	}
}

// checkMoved: the bootstrap kubeconfig leads to the new hub with a token that it accepts, and nothing else in it changed.
func (w *world) checkMoved() {
	w.t.Helper()
	current := w.secret(ocm.BootstrapSecret)
	if !kubeconfig.PointsTo(current[ocm.KubeconfigKey], w.endpoint) || !w.tokens.accepts(kubeconfig.Token(current[ocm.KubeconfigKey])) {
		w.t.Errorf("the bootstrap kubeconfig is %q", current[ocm.KubeconfigKey])
	}
	if string(current["extra"]) != string(w.original["extra"]) {
		w.t.Errorf("another key of the bootstrap secret is %q", current["extra"])
	}
	w.checkKept()
}

// narrow is a credential as ACM's ManagedServiceAccount has it: it may get and update the one secret, and read who it is.
func (w *world) narrow() {
	w.managed.Intercept(func(action clienttesting.Action, next testutil.Call) (runtime.Object, error) {
		if action.GetResource().Resource == "secrets" && !mayNarrowly(action) {
			return nil, apierrors.NewForbidden(schema.GroupResource{Resource: "secrets"}, "x", errors.New("rbac"))
		}
		return next()
	})
}

func mayNarrowly(action clienttesting.Action) bool {
	switch a := action.(type) {
	case clienttesting.GetAction:
		return a.GetName() == ocm.BootstrapSecret || a.GetName() == ocm.HubSecret
	case clienttesting.UpdateAction:
		secret, ok := a.GetObject().(*corev1.Secret)
		return ok && action.GetVerb() == "update" && secret.Name == ocm.BootstrapSecret
	}
	return false
}

// withoutBootstrapSecret: somebody deleted it half-way through a move by hand.
func (w *world) withoutBootstrapSecret() {
	w.t.Helper()
	if err := w.managed.Kube.Tracker().Delete(secretsResource, ocm.AgentNamespace, ocm.BootstrapSecret); err != nil {
		w.t.Fatal(err)
	}
	w.original = nil
}
