package kubelet

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/fake"
)

// veleroDeployment is like the one that Velero's own installer makes.
func veleroDeployment() *appsv1.Deployment {
	return &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Namespace: "velero", Name: "velero", Generation: 3},
		Spec: appsv1.DeploymentSpec{Template: corev1.PodTemplateSpec{Spec: corev1.PodSpec{
			Containers: []corev1.Container{{
				Name:    "velero",
				Command: []string{"/velero"},
				Args:    []string{"server", "--client-qps=1000", "--default-backup-ttl", "24h", "--cert=/credentials/cloud"},
				Env: []corev1.EnvVar{
					{Name: "VELERO_SCRATCH_DIR", Value: "/scratch"},
					{Name: "LD_LIBRARY_PATH", Value: "/plugins"},
					{Name: "TMPDIR", Value: "/scratch"},
					{Name: "AWS_SHARED_CREDENTIALS_FILE", Value: "/credentials/cloud"},
					{Name: "NOT_MOUNTED", Value: "/credentials-of-mine"},
					{Name: "VELERO_NAMESPACE", ValueFrom: &corev1.EnvVarSource{
						FieldRef: &corev1.ObjectFieldSelector{FieldPath: "metadata.namespace"}}},
					{Name: "FROM_SECRET", ValueFrom: &corev1.EnvVarSource{SecretKeyRef: &corev1.SecretKeySelector{
						LocalObjectReference: corev1.LocalObjectReference{Name: "cloud-credentials"}, Key: "cloud"}}},
				},
				VolumeMounts: []corev1.VolumeMount{
					{Name: "plugins", MountPath: "/plugins"}, {Name: "scratch", MountPath: "/scratch"},
					{Name: "cloud-credentials", MountPath: "/credentials"}, {Name: "ca", MountPath: "/ca"},
				},
			}},
			Volumes: []corev1.Volume{
				{Name: "plugins", VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}},
				{Name: "scratch", VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}},
				{Name: "cloud-credentials", VolumeSource: corev1.VolumeSource{
					Secret: &corev1.SecretVolumeSource{SecretName: "cloud-credentials"}}},
				{Name: "ca", VolumeSource: corev1.VolumeSource{ConfigMap: &corev1.ConfigMapVolumeSource{
					LocalObjectReference: corev1.LocalObjectReference{Name: "ca"}}}},
			},
		}}},
	}
}

func veleroObjects() *fake.Clientset {
	return fake.NewClientset(
		&corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: "velero", Name: "cloud-credentials"},
			Data: map[string][]byte{"cloud": []byte("[default]")}},
		&corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: "velero", Name: "ca"}, Data: map[string]string{"ca.crt": "pem"}},
	)
}

func TestPod(t *testing.T) {
	dir, client := t.TempDir(), veleroObjects()
	p, err := newPod(veleroDeployment(), dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.mount(t.Context(), client); err != nil {
		t.Fatal(err)
	}
	for file, want := range map[string]string{"cloud-credentials/cloud": "[default]", "ca/ca.crt": "pem"} {
		data, err := os.ReadFile(filepath.Join(dir, file))
		if err != nil || string(data) != want {
			t.Errorf("%s: %q, %v", file, data, err)
		}
	}
	wantArgs := []string{"server", "--client-qps=1000", "--default-backup-ttl", "24h", "--cert=" + dir + "/cloud-credentials/cloud"}
	if got := p.args(); !slices.Equal(got, wantArgs) {
		t.Errorf("args %v, want %v", got, wantArgs)
	}
	env, err := p.env(t.Context(), client)
	if err != nil {
		t.Fatal(err)
	}
	wantEnv := map[string]string{
		"TMPDIR":                      dir + "/scratch",
		"AWS_SHARED_CREDENTIALS_FILE": dir + "/cloud-credentials/cloud",
		"NOT_MOUNTED":                 "/credentials-of-mine",
		"VELERO_NAMESPACE":            "velero",
		"FROM_SECRET":                 "[default]",
	}
	if !maps.Equal(env, wantEnv) {
		t.Errorf("env %v, want %v", env, wantEnv)
	}
}

func TestPodThatCannotStart(t *testing.T) {
	tests := map[string]struct {
		change func(*corev1.PodSpec)
		want   string
	}{
		"no container": {func(p *corev1.PodSpec) { p.Containers = nil }, "no container"},
		"secret is not there": {func(p *corev1.PodSpec) { p.Volumes[2].Secret.SecretName = "other" },
			`volume "cloud-credentials"`},
		"unknown volume": {func(p *corev1.PodSpec) { p.Volumes = nil }, "no such volume"},
		"host path": {func(p *corev1.PodSpec) {
			p.Volumes[0].VolumeSource = corev1.VolumeSource{HostPath: &corev1.HostPathVolumeSource{Path: "/"}}
		}, "only"},
		"unknown field": {func(p *corev1.PodSpec) {
			p.Containers[0].Env[5].ValueFrom.FieldRef.FieldPath = "status.podIP"
		}, "VELERO_NAMESPACE"},
		"unknown key": {func(p *corev1.PodSpec) {
			p.Containers[0].Env[6].ValueFrom.SecretKeyRef.Key = "x"
		}, "no key x"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			deployment := veleroDeployment()
			tt.change(&deployment.Spec.Template.Spec)
			client := veleroObjects()
			p, err := newPod(deployment, t.TempDir())
			if err == nil {
				err = p.mount(t.Context(), client)
			}
			if err == nil {
				_, err = p.env(t.Context(), client)
			}
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}

func TestVeleroArgs(t *testing.T) {
	with := loopback{kubeconfig: "/k", namespace: "velero", plugins: "/p", metrics: "127.0.0.1:1"}
	tests := map[string]struct {
		container []string
		has, not  []string
		wantErr   bool
	}{
		"frequencies are shortened": {[]string{"server"},
			[]string{"--store-validation-frequency=10s", "--backup-sync-period=10s", "--kubeconfig=/k", "--plugin-dir=/p"}, nil, false},
		"unless they are set": {[]string{"server", "--backup-sync-period", "5m", "--store-validation-frequency=1m"},
			[]string{"5m", "--store-validation-frequency=1m"},
			[]string{"--store-validation-frequency=10s", "--backup-sync-period=10s"}, false},
		"not a server": {[]string{"node-agent"}, nil, nil, true},
		"no arguments": {nil, nil, nil, true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := veleroArgs(tt.container, with)
			if (err != nil) != tt.wantErr {
				t.Fatalf("error %v", err)
			}
			for _, want := range tt.has {
				if !slices.Contains(got, want) {
					t.Errorf("%s is missing in %v", want, got)
				}
			}
			for _, bad := range tt.not {
				if slices.Contains(got, bad) {
					t.Errorf("%s is in %v", bad, got)
				}
			}
		})
	}
}
