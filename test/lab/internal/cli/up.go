package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/acmdr/kubectl-acmdr/test/lab/internal/build"
	"github.com/acmdr/kubectl-acmdr/test/lab/internal/control"
	"github.com/acmdr/kubectl-acmdr/test/lab/internal/layout"
	"github.com/acmdr/kubectl-acmdr/test/lab/internal/state"
)

type upFlags struct {
	managed int
	grace   time.Duration
	acm     []string
	minio   bool
	src     string
}

func newUp(o *options) *cobra.Command {
	var flags upFlags
	cmd := &cobra.Command{
		Use:   "up",
		Short: "Start the lab, or start it again with its data",
		Args:  noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if flags.managed < 0 || flags.grace < 0 {
				return &usageError{errors.New("--managed and --eviction-grace must not be negative")}
			}
			for _, hub := range flags.acm {
				if !slices.Contains(layout.Hubs(), hub) {
					return &usageError{fmt.Errorf("--acm: %q is no hub of the lab; it has %s", hub, strings.Join(layout.Hubs(), ", "))}
				}
			}
			dir, err := o.folder()
			if err != nil {
				return err
			}
			return o.up(cmd.Context(), dir, flags)
		},
	}
	cmd.Flags().IntVar(&flags.managed, "managed", 0, "Number of managed clusters (default 1, or what the lab has)")
	cmd.Flags().DurationVar(&flags.grace, "eviction-grace", 0,
		"How long work agents of new clusters keep a workload whose ManifestWork is missing on the hub (default 60s, or what the lab has)")
	cmd.Flags().StringSliceVar(&flags.acm, "acm", nil,
		"Hubs that get a stand-in for ACM's import controller: hub-dr1, hub-dr2 (--acm alone: both)")
	cmd.Flags().Lookup("acm").NoOptDefVal = strings.Join(layout.Hubs(), ",")
	addMinIO(cmd, &flags.minio)
	addSource(cmd, &flags.src)
	return cmd
}

func (o *options) up(ctx context.Context, dir layout.Dir, flags upFlags) error {
	client := control.NewClient(dir)
	if status, err := client.Status(ctx); err == nil {
		return o.alreadyUp(ctx, dir, client, status, flags)
	}
	minio, err := flags.withMinIO(dir)
	if err != nil {
		return err
	}
	cache, err := o.build(ctx, flags.src, minio)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir.Logs(), 0o700); err != nil {
		return err
	}
	supervisor, err := spawn(dir, cache, flags)
	if err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- supervisor.Wait() }()
	if err := awaitSocket(ctx, client, ended); err != nil {
		_ = supervisor.Process.Signal(syscall.SIGTERM)
		return fmt.Errorf("%w; see %s", err, dir.SupervisorLog())
	}
	o.logf("lab: starting in %s", dir)
	began := time.Now()
	// Events ends with ctx, and the supervisor then finds that its owner is gone. It is told anyway, and waited for.
	if err := client.Events(ctx, true, func(text string) { o.logf("%s", text) }); err != nil {
		_ = client.Stop(context.WithoutCancel(ctx)) // it may have gone already
		<-ended                                     //nolint:errcheck // how it ended says less than why
		if ctx.Err() != nil {
			return errors.New("interrupted; nothing is left running")
		}
		return err
	}
	o.logf("lab: ready in %.0f s; `lab env` prints what a shell needs", time.Since(began).Seconds())
	return nil
}

// withMinIO tells whether the lab has MinIO, or is to have it.
func (flags upFlags) withMinIO(dir layout.Dir) (bool, error) {
	st, err := state.Load(dir)
	return err == nil && (flags.minio || st.MinIO), err
}

// alreadyUp reports on a lab that runs, and waits for one that is still starting.
func (o *options) alreadyUp(ctx context.Context, dir layout.Dir, client *control.Client, status control.Status, flags upFlags) error {
	if !status.Ready {
		o.logf("lab: another `lab up` is starting it in %s", dir)
		return client.Events(ctx, false, func(text string) { o.logf("%s", text) })
	}
	o.logf("lab: running already in %s", dir)
	for _, name := range killed(status) {
		o.logf("lab: %s has been killed; `lab start %s` brings it back", name, name)
	}
	st, err := state.Load(dir)
	if err == nil && st.Managed < flags.managed {
		o.logf("lab: it has %d managed clusters; `lab down`, then `lab up --managed %d` adds the others", st.Managed, flags.managed)
	}
	return err
}

// spawn starts the supervisor in a session of its own, so that it outlives this program and its terminal.
func spawn(dir layout.Dir, cache build.Cache, flags upFlags) (*exec.Cmd, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	log, err := os.OpenFile(dir.SupervisorLog(), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, err
	}
	defer func() { _ = log.Close() }()
	cmd := exec.Command(self, "supervise", "--dir", string(dir), "--cache", string(cache),
		"--managed", strconv.Itoa(flags.managed), "--eviction-grace", flags.grace.String(), "--acm", strings.Join(flags.acm, ","),
		"--minio="+strconv.FormatBool(flags.minio))
	cmd.Stdout, cmd.Stderr = log, log
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	return cmd, cmd.Start()
}

// awaitSocket waits until the supervisor answers.
func awaitSocket(ctx context.Context, client *control.Client, ended <-chan error) error {
	const interval, limit = 20 * time.Millisecond, 10 * time.Second
	deadline := time.After(limit)
	for {
		if _, err := client.Status(ctx); err == nil {
			return nil
		}
		select {
		case <-time.After(interval):
		case err := <-ended:
			return fmt.Errorf("the supervisor ended: %w", err)
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-deadline:
			return fmt.Errorf("the supervisor did not answer within %s", limit)
		}
	}
}
