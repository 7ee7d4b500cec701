package velero

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/version"
	"k8s.io/client-go/kubernetes"
)

// Server is what the Deployment of Velero's server says of it.
type Server struct {
	// Version is nil where the image does not tell, as those of OADP.
	Version *version.Version
	// QPS and Burst bound its requests to the hub; Velero's own default where the arguments say nothing.
	QPS, Burst float64
	// Memory is the limit in bytes; 0 for none.
	Memory int64
}

// defaultQPS is Velero's client QPS and burst where its arguments say nothing (pkg/cmd/server/config).
const defaultQPS = 100

// Server reads the Deployment of Velero's server; nil where the user may not.
func (api *API) Server(ctx context.Context, kube kubernetes.Interface) (*Server, error) {
	found, err := kube.AppsV1().Deployments(api.Namespace).Get(ctx, deployment, metav1.GetOptions{})
	switch {
	case apierrors.IsForbidden(err):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("reading Velero's Deployment: %w", err)
	}
	return serverOf(found), nil
}

func serverOf(found *appsv1.Deployment) *Server {
	server := &Server{QPS: defaultQPS, Burst: defaultQPS}
	containers := found.Spec.Template.Spec.Containers
	if len(containers) == 0 {
		return server
	}
	container := &containers[0]
	image, _, _ := strings.Cut(container.Image, "@")
	if _, tag, tagged := cutLast(image, ":"); tagged {
		server.Version, _ = version.ParseSemantic(tag)
	}
	server.QPS = argument(container.Args, "--client-qps", server.QPS)
	server.Burst = argument(container.Args, "--client-burst", server.Burst)
	server.Memory = container.Resources.Limits.Memory().Value()
	return server
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

// filtering is the first Velero with filter policies in a Restore.
var filtering = version.MustParseSemantic("1.18.3")

// FiltersRestores tells whether the server surely knows spec.resourcePolicy of a Restore. An older one would not see it, and
// restore everything.
func (s *Server) FiltersRestores() bool {
	return s != nil && s.Version != nil && s.Version.AtLeast(filtering)
}
