package cmdutil

import (
	"errors"

	"github.com/acmdr/kubectl-acmdr/pkg/storage"
	"github.com/acmdr/kubectl-acmdr/pkg/velero"
)

// ExplainStorage says in plain words why a location is not Available, or why Velero gave up, where that is the error; any other it
// passes on.
func ExplainStorage(err error) error {
	if failed, ok := errors.AsType[*velero.FailedError](err); ok {
		explained := *failed
		cause := storage.Explain(failed.Message)
		if explained.Message = cause.Problem; cause.Known {
			explained.Message += "; when that is mended, the same command goes on"
		}
		return &explained
	}
	unavailable, ok := errors.AsType[*velero.UnavailableError](err)
	if !ok || unavailable.Message == "" {
		return err
	}
	explained := *unavailable
	explained.Message = storage.Explain(unavailable.Message).String()
	return &explained
}
