package restore

import (
	"context"
	"errors"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/acmdr/kubectl-acmdr/pkg/ocm"
	"github.com/acmdr/kubectl-acmdr/pkg/velero"
)

// Result is a restore that has ended and what is known about it.
type Result struct {
	Restore  *velero.Restore
	Clusters []Cluster
	// Results are Velero's warnings and errors.
	Results velero.Results
}

// Items is the number of objects that Velero went through.
func (r *Result) Items() int {
	if r.Restore.Status.Progress == nil {
		return 0
	}
	return r.Restore.Status.Progress.ItemsRestored
}

// Duration is how long Velero took.
func (r *Result) Duration() time.Duration {
	status := r.Restore.Status
	if status.StartTimestamp == nil || status.CompletionTimestamp == nil {
		return 0
	}
	return status.CompletionTimestamp.Sub(status.StartTimestamp.Time)
}

// Run carries out a plan. The result is there whenever Velero's Restore has ended, also beside an error.
func (r *Restorer) Run(ctx context.Context, plan *Plan) (*Result, error) {
	if plan.Finished {
		return &Result{Restore: plan.Restore, Clusters: plan.Clusters}, nil
	}
	if err := plan.Err(); err != nil {
		return nil, err
	}
	r.writeClusters(ctx, plan)
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("interrupted while creating ManagedClusters: %w", context.Cause(ctx))
	}
	if err := r.start(ctx, plan); err != nil {
		return nil, err
	}
	ended, err := r.Hub.Velero.WaitRestore(ctx, r.Clock, plan.Restore.Name, r.Observe)
	if err != nil {
		return nil, err
	}
	plan.Restore = ended
	result := &Result{Restore: ended, Clusters: plan.Clusters}
	failed := r.verdict(ctx, plan.Backup, result)
	switch ended.Status.Phase {
	case velero.RestoreCompleted, velero.RestorePartiallyFailed:
		// What came back must be put right even where not everything did.
		failed = errors.Join(failed, r.putRight(ctx, plan))
	default:
		return result, failed
	}
	for _, cluster := range plan.Clusters {
		failed = errors.Join(failed, cluster.Err)
	}
	if err := r.credentials(ctx, plan.Clusters); err != nil {
		return result, errors.Join(failed, err)
	}
	if failed == nil {
		failed = r.finish(ctx, ended.Name)
	}
	return result, failed
}

// Object is the Velero Restore of a plan: the one that there is, or the one that would be made.
func (r *Restorer) Object(plan *Plan) *velero.Restore {
	if plan.Restore != nil {
		return plan.Restore
	}
	return r.build(plan)
}

// start makes the Velero Restore, unless there is one to go on with.
func (r *Restorer) start(ctx context.Context, plan *Plan) error {
	if plan.Restore != nil {
		return nil
	}
	for _, settings := range plan.Settings {
		_, err := r.Hub.Kube.CoreV1().ConfigMaps(settings.Namespace).Create(ctx, settings, metav1.CreateOptions{})
		if err != nil && !apierrors.IsAlreadyExists(err) {
			return fmt.Errorf("creating ConfigMap %s: %w", settings.Name, err)
		}
	}
	restore := r.Object(plan)
	created, err := r.Hub.Velero.Restores.Create(ctx, restore)
	if apierrors.IsAlreadyExists(err) {
		return fmt.Errorf("restore %s/%s exists already: choose another name", restore.Namespace, restore.Name)
	}
	if err != nil {
		return fmt.Errorf("creating restore %s: %w", restore.Name, err)
	}
	plan.Restore = created
	return nil
}

// build is the Velero Restore of a plan.
func (r *Restorer) build(plan *Plan) *velero.Restore {
	name := plan.name
	if name == "" {
		name = plan.Backup.Name + "-" + r.Clock.Now().UTC().Format("20060102150405")
	}
	yes, no := true, false
	restore := &velero.Restore{
		TypeMeta: metav1.TypeMeta{APIVersion: velero.APIVersion, Kind: velero.RestoreKind},
		ObjectMeta: metav1.ObjectMeta{
			Namespace: r.Hub.Velero.Namespace,
			Name:      name,
			Labels:    map[string]string{velero.ManagedByLabel: velero.ManagedBy, velero.HubLabel: string(r.Hub.UID)},
		},
		Spec: velero.RestoreSpec{
			BackupName:              plan.Backup.Name,
			ExcludedNamespaces:      plan.excluded,
			IncludeClusterResources: &yes,
			RestorePVs:              &no,
			// What is on the hub already is kept, unless the user says otherwise: a backup is older than it.
			ExistingResourcePolicy: velero.KeepExisting,
			LabelSelector: &metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{
				{Key: ocm.LocalClusterLabel, Operator: metav1.LabelSelectorOpNotIn, Values: []string{"true"}},
				{Key: ocm.ImportSecretLabel, Operator: metav1.LabelSelectorOpDoesNotExist},
			}},
		},
	}
	if plan.update {
		restore.Spec.ExistingResourcePolicy = velero.UpdateExisting
	}
	restore.Spec.IncludedNamespaces = plan.included
	restore.Spec.ResourcePolicy = reference(plan.filter)
	restore.Spec.ResourceModifier = reference(plan.scrub)
	annotations := map[string]string{}
	if choice := plan.choice(); choice != "" {
		annotations[velero.ChoiceAnnotation] = choice
	}
	for _, kind := range plan.LeftOut {
		restore.Spec.ExcludedResources = append(restore.Spec.ExcludedResources, kind.Resource)
	}
	if !plan.subset.all() {
		// Velero makes the namespaces of what it restores by itself; these would be all of the backup's.
		restore.Spec.ExcludedResources = append(restore.Spec.ExcludedResources, namespacesIn)
	}
	for _, cluster := range plan.Clusters {
		// ACM deletes the namespace of a cluster that has no ManagedCluster, with the credential in it.
		if cluster.Err != nil {
			restore.Spec.ExcludedNamespaces = append(restore.Spec.ExcludedNamespaces, cluster.Name)
			annotations[velero.PartialAnnotation] = "true"
		}
	}
	if len(annotations) > 0 {
		restore.Annotations = annotations
	}
	return restore
}

// reference is how a Restore names its settings; nil for none.
func reference(settings *corev1.ConfigMap) *corev1.TypedLocalObjectReference {
	if settings == nil {
		return nil
	}
	return &corev1.TypedLocalObjectReference{Kind: "configmap", Name: settings.Name}
}

// verdict reads the results of a restore that has ended and says whether it is good.
func (r *Restorer) verdict(ctx context.Context, backup *velero.Backup, result *Result) error {
	restore := result.Restore
	status := restore.Status
	if status.Phase == velero.RestoreFailed || status.Phase == velero.RestoreFailedValidation {
		return &velero.FailedError{
			What: "restore " + restore.Name, Phase: string(status.Phase), Message: velero.Failure(status.FailureReason, status.ValidationErrors),
		}
	}
	if status.Errors == 0 && status.Warnings == 0 && status.Phase == velero.RestoreCompleted {
		return nil
	}
	results, err := r.store().RestoreResults(ctx, backup.Spec.StorageLocation, restore)
	if err != nil {
		return fmt.Errorf("restore %s is %s with %d errors and %d warnings, which cannot be read: %w",
			restore.Name, status.Phase, status.Errors, status.Warnings, err)
	}
	result.Results = results
	if status.Phase != velero.RestoreCompleted {
		return fmt.Errorf("restore %s is %s: %s", restore.Name, status.Phase, results.Why())
	}
	return nil
}
