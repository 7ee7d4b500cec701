package bootstrap_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	clienttesting "k8s.io/client-go/testing"

	"github.com/acmdr/kubectl-acmdr/pkg/bootstrap"
	"github.com/acmdr/kubectl-acmdr/pkg/internal/testutil"
	"github.com/acmdr/kubectl-acmdr/pkg/ocm"
)

const role = "system:open-cluster-management:managedcluster:bootstrap:c1"

func namespace(name string) *corev1.Namespace {
	return &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}
}

func serviceAccount() *corev1.ServiceAccount {
	return &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: "c1", Name: "c1-bootstrap-sa"}}
}

// articleRole is the role that the article of 2021 makes, and ACM too: without list and watch of managedclusters.
func articleRole() *rbacv1.ClusterRole {
	return &rbacv1.ClusterRole{ObjectMeta: metav1.ObjectMeta{Name: role}, Rules: []rbacv1.PolicyRule{
		{APIGroups: []string{"certificates.k8s.io"}, Resources: []string{"certificatesigningrequests"},
			Verbs: []string{"create", "get", "list", "watch"}},
		{APIGroups: []string{"cluster.open-cluster-management.io"}, Resources: []string{"managedclusters"}, Verbs: []string{"get", "create"}},
	}}
}

func binding(subject string) *rbacv1.ClusterRoleBinding {
	return &rbacv1.ClusterRoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: role},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: role},
		Subjects:   []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Namespace: "c1", Name: subject}},
	}
}

func TestEnsureIdentity(t *testing.T) {
	narrow := articleRole()
	narrow.Rules = narrow.Rules[:1]
	tests := []struct {
		name    string
		objects []runtime.Object
		// has tells whether the identity is complete before.
		has    bool
		writes []string
	}{
		{name: "nothing there", writes: []string{
			"create namespaces c1", "create serviceaccounts c1/c1-bootstrap-sa", "create clusterroles " + role, "create clusterrolebindings " + role,
		}},
		{
			name:    "what the article or ACM made",
			objects: []runtime.Object{namespace("c1"), serviceAccount(), articleRole(), binding("c1-bootstrap-sa")}, has: true,
		},
		{name: "restored without its account", objects: []runtime.Object{namespace("c1"), articleRole(), binding("c1-bootstrap-sa")},
			writes: []string{"create serviceaccounts c1/c1-bootstrap-sa"}},
		{name: "restored without its role", objects: []runtime.Object{namespace("c1"), serviceAccount(), binding("c1-bootstrap-sa")},
			writes: []string{"create clusterroles " + role}},
		{name: "restored without its binding", objects: []runtime.Object{namespace("c1"), serviceAccount(), articleRole()},
			writes: []string{"create clusterrolebindings " + role}},
		{name: "a role that grants too little", objects: []runtime.Object{namespace("c1"), serviceAccount(), narrow, binding("c1-bootstrap-sa")},
			writes: []string{"update clusterroles " + role}},
		{name: "a binding of somebody else", objects: []runtime.Object{namespace("c1"), serviceAccount(), articleRole(), binding("other")},
			writes: []string{"update clusterrolebindings " + role}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			hub := testutil.NewHub(t, test.objects...)
			if has, err := bootstrap.HasIdentity(t.Context(), hub.Kube, "c1"); err != nil || has != test.has {
				t.Errorf("complete before: %t, error %v", has, err)
			}
			changes := hub.Changes()
			if err := bootstrap.EnsureIdentity(t.Context(), hub.Kube, "c1"); err != nil {
				t.Fatal(err)
			}
			if got := changes(); !slices.Equal(got, test.writes) {
				t.Errorf("wrote %q, want %q", got, test.writes)
			}
			if has, err := bootstrap.HasIdentity(t.Context(), hub.Kube, "c1"); err != nil || !has {
				t.Errorf("complete after: %t, error %v", has, err)
			}
			if err := bootstrap.EnsureIdentity(t.Context(), hub.Kube, "c1"); err != nil {
				t.Fatal(err)
			}
			if got := changes(); len(got) > 0 {
				t.Errorf("the second time wrote %q", got)
			}
		})
	}
}

func TestEnsureIdentityLabels(t *testing.T) {
	hub := testutil.NewHub(t)
	if err := bootstrap.EnsureIdentity(t.Context(), hub.Kube, "c1"); err != nil {
		t.Fatal(err)
	}
	made, err := hub.Kube.CoreV1().Namespaces().Get(t.Context(), "c1", metav1.GetOptions{})
	if err != nil || made.Labels[ocm.ManagedClusterNamespaceLabel] != "c1" || made.Labels[bootstrap.ManagedByLabel] != bootstrap.ManagedBy {
		t.Errorf("labels %v, error %v", made.Labels, err)
	}
}

// Only what is missing is added: rules that somebody else put into the role stay.
func TestEnsureIdentityKeepsOtherRules(t *testing.T) {
	other := &rbacv1.ClusterRole{ObjectMeta: metav1.ObjectMeta{Name: role}, Rules: []rbacv1.PolicyRule{
		{APIGroups: []string{""}, Resources: []string{"configmaps"}, Verbs: []string{"get"}},
	}}
	hub := testutil.NewHub(t, other)
	if err := bootstrap.EnsureIdentity(t.Context(), hub.Kube, "c1"); err != nil {
		t.Fatal(err)
	}
	mended, err := hub.Kube.RbacV1().ClusterRoles().Get(t.Context(), role, metav1.GetOptions{})
	if err != nil || len(mended.Rules) != 3 || mended.Rules[0].Resources[0] != "configmaps" {
		t.Errorf("rules %v, error %v", mended.Rules, err)
	}
}

// A binding's role cannot be changed, and an agent that may not ask for a certificate never says so.
func TestEnsureIdentityOfAnotherRole(t *testing.T) {
	other := binding("c1-bootstrap-sa")
	other.RoleRef.Name = "view"
	hub := testutil.NewHub(t, namespace("c1"), serviceAccount(), articleRole(), other)
	if has, err := bootstrap.HasIdentity(t.Context(), hub.Kube, "c1"); has || err != nil {
		t.Errorf("complete: %t, error %v", has, err)
	}
	err := bootstrap.EnsureIdentity(t.Context(), hub.Kube, "c1")
	if want := "clusterrolebinding " + role + " binds ClusterRole view: delete it and run again"; err == nil || err.Error() != want {
		t.Errorf("error %v, want %q", err, want)
	}
}

func TestHasIdentityInATerminatingNamespace(t *testing.T) {
	going := namespace("c1")
	going.DeletionTimestamp, going.Finalizers = new(metav1.Now()), []string{"kubernetes"}
	hub := testutil.NewHub(t, going, serviceAccount(), articleRole(), binding("c1-bootstrap-sa"))
	_, err := bootstrap.HasIdentity(t.Context(), hub.Kube, "c1")
	if want := "namespace c1 is Terminating on this hub: wait until it is gone, then restore again"; err == nil || err.Error() != want {
		t.Errorf("error %v, want %q", err, want)
	}
}

func TestIdentityThatMayNotBeReadOrWritten(t *testing.T) {
	denied := apierrors.NewForbidden(schema.GroupResource{}, "", errors.New("rbac"))
	for _, resource := range []string{"namespaces", "serviceaccounts", "clusterroles", "clusterrolebindings"} {
		for _, verb := range []string{"get", "create", "update"} {
			narrow := articleRole()
			narrow.Rules = nil
			objects := []runtime.Object{namespace("c1"), serviceAccount(), narrow, binding("other")}
			if resource == "clusterrolebindings" {
				objects[2] = articleRole()
			}
			hub := testutil.NewHub(t, objects...)
			hub.Kube.PrependReactor(verb, resource, func(clienttesting.Action) (bool, runtime.Object, error) { return true, nil, denied })
			var err error
			switch {
			case verb == "update" && !strings.HasPrefix(resource, "clusterrole"):
				continue
			case verb == "get" && !strings.HasPrefix(resource, "clusterrole"):
				_, err = bootstrap.HasIdentity(t.Context(), hub.Kube, "c1")
			default:
				err = bootstrap.EnsureIdentity(t.Context(), hub.Kube, "c1")
			}
			if !apierrors.IsForbidden(err) {
				t.Errorf("%s %s: error %v", verb, resource, err)
			}
		}
	}
}

func TestMint(t *testing.T) {
	issued, expires := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	hub := testutil.NewHub(t, serviceAccount())
	requests := hub.Tokens(issued, expires, "s3cr3t")
	token, err := bootstrap.Mint(t.Context(), hub.Kube, "c1", 24*time.Hour)
	if err != nil || token.Value() != "s3cr3t" || !token.Issued.Equal(issued) || !token.Expires.Equal(expires) {
		t.Errorf("got %v issued %s expires %s, error %v", token, token.Issued, token.Expires, err)
	}
	if seconds := (*requests)[0].Spec.ExpirationSeconds; seconds == nil || *seconds != 24*60*60 {
		t.Errorf("asked for %v seconds", seconds)
	}
}

// Without its own creation time, as older hubs answer, the lower bound is the expiry less the granted lifetime.
func TestMintOnAHubThatDoesNotSayWhen(t *testing.T) {
	expires := time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC)
	hub := testutil.NewHub(t, serviceAccount())
	hub.Tokens(time.Time{}, expires, "s3cr3t")
	token, err := bootstrap.Mint(t.Context(), hub.Kube, "c1", 24*time.Hour)
	if want := expires.Add(-24 * time.Hour); err != nil || !token.Issued.Equal(want) {
		t.Errorf("issued %s, want %s, error %v", token.Issued, want, err)
	}
}

func TestMintRefused(t *testing.T) {
	hub := testutil.NewHub(t)
	hub.Kube.PrependReactor("create", "serviceaccounts", func(clienttesting.Action) (bool, runtime.Object, error) {
		return true, nil, apierrors.NewForbidden(schema.GroupResource{Resource: "serviceaccounts/token"}, "c1-bootstrap-sa", errors.New("rbac"))
	})
	_, err := bootstrap.Mint(t.Context(), hub.Kube, "c1", time.Hour)
	if !apierrors.IsForbidden(err) || !strings.HasPrefix(err.Error(), "requesting a token of serviceaccount c1/c1-bootstrap-sa: ") {
		t.Errorf("error %v", err)
	}
}

func TestTokenDoesNotPrintItself(t *testing.T) {
	hub := testutil.NewHub(t)
	hub.Tokens(time.Unix(0, 0), time.Unix(0, 0), "s3cr3t")
	token, err := bootstrap.Mint(t.Context(), hub.Kube, "c1", time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	encoded, err := json.Marshal(map[string]any{"token": token, "pointer": &token})
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{
		fmt.Sprint(token), fmt.Sprintf("%v %+v %#v %s %q", token, token, token, token, token), fmt.Sprintf("%v %+v %#v", &token, &token, &token),
		fmt.Sprintf("%+v %#v", struct{ T bootstrap.Token }{token}, struct{ T bootstrap.Token }{token}), string(encoded),
	} {
		if strings.Contains(text, "s3cr3t") {
			t.Errorf("printed as %s", text)
		}
	}
}
