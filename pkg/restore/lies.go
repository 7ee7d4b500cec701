package restore

import (
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/acmdr/kubectl-acmdr/pkg/ocm"
	"github.com/acmdr/kubectl-acmdr/pkg/velero"
)

// lies are what an object of a backup says that is not true of this hub.
type lies struct {
	// finalizers are all that it has; whose controllers are not here is known only with the hub.
	finalizers []string
	// status tells that the object asks Velero to restore its status: conditions and times of the old hub.
	status bool
	// server has a bit for each of serverFields by which a KlusterletConfig says where the hub is.
	server uint
	// imports is ACM's <cluster>-import secret, with the old hub's token.
	imports bool
	// unlabelled is such a one that only its name tells, without ACM's label: Velero brings it, and it is deleted then.
	unlabelled bool
	// paused is a BareMetalHost that its owner had paused.
	paused bool
	// local is of the old hub as its own managed cluster.
	local bool
}

// The kinds of which something more is looked at.
var (
	secretsIn           = "secrets"
	klusterletConfigsIn = ocm.KlusterletConfigResource.GroupResource().String()
)

func liesOf(resource string, object *unstructured.Unstructured) lies {
	labels := object.GetLabels()
	_, imports := labels[ocm.ImportSecretLabel]
	unlabelled := !imports && resource == secretsIn && object.GetName() == ocm.ImportSecret(object.GetNamespace())
	found := lies{
		finalizers: object.GetFinalizers(),
		status:     strings.EqualFold(strings.TrimSpace(object.GetAnnotations()[velero.RestoreStatusAnnotation]), "true"),
		imports:    imports || unlabelled,
		unlabelled: unlabelled,
		local:      labels[ocm.LocalClusterLabel] == "true",
	}
	if resource == hostsIn {
		_, found.paused = object.GetAnnotations()[pausedAnnotation]
	}
	if resource == klusterletConfigsIn {
		for i, fields := range serverFields {
			if _, has, _ := unstructured.NestedFieldNoCopy(object.Object, fields...); has {
				found.server |= 1 << i
			}
		}
	}
	return found
}

// serverFields are those by which a KlusterletConfig says where the hub is and how it is verified
// (stolostron/cluster-lifecycle-api klusterletconfig/v1alpha1): without them ACM has its own URL and CA.
var serverFields = [][]string{
	{"spec", "hubKubeAPIServerURL"}, {"spec", "hubKubeAPIServerCABundle"},
	{"spec", "hubKubeAPIServerConfig", "url"}, {"spec", "hubKubeAPIServerConfig", "serverVerificationStrategy"},
	{"spec", "hubKubeAPIServerConfig", "trustedCABundles"}, {"spec", "bootstrapKubeConfigs"},
}

// scrubbed takes from an object what the scrub rules would take, but for finalizers.
func scrubbed(object *unstructured.Unstructured) {
	unstructured.RemoveNestedField(object.Object, "metadata", "annotations", velero.RestoreStatusAnnotation)
	if object.GetKind() != "KlusterletConfig" {
		return
	}
	for _, fields := range serverFields {
		unstructured.RemoveNestedField(object.Object, fields...)
	}
}

// controllers say by which kind it is seen that what sets the finalizers of a domain is installed. Of other domains it is
// their own API group.
var controllers = map[string]string{
	"managedcluster-import-controller.open-cluster-management.io": klusterletConfigsIn,
	"baremetalhost.metal3.io":                                     hostsIn,
	"hive.openshift.io":                                           "hiveconfigs.hive.openshift.io",
	"agent.open-cluster-management.io":                            "klusterletaddonconfigs.agent.open-cluster-management.io",
	"resources-finalizer.argocd.argoproj.io":                      "applications.argoproj.io",
}

// foreign tells whether nothing on this hub would ever remove a finalizer, so that its object could never be deleted. Those
// of Kubernetes itself have no domain.
func foreign(finalizer string, served served) bool {
	domain, _, grouped := strings.Cut(finalizer, "/")
	if !grouped && !strings.Contains(domain, ".") {
		return false
	}
	if domain == "kubernetes.io" || strings.HasSuffix(domain, ".kubernetes.io") || strings.HasSuffix(domain, "k8s.io") {
		return false
	}
	if kind, known := controllers[domain]; known {
		return !served.has(kind)
	}
	return !served.hasGroup(domain)
}

// splitFinalizers divides the finalizers of an object into those that stay and those that are foreign. One that no API server would
// take is left to it to refuse.
func splitFinalizers(finalizers []string, served served) (stay, gone []string) {
	for _, finalizer := range finalizers {
		if len(validation.IsQualifiedName(finalizer)) == 0 && foreign(finalizer, served) {
			gone = append(gone, finalizer)
		} else {
			stay = append(stay, finalizer)
		}
	}
	return stay, gone
}
