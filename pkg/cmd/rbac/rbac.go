// Package rbac is the verb that prints the roles which the verbs need.
package rbac

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"k8s.io/kubectl/pkg/util/templates"
	"sigs.k8s.io/yaml"

	"github.com/acmdr/kubectl-acmdr/pkg/cmd/cmdutil"
	"github.com/acmdr/kubectl-acmdr/pkg/ocm"
	"github.com/acmdr/kubectl-acmdr/pkg/rbac"
	"github.com/acmdr/kubectl-acmdr/pkg/velero"
)

var long = templates.LongDesc(`
	Print the smallest roles that the verbs need, with their bindings, ready for 'kubectl apply -f -'. No cluster is asked.

	hub-active is for the hub that is backed up: backup, fence, and what looks at a hub. The old hub of a move is one, too.
	hub-standby is for the hub that takes over: restore, reregister, accept, undo. managed is for the credential that opens
	a managed cluster. With --minimal, rights are left out that the verbs can do without; docs/rbac.md says what they do then.

	No role is enough for install: it gives Velero the role cluster-admin, so whoever may run it must be that already. And
	whoever may make Restores in Velero's namespace, or tokens of any ServiceAccount, can become it: keep hub-standby for those
	who may.`)

var example = templates.Examples(`
	# Let ServiceAccount acmdr/operator back up the active hub
	kubectl acmdr rbac hub-active --serviceaccount acmdr:operator | kubectl apply --context hub-dr1 -f -

	# Let the group of operators take the standby hub over
	kubectl acmdr rbac hub-standby --for-group fleet-operators | kubectl apply --context hub-dr2 -f -

	# The least that moves a managed cluster: two rights on one secret
	kubectl acmdr rbac managed --minimal --for-user dr-robot -o json`)

// Flags are what the user typed.
type Flags struct {
	options        rbac.Options
	serviceAccount string
	user, group    string
	output         string
}

// New returns the rbac command.
func New(streams genericiooptions.IOStreams) *cobra.Command {
	flags := &Flags{
		options:        rbac.Options{VeleroNamespace: velero.DefaultNamespace, AgentNamespace: ocm.AgentNamespace},
		serviceAccount: "acmdr:acmdr", output: "yaml",
	}
	cmd := &cobra.Command{
		Use:       "rbac hub-active|hub-standby|managed",
		Short:     "Print the smallest roles that the verbs need",
		Long:      long,
		Example:   example,
		Args:      cmdutil.OneArg("role"),
		ValidArgs: []string{string(rbac.HubActive), string(rbac.HubStandby), string(rbac.Managed)},
		RunE: func(cmd *cobra.Command, args []string) error {
			given := slices.DeleteFunc([]string{"serviceaccount", "for-user", "for-group"}, func(flag string) bool {
				return !cmd.Flags().Changed(flag)
			})
			if len(given) > 1 {
				return cmdutil.Usagef("--%s exclude each other", strings.Join(given, " and --"))
			}
			objects, err := flags.manifests(args[0])
			if err != nil {
				return err
			}
			data, err := flags.encode(objects)
			if err != nil {
				return err
			}
			_, err = streams.Out.Write(data)
			return err
		},
	}
	cmd.Flags().StringVar(&flags.serviceAccount, "serviceaccount", flags.serviceAccount, "Who gets the role: a ServiceAccount, NAMESPACE:NAME")
	cmd.Flags().StringVar(&flags.user, "for-user", "", "Who gets the role: a user")
	cmd.Flags().StringVar(&flags.group, "for-group", "", "Who gets the role: a group")
	cmd.Flags().StringVar(&flags.options.VeleroNamespace, "velero-namespace", flags.options.VeleroNamespace, "Namespace of Velero on the hub")
	cmd.Flags().StringVar(&flags.options.AgentNamespace, "agent-namespace", flags.options.AgentNamespace,
		"Namespace of the agent on the managed cluster")
	cmd.Flags().BoolVar(&flags.options.Minimal, "minimal", false, "Leave out the rights that the verbs can do without")
	cmd.Flags().StringVarP(&flags.output, "output", "o", flags.output, "Output format. One of: yaml, json")
	return cmd
}

func (flags *Flags) manifests(name string) ([]runtime.Object, error) {
	role, err := rbac.Parse(name)
	if err != nil {
		return nil, &cmdutil.UsageError{Err: err}
	}
	subject, err := flags.subject()
	if err != nil {
		return nil, err
	}
	return rbac.Manifests(role, role.Rules(flags.options), subject), nil
}

func (flags *Flags) subject() (rbacv1.Subject, error) {
	switch {
	case flags.user != "":
		return rbacv1.Subject{APIGroup: rbacv1.GroupName, Kind: rbacv1.UserKind, Name: flags.user}, nil
	case flags.group != "":
		return rbacv1.Subject{APIGroup: rbacv1.GroupName, Kind: rbacv1.GroupKind, Name: flags.group}, nil
	}
	namespace, name, ok := strings.Cut(flags.serviceAccount, ":")
	if !ok || namespace == "" || name == "" {
		return rbacv1.Subject{}, cmdutil.Usagef("--serviceaccount %q: want NAMESPACE:NAME", flags.serviceAccount)
	}
	return rbacv1.Subject{Kind: rbacv1.ServiceAccountKind, Namespace: namespace, Name: name}, nil
}

// encode writes a List, as kubectl apply takes it.
func (flags *Flags) encode(objects []runtime.Object) ([]byte, error) {
	list := struct {
		metav1.TypeMeta `json:",inline"`
		Items           []runtime.Object `json:"items"`
	}{metav1.TypeMeta{APIVersion: "v1", Kind: "List"}, objects}
	switch flags.output {
	case "yaml":
		return yaml.Marshal(list)
	case "json":
		data, err := json.MarshalIndent(list, "", "    ")
		return append(data, '\n'), err
	}
	return nil, cmdutil.Usagef("unknown output format %q: use yaml or json", flags.output)
}
