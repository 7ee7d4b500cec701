package factory

import (
	"errors"
	"fmt"
	"io/fs"

	"k8s.io/client-go/tools/clientcmd"
)

// FlagError is a value of a kubeconfig flag that can lead to no cluster.
type FlagError struct{ Flag, Reason string }

func (e *FlagError) Error() string { return "--" + e.Flag + " " + e.Reason }

func (f *Factory) wrong(flag, reason string, args ...any) error {
	return &FlagError{Flag: f.prefix + flag, Reason: fmt.Sprintf(reason, args...)}
}

// unreadable says which kubeconfig could not be read, and why. What the decoder says is left out: it quotes what it read, which may
// be a secret, and names types of Go.
func (f *Factory) unreadable(err error) error {
	given := *f.flags.KubeConfig
	for _, path := range f.flags.ToRawKubeConfigLoader().ConfigAccess().GetLoadingPrecedence() {
		_, broken := clientcmd.LoadFromFile(path)
		if broken == nil || given == "" && errors.Is(broken, fs.ErrNotExist) {
			continue
		}
		reason := "is not valid YAML of kind Config"
		if cause, ok := errors.AsType[*fs.PathError](broken); ok {
			reason = "cannot be read: " + cause.Err.Error()
		}
		if given != "" {
			return f.wrong("kubeconfig", "%s %s", given, reason)
		}
		return fmt.Errorf("kubeconfig %s %s", path, reason)
	}
	return err
}
