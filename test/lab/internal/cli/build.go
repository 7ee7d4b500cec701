package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/acmdr/kubectl-acmdr/test/lab/internal/build"
)

func newBuild(o *options) *cobra.Command {
	var (
		src   string
		minio bool
	)
	cmd := &cobra.Command{
		Use:   "build",
		Short: "Build the components' binaries, once for every set of module sums, and print their folder",
		Args:  noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cache, err := o.build(cmd.Context(), src, minio)
			if err != nil {
				return err
			}
			_, err = fmt.Fprintln(o.out, cache.Bin())
			return err
		},
	}
	addMinIO(cmd, &minio)
	addSource(cmd, &src)
	return cmd
}

func addMinIO(cmd *cobra.Command, minio *bool) {
	cmd.Flags().BoolVar(minio, "minio", false, "Include MinIO, an S3 server with TLS and encryption at rest (about 4 minutes more to build)")
}

func addSource(cmd *cobra.Command, src *string) {
	cmd.Flags().StringVar(src, "src", "", "Folder of the lab's sources (default: found from here, from the program, or where it was compiled)")
}

// build makes what is missing of the binaries.
func (o *options) build(ctx context.Context, src string, minio bool) (build.Cache, error) {
	if src == "" {
		var err error
		if src, err = build.Source(); err != nil {
			return "", err
		}
	}
	cache, err := build.Open(ctx, src)
	if err != nil {
		return "", err
	}
	builder := &build.Builder{Source: src, Cache: cache, MinIO: minio, Logf: o.logf}
	return cache, builder.Build(ctx)
}
