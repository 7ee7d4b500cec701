package kubelet

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/acmdr/kubectl-acmdr/test/lab/internal/process"
)

// pod turns the pod template of a Deployment into what a process needs.
type pod struct {
	namespace string
	template  corev1.PodSpec
	// volumes is the folder that holds the pod's volumes.
	volumes string
}

func newPod(deployment *appsv1.Deployment, volumes string) (*pod, error) {
	if len(deployment.Spec.Template.Spec.Containers) == 0 {
		return nil, errors.New("the pod template has no container")
	}
	return &pod{namespace: deployment.Namespace, template: deployment.Spec.Template.Spec, volumes: volumes}, nil
}

func (p *pod) container() corev1.Container { return p.template.Containers[0] }

// mount fills the volumes that the container mounts and makes the folders of the others.
func (p *pod) mount(ctx context.Context, client kubernetes.Interface) error {
	for _, mount := range p.container().VolumeMounts {
		dir := p.dir(mount.Name)
		if err := process.MakeDirs(dir); err != nil {
			return err
		}
		data, err := p.volumeData(ctx, client, mount.Name)
		if err != nil {
			return fmt.Errorf("MountVolume.SetUp failed for volume %q: %w", mount.Name, err)
		}
		if err := writeFiles(dir, data); err != nil {
			return err
		}
	}
	return nil
}

// volumeData is what a secret or ConfigMap volume holds; nothing for an emptyDir.
func (p *pod) volumeData(ctx context.Context, client kubernetes.Interface, name string) (map[string][]byte, error) {
	i := slices.IndexFunc(p.template.Volumes, func(v corev1.Volume) bool { return v.Name == name })
	if i < 0 {
		return nil, errors.New("the pod has no such volume")
	}
	switch volume := p.template.Volumes[i]; {
	case volume.EmptyDir != nil:
		return nil, nil
	case volume.Secret != nil:
		secret, err := client.CoreV1().Secrets(p.namespace).Get(ctx, volume.Secret.SecretName, metav1.GetOptions{})
		if err != nil {
			return nil, err
		}
		return secret.Data, nil
	case volume.ConfigMap != nil:
		config, err := client.CoreV1().ConfigMaps(p.namespace).Get(ctx, volume.ConfigMap.Name, metav1.GetOptions{})
		if err != nil {
			return nil, err
		}
		data := map[string][]byte{}
		for key, text := range config.Data {
			data[key] = []byte(text)
		}
		return data, nil
	}
	return nil, errors.New("the lab knows emptyDir, secret and configMap volumes only")
}

func (p *pod) dir(volume string) string { return filepath.Join(p.volumes, volume) }

// path turns a path in the container into the one of the volume that is mounted there.
func (p *pod) path(text string) (string, bool) {
	for _, mount := range p.container().VolumeMounts {
		rest, found := strings.CutPrefix(text, strings.TrimSuffix(mount.MountPath, "/"))
		if found && (rest == "" || rest[0] == '/') {
			return p.dir(mount.Name) + rest, true
		}
	}
	return text, false
}

// args gives the container's arguments with the paths in them.
func (p *pod) args() []string {
	var args []string
	for _, arg := range p.container().Args {
		if flag, value, found := strings.Cut(arg, "="); found {
			value, _ = p.path(value)
			arg = flag + "=" + value
		} else {
			arg, _ = p.path(arg)
		}
		args = append(args, arg)
	}
	return args
}

// env gives the container's environment with the paths in it. Variables that only mean something in the image are dropped.
func (p *pod) env(ctx context.Context, client kubernetes.Interface) (map[string]string, error) {
	env := map[string]string{}
	for _, variable := range p.container().Env {
		if variable.Name == "VELERO_SCRATCH_DIR" || variable.Name == "LD_LIBRARY_PATH" {
			continue
		}
		value, err := p.value(ctx, client, variable)
		if err != nil {
			return nil, fmt.Errorf("CreateContainerConfigError: env %s: %w", variable.Name, err)
		}
		value, mounted := p.path(value)
		if variable.Name == "TMPDIR" && !mounted {
			continue // it would be the host's
		}
		env[variable.Name] = value
	}
	return env, nil
}

func (p *pod) value(ctx context.Context, client kubernetes.Interface, variable corev1.EnvVar) (string, error) {
	from := variable.ValueFrom
	switch {
	case from == nil:
		return variable.Value, nil
	case from.FieldRef != nil && from.FieldRef.FieldPath == "metadata.namespace":
		return p.namespace, nil
	case from.SecretKeyRef != nil:
		secret, err := client.CoreV1().Secrets(p.namespace).Get(ctx, from.SecretKeyRef.Name, metav1.GetOptions{})
		if err != nil {
			return "", err
		}
		value, found := secret.Data[from.SecretKeyRef.Key]
		if !found {
			return "", fmt.Errorf("secret %s has no key %s", from.SecretKeyRef.Name, from.SecretKeyRef.Key)
		}
		return string(value), nil
	}
	return "", errors.New("the lab knows values, metadata.namespace and secret keys only")
}
