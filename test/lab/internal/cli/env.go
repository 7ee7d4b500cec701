package cli

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/acmdr/kubectl-acmdr/test/lab/internal/build"
	"github.com/acmdr/kubectl-acmdr/test/lab/internal/layout"
	"github.com/acmdr/kubectl-acmdr/test/lab/internal/state"
)

func newKubeconfig(o *options) *cobra.Command {
	return &cobra.Command{
		Use:   "kubeconfig NAME",
		Short: "Print the path of a cluster's admin kubeconfig",
		Args:  oneArg,
		RunE: func(_ *cobra.Command, args []string) error {
			dir, st, err := o.load()
			if err != nil {
				return err
			}
			known := layout.Clusters(st.Managed)
			if !slices.Contains(known, args[0]) {
				return fmt.Errorf("the lab has no %q; it has %v", args[0], known)
			}
			_, err = fmt.Fprintln(o.out, dir.Cluster(args[0]).Kubeconfig())
			return err
		},
	}
}

func newEnv(o *options) *cobra.Command {
	return &cobra.Command{
		Use:     "env",
		Short:   "Print what a shell needs to work with the lab",
		Example: `  eval "$(lab env)"`,
		Args:    noArgs,
		RunE: func(*cobra.Command, []string) error {
			dir, st, err := o.load()
			if err != nil {
				return err
			}
			for _, line := range exports(dir, st, os.Getenv("PATH")) {
				if _, err := fmt.Fprintln(o.out, line); err != nil {
					return err
				}
			}
			return nil
		},
	}
}

// load reads the state of a lab that has been up.
func (o *options) load() (layout.Dir, *state.State, error) {
	dir, err := o.folder()
	if err != nil {
		return "", nil, err
	}
	st, err := state.Load(dir)
	if err == nil && st.Managed == 0 {
		err = fmt.Errorf("there is no lab in %s; `lab up` makes one", dir)
	}
	return dir, st, err
}

// exports are lines for a POSIX shell.
func exports(dir layout.Dir, st *state.State, path string) []string {
	bin := build.Cache(st.Cache).Bin()
	rest := slices.DeleteFunc(filepath.SplitList(path), func(one string) bool { return one == bin })
	variables := [][2]string{
		{"KUBECONFIG", dir.Kubeconfig()},
		{"ACMDR_LAB_DIR", string(dir)},
		{"ACMDR_LAB_S3_URL", fmt.Sprintf("http://127.0.0.1:%d", st.Port(layout.S3, layout.S3))},
		{"ACMDR_LAB_BUCKET", layout.Bucket},
		{"ACMDR_LAB_REGION", layout.Region},
		{"ACMDR_LAB_CREDENTIALS_FILE", dir.S3Credentials()},
		{"PATH", strings.Join(append([]string{bin}, rest...), string(os.PathListSeparator))},
	}
	if st.MinIO {
		variables = append(variables,
			[2]string{"ACMDR_LAB_MINIO_URL", fmt.Sprintf("https://127.0.0.1:%d", st.Port(layout.MinIO, layout.MinIO))},
			[2]string{"ACMDR_LAB_MINIO_CA", dir.MinIOCA()})
	}
	var lines []string
	for _, variable := range variables {
		lines = append(lines, "export "+variable[0]+"="+quote(variable[1]))
	}
	return lines
}

// quote makes one word of the text for a POSIX shell.
func quote(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }
