package status

import (
	"context"
	"fmt"
	"slices"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/pager"
	clusterv1 "open-cluster-management.io/api/cluster/v1"

	"github.com/acmdr/kubectl-acmdr/pkg/accept"
	"github.com/acmdr/kubectl-acmdr/pkg/ocm"
)

// Other is another hub, which may claim clusters of the first.
type Other struct {
	Server  string
	Kube    kubernetes.Interface
	Dynamic dynamic.Interface
	// Err is why it cannot be asked; nil when it can.
	Err error
}

// maxClaimed clusters are named; more are counted.
const maxClaimed = 50

// claimed names the clusters that both hubs accept, and says where the agent of each is: a move leaves the old hub's claim
// behind until that hub is fenced, and two claims that are both alive are a conflict.
func claimed(ctx context.Context, hub Hub) ([]Item, error) {
	switch {
	case hub.Other == nil:
		return nil, nil
	case hub.Other.Err != nil:
		unreachable := Item{Component: "other hub", Name: hub.Other.Server, Status: "Unreachable", Detail: hub.Other.Err.Error()}
		return []Item{unreachable}, nil //nolint:nilerr // a hub that cannot say claims nothing
	}
	here, err := claims(ctx, hub.Kube, hub.Dynamic)
	if err != nil {
		return nil, err
	}
	there, err := claims(ctx, hub.Other.Kube, hub.Other.Dynamic)
	if err != nil {
		return nil, fmt.Errorf("other hub: %w", err)
	}
	var items []Item
	for name, signals := range here {
		if there[name] != nil {
			items = append(items, claim(signals, there[name], hub.Other.Server, time.Now()))
		}
	}
	slices.SortFunc(items, byUrgency)
	if more := len(items) - maxClaimed; more > 0 {
		items = append(items[:maxClaimed], Item{Component: "claimed", Name: fmt.Sprintf("%d more", more)})
	}
	return append([]Item{{Component: "other hub", Name: hub.Other.Server, Status: "Reachable"}}, items...), nil
}

// Where the agent of a cluster is that two hubs claim, the most urgent first.
const (
	atBoth  = "AtBoth"
	atNone  = "AtNone"
	atOther = "AtOther"
	atThis  = "AtThis"
)

// claim compares what two hubs know of one cluster.
func claim(here, there *accept.Signals, other string, now time.Time) Item {
	atHere, atThere := isAt(here, there, now), isAt(there, here, now)
	item := Item{Component: "claimed", Name: here.Cluster.Name, Since: here.Renewed}
	switch {
	case atHere && atThere:
		item.Status, item.Detail = atBoth, "its lease is renewed on both hubs: two clusters have this name, or its agent goes to and fro"
	case atHere:
		item.Status, item.Detail = atThis, "accepted on both hubs; its agent is here. Fence "+other
	case atThere:
		item.Since = there.Renewed
		item.Status, item.Detail = atOther, "accepted on both hubs; its agent is at "+other
	default:
		item.Status, item.Detail = atNone, "accepted on both hubs; its agent is at neither"
	}
	return item
}

// isAt tells whether an agent is at a hub by what that hub and another know. A lease is good for five periods, so the hub that
// it left goes on showing it for a while; but a lease that was not renewed since the switch to the other hub, or for two
// periods less than the other hub's, is one that is running out.
func isAt(hub, other *accept.Signals, now time.Time) bool {
	return hub.Silent(now) == "" && hub.Renewed.After(other.Since) && other.Renewed.Sub(hub.Renewed) <= 2*hub.Period()
}

func byUrgency(a, b Item) int {
	order := []string{atBoth, atNone, atOther, atThis}
	if by := slices.Index(order, a.Status) - slices.Index(order, b.Status); by != 0 {
		return by
	}
	if a.Name < b.Name {
		return -1
	}
	return 1
}

// claims are the signals of all clusters that a hub accepts, by name.
func claims(ctx context.Context, kube kubernetes.Interface, hub dynamic.Interface) (map[string]*accept.Signals, error) {
	found := map[string]*accept.Signals{}
	err := ocm.ManagedClusters(hub).Each(ctx, "", func(cluster *clusterv1.ManagedCluster) error {
		if cluster.Spec.HubAcceptsClient && !ocm.IsLocal(cluster) {
			found[cluster.Name] = &accept.Signals{Cluster: cluster, Since: ocm.SwitchedAt(cluster)}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("listing ManagedClusters: %w", err)
	}
	list := func(ctx context.Context, options metav1.ListOptions) (runtime.Object, error) {
		options.FieldSelector = metav1.ObjectNameField + "=" + ocm.ManagedClusterLease
		return kube.CoordinationV1().Leases(metav1.NamespaceAll).List(ctx, options)
	}
	err = pager.New(list).EachListItem(ctx, metav1.ListOptions{}, func(object runtime.Object) error {
		lease, ok := object.(*coordinationv1.Lease)
		if ok && lease.Name == ocm.ManagedClusterLease && lease.Spec.RenewTime != nil && found[lease.Namespace] != nil {
			found[lease.Namespace].Renewed = lease.Spec.RenewTime.Time
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("listing leases: %w", err)
	}
	return found, nil
}
