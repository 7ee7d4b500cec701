package velero_test

import (
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/acmdr/kubectl-acmdr/pkg/internal/testutil"
	"github.com/acmdr/kubectl-acmdr/pkg/velero"
)

// The server's own word counts; of one that has none, the tag of its image.
func TestVersion(t *testing.T) {
	for name, test := range map[string]struct {
		told, image, want string
	}{
		"told":            {"v1.18.3", "velero/velero:v1.9.0", "v1.18.3"},
		"not told":        {"", "mirror.example.com:5000/velero/velero:v1.16.2", "v1.16.2"},
		"tag and digest":  {"main", "velero/velero:v1.18.2@sha256:0123", "v1.18.2"},
		"digest":          {"", "registry.redhat.io/oadp/oadp-velero-rhel9@sha256:0123", ""},
		"of a port":       {"", "mirror.example.com:5000/velero", ""},
		"of a moving tag": {"", "velero/velero:latest", ""},
	} {
		t.Run(name, func(t *testing.T) {
			server := &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Namespace: "velero", Name: "velero"}}
			server.Spec.Template.Spec.Containers = []corev1.Container{{Name: "velero", Image: test.image}}
			hub := testutil.NewHub(t, server)
			hub.Version = test.told
			got, err := velero.In(hub.Dynamic, "velero").Version(t.Context(), hub.Kube, testutil.Instant{})
			if err != nil || got.String() != test.want || got.Known() != (test.want != "") {
				t.Errorf("got %q, %v, want %q", got, err, test.want)
			}
			if left, err := velero.In(hub.Dynamic, "velero").StatusRequests.List(t.Context(), ""); err != nil || len(left) > 0 {
				t.Errorf("left behind: %v, %v", left, err)
			}
		})
	}
}
