package acm

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/acmdr/kubectl-acmdr/test/lab/internal/fill"
	"github.com/acmdr/kubectl-acmdr/test/lab/internal/kube"
)

// Keys and the label of <cluster>-import.
const (
	importKey       = "import.yaml"
	crdsKey         = "crds.yaml"
	creationKey     = "creation"
	expirationKey   = "expiration"
	importLabel     = "managedcluster-import-controller.open-cluster-management.io/import-secret"
	bootstrapSecret = "bootstrap-hub-kubeconfig"
)

// importSecret makes <cluster>-import, or puts it right, and returns what is in it.
func (c *Controller) importSecret(ctx context.Context, name string) (map[string][]byte, error) {
	secrets := c.Hub.Clients.Kube.CoreV1().Secrets(name)
	secret, err := secrets.Get(ctx, name+"-import", metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		data, err := c.freshImport(ctx, name)
		if err != nil {
			return nil, err
		}
		secret = &corev1.Secret{
			ObjectMeta: metav1.ObjectMeta{Name: name + "-import", Labels: map[string]string{importLabel: ""}}, Data: data,
		}
		_, err = secrets.Create(ctx, secret, metav1.CreateOptions{})
		return data, err
	}
	if err != nil {
		return nil, err
	}
	data := secret.Data
	if expires, err := time.Parse(time.RFC3339, string(data[expirationKey])); err != nil || time.Now().After(expires) {
		if data, err = c.freshImport(ctx, name); err != nil {
			return nil, err
		}
	} else if data, err = c.adopted(name, data); err != nil {
		return nil, err
	}
	if bytes.Equal(data[importKey], secret.Data[importKey]) {
		return data, nil
	}
	secret.Data = data
	_, err = secrets.Update(ctx, secret, metav1.UpdateOptions{})
	return data, err
}

func (c *Controller) freshImport(ctx context.Context, name string) (map[string][]byte, error) {
	bootstrap, err := fill.BootstrapKubeconfig(ctx, c.Hub, name)
	if err != nil {
		return nil, err
	}
	content, err := fill.ImportContent(name, bootstrap)
	if err != nil {
		return nil, err
	}
	crds, err := fill.KlusterletCRD(c.Hub)
	now := time.Now().UTC()
	return map[string][]byte{
		importKey: content, crdsKey: crds,
		creationKey: []byte(now.Format(time.RFC3339)), expirationKey: []byte(now.Add(fill.TokenLife).Format(time.RFC3339)),
	}, err
}

// adopted leads the bootstrap kubeconfig in an import secret to this hub, and keeps its token: whose it is nobody asks.
func (c *Controller) adopted(name string, data map[string][]byte) (map[string][]byte, error) {
	bootstrap, err := bootstrapIn(data[importKey])
	if err != nil {
		return nil, err
	}
	config, err := clientcmd.Load(bootstrap)
	if err != nil {
		return nil, err
	}
	changed := false
	for _, hub := range config.Clusters {
		if hub.Server != c.Hub.Server || !bytes.Equal(hub.CertificateAuthorityData, c.Hub.CA()) {
			hub.Server, hub.CertificateAuthorityData, changed = c.Hub.Server, c.Hub.CA(), true
		}
	}
	if !changed {
		return data, nil
	}
	if bootstrap, err = clientcmd.Write(*config); err != nil {
		return nil, err
	}
	content, err := fill.ImportContent(name, bootstrap)
	return map[string][]byte{
		importKey: content, crdsKey: data[crdsKey], creationKey: data[creationKey], expirationKey: data[expirationKey],
	}, err
}

// bootstrapIn finds the bootstrap kubeconfig in import.yaml.
func bootstrapIn(content []byte) ([]byte, error) {
	objects, err := kube.Decode(content)
	if err != nil {
		return nil, err
	}
	for _, object := range objects {
		if object.GetKind() != "Secret" || object.GetName() != bootstrapSecret {
			continue
		}
		text, _, err := unstructured.NestedString(object.Object, "data", "kubeconfig")
		if err != nil {
			return nil, err
		}
		return base64.StdEncoding.DecodeString(text)
	}
	return nil, fmt.Errorf("%s has no secret %s", importKey, bootstrapSecret)
}
