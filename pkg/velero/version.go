package velero

import (
	"context"
	"errors"
	"fmt"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/rand"
	"k8s.io/apimachinery/pkg/util/version"
	"k8s.io/client-go/kubernetes"

	velerov1 "github.com/vmware-tanzu/velero/pkg/apis/velero/v1"

	"github.com/acmdr/kubectl-acmdr/pkg/wait"
)

// Version is that of a Velero server. The zero value is one that could not be had.
type Version struct {
	text   string
	number *version.Version
}

// ParseVersion reads what a server says of itself, such as v1.18.3 or v1.16.2-OADP; anything else is an unknown version.
func ParseVersion(text string) Version {
	number, err := version.ParseGeneric(text)
	if err != nil || len(number.Components()) < 3 {
		return Version{}
	}
	return Version{text: "v" + strings.TrimPrefix(text, "v"), number: number}
}

func (v Version) String() string { return v.text }

// Known tells whether the version could be had.
func (v Version) Known() bool { return v.number != nil }

// FilterPolicies tells whether a backup, or a restore, can say by name which objects and namespaces it is of: since 1.18.3. Of a
// server that does not tell its version the best is hoped; an older one refuses such a backup, and says so.
func (v Version) FilterPolicies() bool {
	return v.number == nil || v.number.AtLeast(version.MustParseGeneric("1.18.3"))
}

// Backs is why a server cannot make the plugin's backups; nil when it can.
func (v Version) Backs() error {
	switch {
	case v.number == nil:
		return nil
	case v.number.EqualTo(version.MustParseGeneric("1.18.1")):
		// github.com/velero-io/velero/issues/9869
		return errors.New("Velero v1.18.1 asks once for every namespace and kind when all namespaces are meant, " + //nolint:staticcheck // a name
			"which takes hours on a hub: update it to v1.18.3")
	case v.number.LessThan(version.MustParseGeneric("1.11.0")):
		return fmt.Errorf("Velero %s cannot choose kinds outside namespaces (v1.11 was the first): update it to v1.18.3", v) //nolint:staticcheck // a name
	}
	return nil
}

// Version asks the server for its version, as 'velero version' does; where it does not answer, or may not be asked, the image
// of its Deployment tells, if it has a tag that is a version. An unknown version is no error.
func (api *API) Version(ctx context.Context, kube kubernetes.Interface, clock wait.Clock) (Version, error) {
	told, err := api.askVersion(ctx, clock)
	if err != nil && ctx.Err() != nil {
		return Version{}, err
	}
	if told.Known() {
		return told, nil
	}
	server, err := kube.AppsV1().Deployments(api.Namespace).Get(ctx, deployment, metav1.GetOptions{})
	switch {
	case apierrors.IsForbidden(err), apierrors.IsNotFound(err):
		return Version{}, nil
	case err != nil:
		return Version{}, fmt.Errorf("reading Velero's Deployment: %w", err)
	}
	for i := range server.Spec.Template.Spec.Containers {
		image, _, _ := strings.Cut(server.Spec.Template.Spec.Containers[i].Image, "@")
		_, tag, _ := cutLast(image, ":")
		if told := ParseVersion(tag); told.Known() {
			return told, nil
		}
	}
	return Version{}, nil
}

func (api *API) askVersion(ctx context.Context, clock wait.Clock) (Version, error) {
	request := &velerov1.ServerStatusRequest{ObjectMeta: metav1.ObjectMeta{
		Namespace: api.Namespace, Name: "acmdr-version-" + rand.String(10), Labels: map[string]string{ManagedByLabel: ManagedBy},
	}}
	if _, err := api.StatusRequests.Create(ctx, request); err != nil {
		return Version{}, fmt.Errorf("asking Velero for its version: %w", err)
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), wait.Probe)
		defer cancel()
		_ = api.StatusRequests.Delete(ctx, request.Name)
	}()
	ctx, cancel := context.WithTimeout(ctx, wait.Probe)
	defer cancel()
	var told Version
	err := wait.Until(ctx, clock, request.Name, func(ctx context.Context, name string) (bool, string, error) {
		current, err := api.StatusRequests.Get(ctx, name)
		if err != nil {
			return false, "", fmt.Errorf("reading ServerStatusRequest %s: %w", name, err)
		}
		told = ParseVersion(current.Status.ServerVersion)
		return current.Status.Phase == velerov1.ServerStatusRequestPhaseProcessed, "Velero does not tell its version", nil
	})
	return told, err
}
