package kubelet

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/tools/cache"
)

// mount copies a secret into a folder before a start. A pod does not start without its secrets either.
func (a *Agents) mount(ctx context.Context, name, dir string) error {
	a.files.Lock()
	defer a.files.Unlock()
	secret, err := a.Clients.Kube.CoreV1().Secrets(AgentNamespace).Get(ctx, name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return fmt.Errorf("secret %s/%s not found", AgentNamespace, name)
	}
	if err != nil {
		return err
	}
	if len(secret.Data[kubeconfigKey]) == 0 {
		return fmt.Errorf("secret %s/%s has no %s yet", AgentNamespace, name, kubeconfigKey)
	}
	return writeFiles(dir, secret.Data)
}

// syncSecrets copies the agents' secrets whenever they change, until ctx ends. A secret that is deleted leaves its files,
// as a mounted one does.
func (a *Agents) syncSecrets(ctx context.Context) {
	dirs := map[string]string{bootstrapSecret: a.bootstrapDir(), hubSecret: a.workDir()}
	factory := informers.NewSharedInformerFactoryWithOptions(a.Clients.Kube, 0, informers.WithNamespace(AgentNamespace))
	informer := factory.Core().V1().Secrets().Informer()
	copySecret := func(object any) {
		secret, ok := object.(*corev1.Secret)
		if !ok || dirs[secret.Name] == "" || len(secret.Data[kubeconfigKey]) == 0 {
			return
		}
		a.files.Lock()
		defer a.files.Unlock()
		// What cannot be written now is written before the next start of the agent.
		_ = writeFiles(dirs[secret.Name], secret.Data)
	}
	handler := cache.ResourceEventHandlerFuncs{
		AddFunc:    copySecret,
		UpdateFunc: func(_, object any) { copySecret(object) },
	}
	if _, err := informer.AddEventHandler(handler); err != nil {
		return // only when the informer has been stopped
	}
	factory.Start(ctx.Done())
	<-ctx.Done()
	factory.Shutdown()
}

// writeFiles writes what is new of a secret, one whole file after another: the kubeconfig last, because the agents act
// when that one changes and then read the others.
func writeFiles(dir string, data map[string][]byte) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	keys := make([]string, 0, len(data))
	for key := range data {
		keys = append(keys, key)
	}
	slices.SortFunc(keys, func(x, y string) int {
		switch {
		case x == y:
			return 0
		case x == kubeconfigKey:
			return 1
		case y == kubeconfigKey:
			return -1
		}
		return bytes.Compare([]byte(x), []byte(y))
	})
	for _, key := range keys {
		file := filepath.Join(dir, key)
		if current, err := os.ReadFile(file); err == nil && bytes.Equal(current, data[key]) {
			continue
		}
		tmp := filepath.Join(dir, ".."+key+".tmp")
		if err := os.WriteFile(tmp, data[key], 0o600); err != nil {
			return err
		}
		if err := os.Rename(tmp, file); err != nil {
			return err
		}
	}
	return nil
}
