package velero

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/rand"
	"k8s.io/client-go/kubernetes"

	velerov1 "github.com/vmware-tanzu/velero/pkg/apis/velero/v1"

	"github.com/acmdr/kubectl-acmdr/pkg/wait"
)

// Server is what can be known of Velero's server.
type Server struct {
	Version Version
	// Limits are nil where the user may not read the server's Deployment.
	Limits *Limits
}

// Limits are what the Deployment gives the server.
type Limits struct {
	// QPS and Burst bound its requests to the hub; Velero's own default where the arguments say nothing.
	QPS, Burst float64
	// Memory is the limit in bytes; 0 for none.
	Memory int64
	// OpenShift tells that the plugin of that name is there, which Velero asks about every single object.
	OpenShift bool
}

// openShiftPlugin is in the name of its init container, OADP's (openshift/oadp-operator pkg/common/common.go) and Velero's own.
const openShiftPlugin = "openshift-velero-plugin"

// defaultQPS is Velero's client QPS and burst where its arguments say nothing (pkg/cmd/server/config).
const defaultQPS = 100

// Server reads the Deployment of Velero's server. The tag of its image is the version, as it is of every release of Velero and in a
// mirror of them. Only where that does not tell, as of OADP's images, which are named by digest, or where the user may not read
// the Deployment, the server itself is asked, as 'velero version' does: a question is a write, and check and a dry run shall
// make no more of them than they must. A version that cannot be had by either is no error.
func (api *API) Server(ctx context.Context, kube kubernetes.Interface, clock wait.Clock) (*Server, error) {
	server := &Server{}
	found, err := kube.AppsV1().Deployments(api.Namespace).Get(ctx, deployment, metav1.GetOptions{})
	switch {
	case apierrors.IsForbidden(err): // The server may still be asked.
	case err != nil:
		return nil, fmt.Errorf("reading Velero's Deployment: %w", err)
	default:
		server = serverOf(found)
	}
	if server.Version.Known() {
		return server, nil
	}
	server.Version, err = api.askVersion(ctx, clock)
	if err != nil && ctx.Err() != nil {
		return nil, err
	}
	return server, nil
}

func serverOf(found *appsv1.Deployment) *Server {
	container := containerOf(found)
	image, _, _ := strings.Cut(container.Image, "@")
	_, tag, _ := cutLast(image, ":") // A port's path is no version.
	return &Server{
		Version: ParseVersion(tag),
		Limits: &Limits{
			QPS:    argument(container.Args, "--client-qps", defaultQPS),
			Burst:  argument(container.Args, "--client-burst", defaultQPS),
			Memory: container.Resources.Limits.Memory().Value(),
			OpenShift: slices.ContainsFunc(found.Spec.Template.Spec.InitContainers, func(plugin corev1.Container) bool {
				return strings.Contains(plugin.Name, openShiftPlugin)
			}),
		},
	}
}

// containerOf is the server's own container, which has the name of the Deployment; the first one where none has it.
func containerOf(found *appsv1.Deployment) *corev1.Container {
	containers := found.Spec.Template.Spec.Containers
	for i := range containers {
		if containers[i].Name == deployment {
			return &containers[i]
		}
	}
	if len(containers) == 0 {
		return &corev1.Container{}
	}
	return &containers[0]
}

// askVersion asks the server by a ServerStatusRequest, which is deleted again.
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

// argument is the number that a flag has among arguments, written as --flag=1 or as --flag 1.
func argument(args []string, flag string, otherwise float64) float64 {
	for i, arg := range args {
		value, ok := strings.CutPrefix(arg, flag+"=")
		if arg == flag && i+1 < len(args) {
			value, ok = args[i+1], true
		}
		if !ok {
			continue
		}
		if number, err := strconv.ParseFloat(value, 64); err == nil {
			return number
		}
	}
	return otherwise
}
