package cmdutil

import (
	"fmt"

	"github.com/spf13/cobra"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
)

// DryRunFlag is --dry-run as kubectl has it.
type DryRunFlag struct{ value string }

// AddFlags registers --dry-run.
func (f *DryRunFlag) AddFlags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.value, "dry-run", "none",
		"Must be \"none\" or \"client\". With client, everything is read and nothing is written")
	cmd.Flags().Lookup("dry-run").NoOptDefVal = "client"
	_ = cmd.RegisterFlagCompletionFunc("dry-run", cobra.FixedCompletions([]string{"none", "client"}, cobra.ShellCompDirectiveNoFileComp))
}

// Enabled tells whether nothing is to be written; any other value than none and client is a usage error.
func (f *DryRunFlag) Enabled() (bool, error) {
	switch f.value {
	case "none":
		return false, nil
	case "client":
		return true, nil
	}
	return false, Usagef("--dry-run must be none or client, not %q", f.value)
}

// Manifests are what a dry run prints of an object and the content policy that it refers to: one List, as kubectl apply takes it.
// Without a policy it is the object.
func Manifests(policy *corev1.ConfigMap, object runtime.Object) (runtime.Object, error) {
	if policy == nil {
		return object, nil
	}
	list := &unstructured.UnstructuredList{}
	list.SetAPIVersion("v1")
	list.SetKind("List")
	for _, each := range []runtime.Object{policy, object} {
		content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(each)
		if err != nil {
			return nil, fmt.Errorf("encoding what would be made: %w", err)
		}
		list.Items = append(list.Items, unstructured.Unstructured{Object: content})
	}
	return list, nil
}
