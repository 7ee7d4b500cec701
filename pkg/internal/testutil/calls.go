package testutil

import (
	"slices"
	"strings"
	"sync"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	clienttesting "k8s.io/client-go/testing"
)

// Call makes the call that was intercepted.
type Call func() (runtime.Object, error)

// Intercept has every call to a hub pass through f, which makes it by calling next, or answers in its place. While f runs, the
// client that made the call is locked: f changes the same hub through its Tracker only.
func (h *Hub) Intercept(f func(action clienttesting.Action, next Call) (runtime.Object, error)) {
	for _, fake := range []*clienttesting.Fake{&h.Kube.Fake, &h.Dynamic.Fake} {
		chain := slices.Clone(fake.ReactionChain)
		fake.ReactionChain = nil
		fake.AddReactor("*", "*", func(action clienttesting.Action) (bool, runtime.Object, error) {
			object, err := f(action, func() (runtime.Object, error) {
				for _, reactor := range chain {
					if !reactor.Handles(action) {
						continue
					}
					if handled, object, err := reactor.React(action.DeepCopy()); handled {
						return object, err
					}
				}
				return nil, nil
			})
			return true, object, err
		})
	}
}

// Reads tells whether a call changes nothing. The reviews that ask the API about the asker are created, and change nothing.
func Reads(action clienttesting.Action) bool {
	return slices.Contains([]string{"get", "list", "watch"}, action.GetVerb()) || strings.HasPrefix(action.GetResource().Resource, "selfsubject")
}

// Changes records the writes that succeed from now on, as "verb resource[/subresource] namespace/name", in order.
func (h *Hub) Changes() func() []string {
	var mu sync.Mutex
	var changes []string
	h.Intercept(func(action clienttesting.Action, next Call) (runtime.Object, error) {
		object, err := next()
		if err == nil && !Reads(action) {
			mu.Lock()
			defer mu.Unlock()
			changes = append(changes, Describe(action))
		}
		return object, err
	})
	return func() []string {
		mu.Lock()
		defer mu.Unlock()
		taken := changes
		changes = nil
		return taken
	}
}

// Describe is a call in one line.
func Describe(action clienttesting.Action) string {
	resource, name := action.GetResource().Resource, nameOf(action)
	if action.GetSubresource() != "" {
		resource += "/" + action.GetSubresource()
	}
	if action.GetNamespace() != "" {
		name = action.GetNamespace() + "/" + name
	}
	return action.GetVerb() + " " + resource + " " + name
}

// Tokens has the hub grant a token, and returns the requests that it got.
func (h *Hub) Tokens(issued, expires time.Time, token string) *[]*authenticationv1.TokenRequest {
	requests := &[]*authenticationv1.TokenRequest{}
	h.Kube.PrependReactor("create", "serviceaccounts", func(action clienttesting.Action) (bool, runtime.Object, error) {
		request, ok := action.(clienttesting.CreateAction).GetObject().(*authenticationv1.TokenRequest)
		if !ok {
			return false, nil, nil
		}
		*requests = append(*requests, request.DeepCopy())
		granted := request.DeepCopy()
		granted.CreationTimestamp = metav1.Time{Time: issued}
		granted.Status = authenticationv1.TokenRequestStatus{Token: token, ExpirationTimestamp: metav1.Time{Time: expires}}
		return true, granted, nil
	})
	return requests
}

// Authenticate has a cluster say who the client is, and allow what allow says of "verb resource/name".
func (h *Hub) Authenticate(user string, allow func(what string) bool) {
	h.Kube.PrependReactor("create", "selfsubjectreviews", func(clienttesting.Action) (bool, runtime.Object, error) {
		review := &authenticationv1.SelfSubjectReview{}
		review.Status.UserInfo.Username = user
		return true, review, nil
	})
	h.Kube.PrependReactor("create", "selfsubjectaccessreviews", func(action clienttesting.Action) (bool, runtime.Object, error) {
		review, _ := action.(clienttesting.CreateAction).GetObject().(*authorizationv1.SelfSubjectAccessReview)
		review = review.DeepCopy()
		wanted := review.Spec.ResourceAttributes
		review.Status.Allowed = allow(wanted.Verb + " " + wanted.Resource + " " + wanted.Namespace + "/" + wanted.Name)
		return true, review, nil
	})
}

// Everything allows everything.
func Everything(string) bool { return true }
