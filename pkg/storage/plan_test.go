package storage

import (
	"encoding/base64"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/acmdr/kubectl-acmdr/pkg/internal/testutil"
	"github.com/acmdr/kubectl-acmdr/pkg/velero"
	"github.com/acmdr/kubectl-acmdr/pkg/version"
)

func TestNewInstallation(t *testing.T) {
	for name, change := range map[string]func(*Settings){
		"default.yaml": func(*Settings) {},
		"mirror.yaml": func(s *Settings) {
			s.Namespace = "backup"
			s.Image, s.PluginImage = "registry.example.com:5000/velero", "registry.example.com:5000/velero-plugin-for-aws@sha256:0123"
			s.Bucket = Bucket{Name: "acm-dr"}
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := settings()
			s.Namespace = velero.DefaultNamespace
			change(&s)
			plan, err := NewInstallation(s)
			if err != nil {
				t.Fatal(err)
			}
			var text []byte
			crds := 0
			for _, object := range plan.Objects {
				if object.GetKind() == crdKind {
					crds++
					if !velero.Made(object.GetLabels()) {
						t.Errorf("%s does not carry our label", object.GetName())
					}
					continue
				}
				data, err := yaml.Marshal(object.Object)
				if err != nil {
					t.Fatal(err)
				}
				text = append(append(text, "---\n"...), data...)
			}
			if crds != 13 {
				t.Errorf("%d custom resource definitions, want Velero's 13", crds)
			}
			testutil.Golden(t, name, text)
		})
	}
}

// The image that is installed must be the Velero that the plugin is built and tested with.
func TestImageIsOurVelero(t *testing.T) {
	m, err := embedded()
	if err != nil {
		t.Fatal(err)
	}
	if got, want := m.server.Spec.Template.Spec.Containers[0].Image, "velero/velero:"+version.Velero; got != want {
		t.Errorf("the embedded manifests run %s, the plugin is for %s: run 'make generate'", got, want)
	}
}

func TestManifestsLeaveTheSecretOut(t *testing.T) {
	s := settings()
	s.Namespace = velero.DefaultNamespace
	plan, err := NewInstallation(s)
	if err != nil {
		t.Fatal(err)
	}
	list := plan.Manifests()
	if len(list.Items) != len(plan.Objects)-1 {
		t.Errorf("%d of %d objects are shown, want all but the secret", len(list.Items), len(plan.Objects))
	}
	text, err := list.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{"SECRETEXAMPLE", base64.StdEncoding.EncodeToString(s.Credentials)} {
		if strings.Contains(string(text), secret) {
			t.Errorf("the manifests show the credentials")
		}
	}
}

func TestFloating(t *testing.T) {
	for image, want := range map[string]bool{
		"velero/velero:v1.18.3": false, "velero/velero": true, "velero/velero:latest": true,
		"registry:5000/velero": true, "registry:5000/velero:v1": false, "velero@sha256:00": false,
	} {
		if floating(image) != want {
			t.Errorf("floating(%s) is not %v", image, want)
		}
	}
}
