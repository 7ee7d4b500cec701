package printing

import (
	"io"
	"regexp"
	"strings"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/cli-runtime/pkg/printers"
)

// Names prints objects as kubectl get -o name does: KIND.GROUP/NAME. kubectl's own printer refuses the lists of typed objects.
type Names struct{}

// PrintObj writes one line per object of a list, or one for a single object.
func (Names) PrintObj(object runtime.Object, out io.Writer) error {
	objects, err := items(object)
	if err != nil {
		return err
	}
	for _, object := range objects {
		if err := (&printers.NamePrinter{}).PrintObj(object, out); err != nil {
			return err
		}
	}
	return nil
}

// notInNames is what the name of an object cannot have.
var notInNames = regexp.MustCompile(`[^a-z0-9.]+`)

// ObjectName makes the words by which a person knows something the name of an object: ACM's schedule is acms-schedule.
func ObjectName(words string) string {
	return strings.Trim(notInNames.ReplaceAllString(strings.ToLower(strings.ReplaceAll(words, "'", "")), "-"), "-.")
}
