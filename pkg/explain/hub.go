package explain

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/acmdr/kubectl-acmdr/pkg/accept"
	"github.com/acmdr/kubectl-acmdr/pkg/ocm"
)

// restored: the hub knows the cluster.
func restored(ctx context.Context, w *walk) (*Finding, string, error) {
	signals, err := w.Hub.Observe(ctx, w.name)
	if errors.Is(err, accept.ErrNotRestored) {
		return &Finding{
			Reason:   NotRestored,
			Sentence: fmt.Sprintf("This hub does not know %s.", w.name),
			Evidence: []string{fmt.Sprintf("managedcluster %s does not exist on %s", w.name, w.Server)},
			Command:  w.Shell.verb("restore"),
		}, "", nil
	}
	if err != nil {
		return nil, "", err
	}
	w.signals = signals
	if deleted := signals.Cluster.DeletionTimestamp; deleted != nil {
		return &Finding{
			Reason:   BeingDeleted,
			Sentence: fmt.Sprintf("ManagedCluster %s is being deleted on this hub: its works and add-ons go with it.", w.name),
			Evidence: []string{
				fmt.Sprintf("deleted %s ago, at %s", w.since(deleted.Time), stamp(deleted.Time)),
				"held by finalizers: " + strings.Join(signals.Cluster.Finalizers, ", "),
			},
			Command: w.Shell.kubectl("get managedcluster %s -o yaml", w.name),
		}, "", nil
	}
	return nil, "the hub knows the cluster", nil
}

// remaining finds the resources that a Terminating namespace still holds in the message of its condition
// (kubernetes pkg/controller/namespace/deletion/status_condition_utils.go).
var remaining = regexp.MustCompile(`([a-z0-9.-]+?)\.? has \d+ resource instances`)

// dangers are what goes on a managed cluster when an object of it goes on a hub.
var dangers = []struct {
	resource schema.GroupVersionResource
	what     string
}{
	{ocm.ClusterDeploymentResource, "Hive destroys the cluster itself with its ClusterDeployment, unless spec.preserveOnDelete is true"},
	{ocm.ManifestWorkResource, "an agent that is connected deletes the workloads of the ManifestWorks that go"},
}

// namespace: the cluster's namespace is there to stay. Without one, a hub makes it when it accepts the cluster.
func namespace(ctx context.Context, w *walk) (*Finding, string, error) {
	found, err := w.Hub.Kube.CoreV1().Namespaces().Get(ctx, w.name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return nil, "there is none yet", nil
	}
	if err != nil {
		return nil, "", fmt.Errorf("reading namespace %s: %w", w.name, err)
	}
	if found.DeletionTimestamp.IsZero() && found.Status.Phase != corev1.NamespaceTerminating {
		return nil, "Active", nil
	}
	finding := &Finding{
		Reason: NamespaceTerminating,
		Sentence: fmt.Sprintf("Namespace %s is Terminating on this hub: nothing can be put into it, and the cluster cannot be accepted; "+
			"when it is gone, restore it again.", w.name),
		Command: w.Shell.kubectl("get namespace %s -o yaml", w.name),
	}
	if !found.DeletionTimestamp.IsZero() {
		finding.Evidence = append(finding.Evidence, fmt.Sprintf("deleted %s ago, at %s",
			w.since(found.DeletionTimestamp.Time), stamp(found.DeletionTimestamp.Time)))
	}
	var resources []string
	for _, condition := range found.Status.Conditions {
		if condition.Status != corev1.ConditionTrue {
			continue
		}
		finding.Evidence = append(finding.Evidence, fmt.Sprintf("%s: %s", condition.Type, condition.Message))
		for _, match := range remaining.FindAllStringSubmatch(condition.Message, -1) {
			resources = append(resources, match[1])
		}
	}
	for _, danger := range dangers {
		if slices.Contains(resources, danger.resource.GroupResource().String()) {
			finding.Evidence = append(finding.Evidence, danger.what)
		}
	}
	if len(resources) > 0 {
		finding.Command = w.Shell.kubectl("get %s -n %s", strings.Join(resources, ","), w.name)
	}
	return finding, "", nil
}
