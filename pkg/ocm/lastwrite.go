package ocm

import (
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Write is who changed an object, and when, on the clock of the API server that stored it.
type Write struct {
	Manager string
	At      time.Time
}

// LastWrite is the last change of an object that its managed fields tell of; they forget a manager when nothing of it is left.
func LastWrite(object metav1.Object) Write {
	var last Write
	for _, entry := range object.GetManagedFields() {
		if entry.Time != nil && entry.Subresource == "" && !entry.Time.Time.Before(last.At) {
			last = Write{Manager: entry.Manager, At: entry.Time.Time}
		}
	}
	return last
}
