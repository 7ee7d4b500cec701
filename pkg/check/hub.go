package check

import (
	"context"
	"fmt"
	"strings"

	authorizationv1 "k8s.io/api/authorization/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"golang.org/x/sync/errgroup"

	"github.com/acmdr/kubectl-acmdr/pkg/bootstrap"
	"github.com/acmdr/kubectl-acmdr/pkg/preflight"
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
	case err != nil:
		row.Result, row.Reason = preflight.Fail, err.Error()
	case bootstrap.IsLoopback(endpoint.Server):
		row.Result, row.Reason = preflight.Warn, endpoint.Server+" answers, but only this machine reaches it"
	default:
		row = preflight.Passed(name, "%s answers and its CA verifies it", endpoint.Server)
	}
	return []Row{row}, nil
}

// right is something that the user must be allowed to do on the hub.
type right struct{ verb, group, resource string }

func (r right) String() string {
	if r.group == "" {
		return r.verb + " " + r.resource
	}
	return r.verb + " " + r.resource + "." + r.group
}

// The rights that a whole recovery takes, beside reading. The roles of a hub have more; what is here is what each verb ends at
// without.
var (
	toBackUp = []right{
		{"create", "velero.io", "backups"},
		{"create", "velero.io", "downloadrequests"},
		{"create", "", "configmaps"},
	}
	toTakeOver = []right{
		{"create", "velero.io", "restores"},
		{"create", "velero.io", "downloadrequests"},
		{"create", "cluster.open-cluster-management.io", "managedclusters"},
		{"patch", "cluster.open-cluster-management.io", "managedclusters"},
		{"create", "", "namespaces"},
		{"create", "", "serviceaccounts"},
		{"create", "", "serviceaccounts/token"},
		{"create", "rbac.authorization.k8s.io", "clusterroles"},
		{"create", "rbac.authorization.k8s.io", "clusterrolebindings"},
		{"update", "certificates.k8s.io", "certificatesigningrequests/approval"},
	}
)

// permissions checks that this user may do what the hub's part needs.
func (c *checker) permissions(ctx context.Context) ([]Row, error) {
	const name = "permissions"
	rights, part := toBackUp, "back this hub up"
	if c.standby() {
		rights, part = toTakeOver, "take a fleet over"
	}
	allowed := make([]bool, len(rights))
	group, ctx := errgroup.WithContext(ctx)
	for i, right := range rights {
		group.Go(func() (err error) {
			allowed[i], err = c.may(ctx, right)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	var missing []string
	for i, right := range rights {
		if !allowed[i] {
			missing = append(missing, right.String())
		}
	}
	if len(missing) > 0 {
		return []Row{{
			Name: name, Result: preflight.Fail, Reason: "this user may not " + preflight.Few(missing),
			Remedy: "ask for a role that allows it, or use another kubeconfig, to " + part,
		}}, nil
	}
	return []Row{preflight.Passed(name, "this user may %s", part)}, nil
}

func (c *checker) may(ctx context.Context, r right) (bool, error) {
	resource, subresource, _ := strings.Cut(r.resource, "/")
	attributes := &authorizationv1.ResourceAttributes{Verb: r.verb, Group: r.group, Resource: resource, Subresource: subresource}
	if c.hub.Velero != nil && (r.group == "velero.io" || resource == "configmaps") {
		attributes.Namespace = c.hub.Velero.Namespace
	}
	review := &authorizationv1.SelfSubjectAccessReview{Spec: authorizationv1.SelfSubjectAccessReviewSpec{ResourceAttributes: attributes}}
	answer, err := c.hub.Kube.AuthorizationV1().SelfSubjectAccessReviews().Create(ctx, review, metav1.CreateOptions{})
	if err != nil {
		return false, fmt.Errorf("asking whether this user may %s: %w", r, err)
	}
	return answer.Status.Allowed, nil
}
