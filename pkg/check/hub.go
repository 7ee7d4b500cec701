package check

import (
	"context"
	"fmt"
	"slices"

	authorizationv1 "k8s.io/api/authorization/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"golang.org/x/sync/errgroup"

	"github.com/acmdr/kubectl-acmdr/pkg/bootstrap"
	"github.com/acmdr/kubectl-acmdr/pkg/preflight"
	"github.com/acmdr/kubectl-acmdr/pkg/rbac"
	"github.com/acmdr/kubectl-acmdr/pkg/velero"
)

// endpoint checks that the hub answers at the URL that agents would be given, with the CA that they would be given.
func (c *checker) endpoint(ctx context.Context) ([]Row, error) {
	const name = "hub URL for agents"
	if c.hub.Config == nil {
		return nil, nil
	}
	hub := bootstrap.Hub{Kube: c.hub.Kube, Dynamic: c.hub.Dynamic, Config: c.hub.Config}
	endpoint, err := bootstrap.FindEndpoint(ctx, hub, bootstrap.EndpointOptions{})
	row := Row{Name: name, Remedy: "on the day give another to reregister, with --hub-server and --hub-ca-file"}
	switch {
	case apierrors.IsForbidden(err):
		return nil, err
	case err != nil:
		row.Result, row.Reason = preflight.Fail, err.Error()
	case bootstrap.IsLoopback(endpoint.Server):
		row.Result, row.Reason = preflight.Warn, endpoint.Server+" answers, but only this machine reaches it"
	default:
		row = preflight.Passed(name, "%s answers and its CA verifies it", endpoint.Server)
	}
	return []Row{row}, nil
}

// recovery are the verbs that the role of a hub is for on the day, and what they do.
var recovery = map[rbac.Role]struct {
	verbs []string
	part  string
}{
	rbac.HubActive:  {[]string{"backup"}, "back this hub up"},
	rbac.HubStandby: {[]string{"restore", "reregister", "accept"}, "take a fleet over"},
}

// permissions checks that this user has every right that the verbs of the hub's part fail without.
func (c *checker) permissions(ctx context.Context) ([]Row, error) {
	const name = "permissions"
	role := rbac.HubActive
	if c.standby() {
		role = rbac.HubStandby
	}
	options := rbac.Options{VeleroNamespace: velero.DefaultNamespace, Minimal: true}
	if c.hub.Velero != nil {
		options.VeleroNamespace = c.hub.Velero.Namespace
	}
	rules := slices.DeleteFunc(role.Rules(options), func(rule rbac.Rule) bool {
		needed := func(verb string) bool { return slices.Contains(rule.Needs, verb) }
		return rule.Only != "" || !slices.ContainsFunc(recovery[role].verbs, needed)
	})
	allowed := make([]bool, len(rules))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(reviews)
	for i, rule := range rules {
		group.Go(func() (err error) {
			allowed[i], err = c.may(ctx, rule)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	var missing []string
	for i, rule := range rules {
		if !allowed[i] {
			missing = append(missing, rule.String())
		}
	}
	if len(missing) > 0 {
		return []Row{{
			Name: name, Result: preflight.Fail, Reason: "this user may not " + preflight.Few(missing),
			Remedy: fmt.Sprintf("'kubectl acmdr rbac %s' prints the role that may %s", role, recovery[role].part),
		}}, nil
	}
	return []Row{preflight.Passed(name, "this user has the %d rights that it takes to %s", len(rules), recovery[role].part)}, nil
}

// reviews is how many rights are asked for at the same time.
const reviews = 10

func (c *checker) may(ctx context.Context, rule rbac.Rule) (bool, error) {
	review := &authorizationv1.SelfSubjectAccessReview{Spec: authorizationv1.SelfSubjectAccessReviewSpec{ResourceAttributes: rule.Attributes()}}
	answer, err := c.hub.Kube.AuthorizationV1().SelfSubjectAccessReviews().Create(ctx, review, metav1.CreateOptions{})
	if err != nil {
		return false, fmt.Errorf("asking whether this user may %s: %w", rule, err)
	}
	return answer.Status.Allowed, nil
}
