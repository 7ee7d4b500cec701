// Package restore brings what a backup holds onto a standby hub: first the ManagedClusters, then, by one Velero Restore,
// everything else; then it puts right what a restore leaves wrong.
package restore

import (
	"fmt"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/acmdr/kubectl-acmdr/pkg/velero"
	"github.com/acmdr/kubectl-acmdr/pkg/wait"
)

// Hub is the hub to restore onto.
type Hub struct {
	Kube    kubernetes.Interface
	Dynamic dynamic.Interface
	Velero  *velero.API
	// UID tells hubs apart: that of the kube-system namespace.
	UID types.UID
	// Config opens the API server for a look at its clock; nil: nobody looks.
	Config *rest.Config
}

// Progress is how far Velero has come.
type Progress = velero.Progress

// Restorer restores onto one hub.
type Restorer struct {
	Hub   Hub
	Clock wait.Clock
	// Parallel bounds how many objects are made at the same time; Velero itself restores one after another.
	Parallel int
	// Tell is told what is going on, in whole sentences. Nil: nobody is.
	Tell func(string)
	// Observe is told how far Velero has come. Nil: nobody is.
	Observe func(Progress)
}

// ValidateName refuses a name that the API would not take; empty is none.
func ValidateName(name string) error { return velero.ValidateName(name) }

func (r *Restorer) tell(format string, args ...any) {
	if r.Tell != nil {
		r.Tell(fmt.Sprintf(format, args...))
	}
}

func (r *Restorer) store() *velero.Downloader {
	return &velero.Downloader{API: r.Hub.Velero, Kube: r.Hub.Kube, Clock: r.Clock}
}
