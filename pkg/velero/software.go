package velero

import (
	"encoding/json"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// MarkSoftware notes on a Backup or Schedule what is installed on its hub.
func MarkSoftware(object metav1.Object, software map[string]string) error {
	data, err := json.Marshal(software)
	if err != nil {
		return err
	}
	annotations := object.GetAnnotations()
	if annotations == nil {
		annotations = map[string]string{}
	}
	annotations[SoftwareAnnotation] = string(data)
	object.SetAnnotations(annotations)
	return nil
}

// SoftwareOf is what MarkSoftware noted; known is false where it did not.
func SoftwareOf(object metav1.Object) (software map[string]string, known bool) {
	err := json.Unmarshal([]byte(object.GetAnnotations()[SoftwareAnnotation]), &software)
	return software, err == nil && software != nil
}
