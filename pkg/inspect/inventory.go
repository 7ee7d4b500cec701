// Package inspect reads a backup and says, cluster by cluster, whether it could be brought back by what is in it. It reads the
// backup's bytes, once and in their order, and keeps only what it says of a cluster: never a secret, and no more for a backup
// that is larger.
package inspect

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	clusterv1 "open-cluster-management.io/api/cluster/v1"

	"github.com/acmdr/kubectl-acmdr/pkg/access"
	"github.com/acmdr/kubectl-acmdr/pkg/kubeconfig"
	"github.com/acmdr/kubectl-acmdr/pkg/ocm"
	"github.com/acmdr/kubectl-acmdr/pkg/velero"
)

// Inventory is what was found in a backup, or in all backups of one generation. Velero writes kind by kind, so a credential may
// come before or after what says that it is one: every secret that could be one is opened when it passes by, and only what
// there is to say about it is kept.
type Inventory struct {
	clusters   map[string]*managed
	namespaces map[string]*namespace
	local      []string
	hive       ocm.HiveSecrets
	resources  map[string]int
	objects    int
	// first and last are when Velero wrote the first and the last object.
	first, last time.Time
	// mixed tells that its backups were not made one after another.
	mixed bool
	// strangers tells that two of its backups hold a Namespace, as those of one set do not.
	strangers bool
	buffer    bytes.Buffer
}

// managed is what is kept of a ManagedCluster.
type managed struct {
	labels   map[string]string
	accepted bool
	endpoint kubeconfig.Endpoint
}

// namespace is what is kept of a namespace.
type namespace struct {
	// itself tells that the Namespace is in the backup, cluster that it says to be a managed cluster's.
	itself, cluster bool
	secrets         map[string]secret
	// works are the ManifestWorks with the digests of their specs.
	works  map[string]digest
	addOns int
	// hosted are the HostedClusters.
	hosted map[string]bool
}

type secret struct {
	*access.Kept
	digest digest
}

// digest tells versions of a thing apart. It never leaves the process.
type digest uint64

func digestOf(data []byte) digest {
	sum := sha256.Sum256(data)
	return digest(binary.BigEndian.Uint64(sum[:]))
}

// New is an inventory of nothing yet.
func New() *Inventory {
	return &Inventory{
		clusters: map[string]*managed{}, namespaces: map[string]*namespace{}, hive: ocm.HiveSecrets{}, resources: map[string]int{},
	}
}

// Read adds what is in a backup's tarball. An error that the tarball itself is to blame for is a *velero.BadContents.
func (i *Inventory) Read(tarball io.Reader) error {
	one := New()
	err := velero.ReadContents(tarball, func(object velero.Object, body io.Reader) error {
		_, err := one.visit(object, body)
		return err
	})
	if err != nil {
		return err
	}
	i.merge(one)
	return nil
}

// maxLabels is more than anybody gives a cluster.
const maxLabels = 256

// head is what every object begins with.
type head struct {
	metav1.TypeMeta `json:",inline"`
	Metadata        struct {
		Name      string `json:"name"`
		Namespace string `json:"namespace"`
	} `json:"metadata"`
}

// visit returns the apiVersion and kind of an object, as Velero lists it.
func (i *Inventory) visit(object velero.Object, body io.Reader) (string, error) {
	i.buffer.Reset()
	if _, err := i.buffer.ReadFrom(body); err != nil {
		return "", err
	}
	var read head
	if err := json.Unmarshal(i.buffer.Bytes(), &read); err != nil {
		return "", bad("%s is not a JSON object", object)
	}
	if err := object.Names(read.Kind, read.Metadata.Namespace, read.Metadata.Name); err != nil {
		return "", err
	}
	i.resources[object.Resource]++
	i.objects++
	if object.Namespace != "" {
		i.in(object.Namespace)
	}
	if i.first.IsZero() || object.Written.Before(i.first) {
		i.first = object.Written
	}
	if object.Written.After(i.last) {
		i.last = object.Written
	}
	if err := i.keep(object, i.buffer.Bytes()); err != nil {
		return "", bad("%s cannot be read as a %s", object, read.Kind)
	}
	return read.APIVersion + "/" + read.Kind, nil
}

// bad is the fault of the tarball. The decoder's own words are left out: they quote what it read, and that may be a secret.
func bad(format string, args ...any) error {
	return &velero.BadContents{Err: fmt.Errorf(format, args...)}
}

// The places of the kinds that are kept, as a backup names them.
var (
	clustersIn    = ocm.ManagedClusterResource.GroupResource().String()
	worksIn       = ocm.ManifestWorkResource.GroupResource().String()
	addOnsIn      = ocm.AddOnResource.GroupResource().String()
	deploymentsIn = ocm.ClusterDeploymentResource.GroupResource().String()
	hostedIn      = ocm.HostedClusterResource.GroupResource().String()
	namespacesIn  = corev1.Resource("namespaces").String()
	secretsIn     = corev1.Resource("secrets").String()
)

func (i *Inventory) keep(object velero.Object, data []byte) error {
	switch object.Resource {
	case clustersIn:
		return i.keepCluster(data)
	case namespacesIn:
		var found corev1.Namespace
		if err := json.Unmarshal(data, &found); err != nil {
			return err
		}
		kept := i.in(object.Name)
		kept.itself = true
		kept.cluster = found.Labels[ocm.ManagedClusterNamespaceLabel] != "" || found.Labels[ocm.ClusterNameLabel] != ""
	case secretsIn:
		return i.keepSecret(data)
	case deploymentsIn:
		var found unstructured.Unstructured
		if err := found.UnmarshalJSON(data); err != nil {
			return err
		}
		i.hive.Named(&found)
	case hostedIn:
		kept := i.in(object.Namespace)
		if kept.hosted == nil {
			kept.hosted = map[string]bool{}
		}
		kept.hosted[object.Name] = true
	case worksIn:
		var found struct {
			Spec json.RawMessage `json:"spec"`
		}
		if err := json.Unmarshal(data, &found); err != nil {
			return err
		}
		kept := i.in(object.Namespace)
		if kept.works == nil {
			kept.works = map[string]digest{}
		}
		kept.works[object.Name] = digestOf(found.Spec)
	case addOnsIn:
		i.in(object.Namespace).addOns++
	}
	return nil
}

func (i *Inventory) keepCluster(data []byte) error {
	var found clusterv1.ManagedCluster
	if err := json.Unmarshal(data, &found); err != nil {
		return err
	}
	if ocm.IsLocal(&found) {
		i.local = append(i.local, found.Name)
		return nil
	}
	if len(found.Labels) > maxLabels {
		return fmt.Errorf("more than %d labels", maxLabels)
	}
	// Whether the CA verifies the server is seen when it is dialled; nothing here dials.
	i.clusters[found.Name] = &managed{
		labels: found.Labels, accepted: found.Spec.HubAcceptsClient, endpoint: kubeconfig.Endpoint{Server: access.EndpointOf(&found).Server},
	}
	return nil
}

func (i *Inventory) keepSecret(data []byte) error {
	var found corev1.Secret
	if err := json.Unmarshal(data, &found); err != nil {
		return err
	}
	if !access.Promising(&found) {
		return nil
	}
	i.hive.Labelled(&found)
	held, err := json.Marshal(found.Data)
	if err != nil {
		return err
	}
	kept := i.in(found.Namespace)
	if kept.secrets == nil {
		kept.secrets = map[string]secret{}
	}
	kept.secrets[found.Name] = secret{Kept: access.Keep(&found).Reduce(), digest: digestOf(held)}
	return nil
}

func (i *Inventory) in(name string) *namespace {
	if i.namespaces[name] == nil {
		i.namespaces[name] = &namespace{}
	}
	return i.namespaces[name]
}
