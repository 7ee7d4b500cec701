package cli

import (
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/acmdr/kubectl-acmdr/test/lab/internal/build"
	"github.com/acmdr/kubectl-acmdr/test/lab/internal/supervisor"
)

// newSupervise is what `up` leaves running.
func newSupervise(o *options) *cobra.Command {
	var (
		cache   string
		managed int
		grace   time.Duration
		acm     []string
		minio   bool
	)
	cmd := &cobra.Command{
		Use:    "supervise",
		Short:  "Hold the processes of a lab",
		Hidden: true,
		Args:   noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			dir, err := o.folder()
			if err != nil {
				return err
			}
			return supervisor.Run(cmd.Context(), supervisor.Options{
				Dir: dir, Cache: build.Cache(cache), Managed: managed, Grace: grace, ACM: acm, MinIO: minio, Log: os.Stdout,
			})
		},
	}
	cmd.Flags().StringVar(&cache, "cache", "", "Folder with the binaries")
	cmd.Flags().IntVar(&managed, "managed", 0, "Number of managed clusters")
	cmd.Flags().DurationVar(&grace, "eviction-grace", 0, "Eviction grace period")
	cmd.Flags().StringSliceVar(&acm, "acm", nil, "Hubs with the stand-in for ACM's import controller")
	addMinIO(cmd, &minio)
	return cmd
}
