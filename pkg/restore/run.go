package restore

import (
	"context"
	"errors"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/acmdr/kubectl-acmdr/pkg/ocm"
	"github.com/acmdr/kubectl-acmdr/pkg/velero"
)

// Result is a restore that has ended and what is known about it.
type Result struct {
	Parts    []Part
	Clusters []Cluster
	// Results are Velero's warnings and errors.
	Results velero.Results
}

// Run carries out a plan. The result is there whenever Velero's Restores have ended, also beside an error.
func (r *Restorer) Run(ctx context.Context, plan *Plan) (*Result, error) {
	result := &Result{Parts: plan.Parts, Clusters: plan.Clusters}
	if plan.Finished {
		return result, nil
	}
	if err := plan.Err(); err != nil {
		return nil, err
	}
	r.writeClusters(ctx, plan)
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("interrupted while creating ManagedClusters: %w", context.Cause(ctx))
	}
	if err := r.start(ctx, plan); err != nil {
		if written := plan.Written(); written > 0 {
			return nil, fmt.Errorf("%w; of %d ManagedClusters nothing else is on this hub yet", err, written)
		}
		return nil, err
	}
	failed, brought := error(nil), false
	for i := range plan.Parts {
		part := &plan.Parts[i]
		ended, err := r.Hub.Velero.WaitRestore(ctx, r.Clock, part.Restore.Name, r.Observe)
		if err != nil {
			return nil, err
		}
		part.Restore = ended
		// One that Failed, because Velero was restarted, has brought what it came to.
		brought = brought || ended.Status.Phase != velero.RestoreFailedValidation
		failed = errors.Join(failed, r.verdict(ctx, part, result))
	}
	if !brought {
		return result, failed
	}
	// What came back must be put right even where not everything did.
	failed = errors.Join(failed, r.putRight(ctx, plan))
	for _, cluster := range plan.Clusters {
		failed = errors.Join(failed, cluster.Err)
	}
	if err := r.credentials(ctx, plan.Clusters); err != nil {
		return result, errors.Join(failed, err)
	}
	for i := range plan.Parts {
		if failed == nil {
			failed = r.finish(ctx, plan.Parts[i].Restore.Name)
		}
	}
	return result, failed
}

// Restores are Velero's of a plan: those that there are, and those that would be made.
func (r *Restorer) Restores(plan *Plan) []*velero.Restore {
	restores := make([]*velero.Restore, len(plan.Parts))
	for i := range plan.Parts {
		if restores[i] = plan.Parts[i].Restore; restores[i] == nil {
			restores[i] = r.build(plan, &plan.Parts[i])
		}
	}
	return restores
}

// start makes the Velero Restores that are not there yet. Velero goes through them one after another, also when nobody waits
// any more.
func (r *Restorer) start(ctx context.Context, plan *Plan) error {
	if len(plan.Begun()) == len(plan.Parts) {
		return nil
	}
	for _, settings := range plan.Settings {
		_, err := r.Hub.Kube.CoreV1().ConfigMaps(settings.Namespace).Create(ctx, settings, metav1.CreateOptions{})
		if err != nil && !apierrors.IsAlreadyExists(err) {
			return fmt.Errorf("creating ConfigMap %s: %w", settings.Name, err)
		}
	}
	for i, restore := range r.Restores(plan) {
		if plan.Parts[i].Restore != nil {
			continue
		}
		created, err := r.Hub.Velero.Restores.Create(ctx, restore)
		if apierrors.IsAlreadyExists(err) {
			return fmt.Errorf("restore %s/%s exists already: choose another name", restore.Namespace, restore.Name)
		}
		if err != nil {
			return fmt.Errorf("creating restore %s: %w", restore.Name, err)
		}
		plan.Parts[i].Restore = created
	}
	return nil
}

// build is the Velero Restore of a part.
func (r *Restorer) build(plan *Plan, part *Part) *velero.Restore {
	name := part.name
	if name == "" {
		name = part.Backup.Name + "-" + r.Clock.Now().UTC().Format("20060102150405")
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
			BackupName:              part.Backup.Name,
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
	if plan.hosts && plan.manifest != nil && plan.manifest.objects[hostsIn] != nil {
		restore.Spec.RestoreStatus = &velero.RestoreStatusSpec{IncludedResources: []string{hostsIn}}
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
	restore.Spec.ExcludedResources = plan.excludedKinds()
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
func (r *Restorer) verdict(ctx context.Context, part *Part, result *Result) error {
	restore := part.Restore
	status := restore.Status
	if status.Phase == velero.RestoreFailed || status.Phase == velero.RestoreFailedValidation {
		return &velero.FailedError{
			What: "restore " + restore.Name, Phase: string(status.Phase), Message: velero.Failure(status.FailureReason, status.ValidationErrors),
		}
	}
	if status.Errors == 0 && status.Warnings == 0 && status.Phase == velero.RestoreCompleted {
		return nil
	}
	results, err := r.store().RestoreResults(ctx, part.Backup.Spec.StorageLocation, restore)
	if err != nil {
		return fmt.Errorf("restore %s is %s with %d errors and %d warnings, which cannot be read: %w",
			restore.Name, status.Phase, status.Errors, status.Warnings, err)
	}
	result.Results.Add(results)
	if status.Phase != velero.RestoreCompleted {
		return fmt.Errorf("restore %s is %s: %s", restore.Name, status.Phase, results.Why())
	}
	return nil
}
