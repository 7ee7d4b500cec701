package cmdutil

import (
	"errors"

	"github.com/acmdr/kubectl-acmdr/pkg/storage"
	"github.com/acmdr/kubectl-acmdr/pkg/velero"
)

// ExplainStorage says in plain words why a location is not Available, where that is the error; any other it passes on.
func ExplainStorage(err error) error {
	var unavailable *velero.UnavailableError
	if !errors.As(err, &unavailable) || unavailable.Message == "" {
		return err
	}
	explained := *unavailable
	explained.Message = storage.Explain(unavailable.Message).String()
	return &explained
}
