// Package testutil holds what the tests of several packages share: fake hubs, a fake Velero with its object store, and
// builders of objects.
package testutil

import (
	"path"
	"slices"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	dynamicfake "k8s.io/client-go/dynamic/fake"
	kubefake "k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"
	"k8s.io/utils/clock"
	clusterv1 "open-cluster-management.io/api/cluster/v1"
	operatorv1 "open-cluster-management.io/api/operator/v1"
	workv1 "open-cluster-management.io/api/work/v1"

	"github.com/acmdr/kubectl-acmdr/pkg/ocm"
)

// kinds are the custom resources that a fake hub serves.
var kinds = map[schema.GroupVersionResource]string{
	{Group: "cluster.open-cluster-management.io", Version: "v1", Resource: "managedclusters"}: "ManagedCluster",
	{Group: "work.open-cluster-management.io", Version: "v1", Resource: "manifestworks"}:      "ManifestWork",
	{Group: "hive.openshift.io", Version: "v1", Resource: "clusterdeployments"}:               "ClusterDeployment",
	ocm.BackupScheduleResource:              "BackupSchedule",
	ocm.RestoreResource:                     "Restore",
	ocm.AppliedManifestWorkResource:         "AppliedManifestWork",
	ocm.KlusterletResource:                  "Klusterlet",
	ocm.ClusterClaimResource:                "ClusterClaim",
	ocm.ClusterVersionResource:              "ClusterVersion",
	ocm.AddOnResource:                       "ManagedClusterAddOn",
	ocm.HostedClusterResource:               "HostedCluster",
	ocm.KlusterletConfigResource:            "KlusterletConfig",
	ocm.InfrastructureResource:              "Infrastructure",
	ocm.MultiClusterHubResource:             "MultiClusterHub",
	ocm.MultiClusterEngineResource:          "MultiClusterEngine",
	ocm.SubscriptionResource:                "Subscription",
	{Version: "v1", Resource: "configmaps"}: "ConfigMap",
	{Version: "v1", Resource: "namespaces"}: "Namespace",
	{Version: "v1", Resource: "secrets"}:    "Secret",
	{Group: "apiextensions.k8s.io", Version: "v1", Resource: "customresourcedefinitions"}:     "CustomResourceDefinition",
	{Group: "apiregistration.k8s.io", Version: "v1", Resource: "apiservices"}:                 "APIService",
	{Group: "metal3.io", Version: "v1alpha1", Resource: "baremetalhosts"}:                     "BareMetalHost",
	{Group: "oadp.openshift.io", Version: "v1alpha1", Resource: "dataprotectionapplications"}: "DataProtectionApplication",
	{Group: "velero.io", Version: "v1", Resource: "backups"}:                                  "Backup",
	{Group: "velero.io", Version: "v1", Resource: "restores"}:                                 "Restore",
	{Group: "velero.io", Version: "v1", Resource: "schedules"}:                                "Schedule",
	{Group: "velero.io", Version: "v1", Resource: "backupstoragelocations"}:                   "BackupStorageLocation",
	{Group: "velero.io", Version: "v1", Resource: "downloadrequests"}:                         "DownloadRequest",
	{Group: "velero.io", Version: "v1", Resource: "serverstatusrequests"}:                     "ServerStatusRequest",
	{Group: "velero.io", Version: "v1", Resource: "deletebackuprequests"}:                     "DeleteBackupRequest",
}

// Hub is a hub made of client-go's fakes.
type Hub struct {
	Kube    *kubefake.Clientset
	Dynamic *dynamicfake.FakeDynamicClient
	// Version is what the hub's Velero says of itself.
	Version string
}

// NewHub returns a fake hub, or managed cluster, that holds these objects, custom resources typed or as made by Object.
func NewHub(t *testing.T, objects ...runtime.Object) *Hub {
	t.Helper()
	var custom, typed []runtime.Object
	for _, object := range objects {
		object = asCustom(t, object)
		if _, ok := object.(*unstructured.Unstructured); ok {
			custom = append(custom, object)
		} else {
			typed = append(typed, object)
		}
	}
	lists := map[schema.GroupVersionResource]string{}
	for resource, kind := range kinds {
		lists[resource] = kind + "List"
	}
	hub := &Hub{
		Version: VeleroVersion,
		Kube:    kubefake.NewSimpleClientset(typed...),
		Dynamic: dynamicfake.NewSimpleDynamicClientWithCustomListKinds(runtime.NewScheme(), lists, custom...),
	}
	hub.Dynamic.PrependReactor("create", "serverstatusrequests", func(action clienttesting.Action) (bool, runtime.Object, error) {
		request, _ := action.(clienttesting.CreateAction).GetObject().(*unstructured.Unstructured)
		status := map[string]any{"phase": "Processed", "serverVersion": hub.Version}
		return false, nil, unstructured.SetNestedMap(request.Object, status, "status")
	})
	return hub
}

// VeleroServer is the Deployment of a Velero that runs.
func VeleroServer() *appsv1.Deployment {
	return &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Namespace: "velero", Name: "velero"}, Status: appsv1.DeploymentStatus{AvailableReplicas: 1},
	}
}

// VeleroVersion is the version of the Velero of a fake hub.
const VeleroVersion = "v1.18.3"

// asked are requests to Velero that leave nothing behind.
var asked = []string{"downloadrequests", "serverstatusrequests"}

// asCustom turns the kinds of OCM, which client-go's typed fake does not know, into custom resources.
func asCustom(t *testing.T, object runtime.Object) runtime.Object {
	t.Helper()
	switch object.(type) {
	case *clusterv1.ManagedCluster:
		return Object(t, ocm.ManagedClusterResource, object)
	case *workv1.ManifestWork:
		return Object(t, ocm.ManifestWorkResource, object)
	case *workv1.AppliedManifestWork:
		return Object(t, ocm.AppliedManifestWorkResource, object)
	case *operatorv1.Klusterlet:
		return Object(t, ocm.KlusterletResource, object)
	}
	return object
}

// Object makes a custom resource of its Go struct.
func Object(t *testing.T, resource schema.GroupVersionResource, object any) *unstructured.Unstructured {
	t.Helper()
	content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(object)
	if err != nil {
		t.Fatal(err)
	}
	made := &unstructured.Unstructured{Object: content}
	made.SetGroupVersionKind(resource.GroupVersion().WithKind(kinds[resource]))
	return made
}

// Writes lists what was written to a hub, as "verb resource namespace/name", sorted; what leaves nothing behind is left out.
func (h *Hub) Writes() []string {
	var writes []string
	for _, action := range append(h.Kube.Actions(), h.Dynamic.Actions()...) {
		resource := action.GetResource().Resource
		if action.GetVerb() == "get" || action.GetVerb() == "list" || action.GetVerb() == "watch" || slices.Contains(asked, resource) {
			continue
		}
		writes = append(writes, action.GetVerb()+" "+resource+" "+path.Join(action.GetNamespace(), nameOf(action)))
	}
	slices.Sort(writes)
	return writes
}

func nameOf(action clienttesting.Action) string {
	switch a := action.(type) {
	case clienttesting.CreateAction:
		if object, ok := a.GetObject().(interface{ GetName() string }); ok {
			return object.GetName()
		}
	case clienttesting.GetAction: // and of patches and deletes
		return a.GetName()
	}
	return ""
}

// Instant is the real clock, but what waits for it does not wait.
type Instant struct{ clock.RealClock }

// NewTimer returns a timer that has fired.
func (Instant) NewTimer(time.Duration) clock.Timer { return clock.RealClock{}.NewTimer(0) }
