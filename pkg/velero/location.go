package velero

import (
	"context"
	"crypto/x509"
	"fmt"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/duration"
	"k8s.io/client-go/kubernetes"
)

// defaultLocation is the location that Velero's server takes when none is marked as the default.
const defaultLocation = "default"

// Location reads the named BackupStorageLocation, or the one that Velero takes when the name is empty, and makes sure that
// Velero can use it.
func (api *API) Location(ctx context.Context, name string) (*Location, error) {
	location, err := api.StoredLocation(ctx, name)
	if err != nil {
		return nil, err
	}
	if location.Status.Phase != LocationAvailable {
		return nil, Unavailable(location)
	}
	return location, nil
}

// UnavailableError tells that Velero cannot use a location.
type UnavailableError struct {
	Namespace, Name string
	// Message is the reason in Velero's words; empty when it has not looked yet.
	Message string
	// Looked is when Velero validated it last, zero for never; Every is how often it does, 0 for not any more.
	Looked time.Time
	Every  time.Duration
}

// usualFrequency is how often Velero validates a location that does not say it (pkg/cmd/server/config).
const usualFrequency = time.Minute

// Unavailable is the error of a location that is not Available.
func Unavailable(location *Location) *UnavailableError {
	e := &UnavailableError{Namespace: location.Namespace, Name: location.Name, Message: location.Status.Message, Every: usualFrequency}
	if frequency := location.Spec.ValidationFrequency; frequency != nil {
		e.Every = frequency.Duration
	}
	if looked := location.Status.LastValidationTime; looked != nil {
		e.Looked = looked.Time
	}
	return e
}

func (e *UnavailableError) Error() string {
	why := e.Message
	if why == "" {
		why = "Velero has not validated it yet; is its server running?"
	}
	return fmt.Sprintf("backup storage location %s/%s is not Available: %s%s", e.Namespace, e.Name, why, e.asOf())
}

// asOf says how old the news is, and when there will be others: what was mended since then, Velero does not know yet.
func (e *UnavailableError) asOf() string {
	if e.Looked.IsZero() || e.Every <= 0 {
		return ""
	}
	return fmt.Sprintf(" (as of %s ago; Velero looks every %s)",
		duration.HumanDuration(max(time.Since(e.Looked), 0)), duration.HumanDuration(e.Every))
}

// StoredLocation reads the same as Location, whether Velero can use it or not.
func (api *API) StoredLocation(ctx context.Context, name string) (*Location, error) {
	if name != "" {
		location, err := api.Locations.Get(ctx, name)
		if apierrors.IsNotFound(err) {
			return nil, fmt.Errorf("backup storage location %s/%s does not exist", api.Namespace, name)
		}
		if err != nil {
			return nil, fmt.Errorf("reading backup storage location %s: %w", name, err)
		}
		return location, nil
	}
	locations, err := api.Locations.List(ctx, "")
	if apierrors.IsNotFound(err) || err == nil && len(locations) == 0 {
		return nil, ErrNotInstalled
	}
	if err != nil {
		return nil, fmt.Errorf("listing backup storage locations: %w", err)
	}
	for i := range locations {
		if locations[i].Spec.Default {
			return &locations[i], nil
		}
	}
	for i := range locations {
		if locations[i].Name == defaultLocation {
			return &locations[i], nil
		}
	}
	names := make([]string, len(locations))
	for i := range locations {
		names[i] = locations[i].Name
	}
	// Only the verbs that write have --storage-location; a default helps all of them.
	return nil, fmt.Errorf("no backup storage location in namespace %s is the default: choose one of %s with: "+
		`kubectl patch backupstoragelocation NAME -n %s --type merge -p '{"spec":{"default":true}}'`,
		api.Namespace, strings.Join(names, ", "), api.Namespace)
}

// roots are the CAs that verify the storage of a location: the system's and the location's own bundle.
func roots(ctx context.Context, kube kubernetes.Interface, location *Location) (*x509.CertPool, error) {
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	if location.Spec.ObjectStorage == nil {
		return pool, nil
	}
	bundle := location.Spec.ObjectStorage.CACert
	if ref := location.Spec.ObjectStorage.CACertRef; ref != nil {
		secret, err := kube.CoreV1().Secrets(location.Namespace).Get(ctx, ref.Name, metav1.GetOptions{})
		if err != nil {
			return nil, fmt.Errorf("reading the CA bundle of location %s: %w", location.Name, err)
		}
		bundle = secret.Data[ref.Key]
	}
	if len(bundle) > 0 && !pool.AppendCertsFromPEM(bundle) {
		return nil, fmt.Errorf("the CA bundle of location %s holds no certificate", location.Name)
	}
	return pool, nil
}

// deployment is the name of Velero's server; Velero itself relies on it.
const deployment = "velero"

// Running makes sure that a Velero server is there to do what is asked of it: without one nothing ever happens, and
// without its Deployment every restore ends PartiallyFailed, since one of Velero's restore actions reads it.
func (api *API) Running(ctx context.Context, kube kubernetes.Interface) error {
	server, err := kube.AppsV1().Deployments(api.Namespace).Get(ctx, deployment, metav1.GetOptions{})
	switch {
	case apierrors.IsNotFound(err):
		return fmt.Errorf("namespace %s has no Deployment %s: run 'kubectl acmdr install'", api.Namespace, deployment)
	case apierrors.IsForbidden(err):
		// Somebody who may only make Backups can do without this check.
		return nil
	case err != nil:
		return fmt.Errorf("reading Velero's Deployment: %w", err)
	case server.Status.AvailableReplicas == 0:
		//nolint:staticcheck // Velero is a name
		return fmt.Errorf("Velero is not running: Deployment %s/%s has no available replica", api.Namespace, deployment)
	}
	return nil
}
