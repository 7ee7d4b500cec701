// Package velero is the only importer of Velero's types: typed clients, phases, and where Velero lives on a hub. Facts are
// from github.com/vmware-tanzu/velero v1.18.3.
package velero

import (
	"fmt"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/client-go/dynamic"

	velerov1 "github.com/vmware-tanzu/velero/pkg/apis/velero/v1"

	"github.com/acmdr/kubectl-acmdr/pkg/typed"
)

// The custom resources that the plugin reads or writes.
var (
	BackupResource          = resource("backups")
	RestoreResource         = resource("restores")
	ScheduleResource        = resource("schedules")
	LocationResource        = resource("backupstoragelocations")
	DownloadRequestResource = resource("downloadrequests")
	StatusRequestResource   = resource("serverstatusrequests")
	DeleteRequestResource   = resource("deletebackuprequests")
)

func resource(name string) schema.GroupVersionResource {
	return velerov1.SchemeGroupVersion.WithResource(name)
}

// API is Velero's API in one namespace of one hub.
type API struct {
	Namespace        string
	Backups          typed.Client[velerov1.Backup]
	Restores         typed.Client[velerov1.Restore]
	Schedules        typed.Client[velerov1.Schedule]
	Locations        typed.Client[velerov1.BackupStorageLocation]
	DownloadRequests typed.Client[velerov1.DownloadRequest]
	StatusRequests   typed.Client[velerov1.ServerStatusRequest]
	DeleteRequests   typed.Client[velerov1.DeleteBackupRequest]
}

// In returns Velero's API in a namespace of a hub.
func In(hub dynamic.Interface, namespace string) *API {
	return &API{
		Namespace:        namespace,
		Backups:          typed.New[velerov1.Backup](hub, BackupResource, "Backup").In(namespace),
		Restores:         typed.New[velerov1.Restore](hub, RestoreResource, "Restore").In(namespace),
		Schedules:        typed.New[velerov1.Schedule](hub, ScheduleResource, "Schedule").In(namespace),
		Locations:        typed.New[velerov1.BackupStorageLocation](hub, LocationResource, "BackupStorageLocation").In(namespace),
		DownloadRequests: typed.New[velerov1.DownloadRequest](hub, DownloadRequestResource, "DownloadRequest").In(namespace),
		StatusRequests:   typed.New[velerov1.ServerStatusRequest](hub, StatusRequestResource, "ServerStatusRequest").In(namespace),
		DeleteRequests:   typed.New[velerov1.DeleteBackupRequest](hub, DeleteRequestResource, "DeleteBackupRequest").In(namespace),
	}
}

// ValidateName refuses a name that the API would not take for a backup or a restore; empty is none.
func ValidateName(name string) error {
	if problems := validation.IsDNS1123Subdomain(name); name != "" && len(problems) > 0 {
		return fmt.Errorf("%q is no valid name: %s", name, problems[0])
	}
	return nil
}
