package install

import (
	"fmt"
	"io"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/acmdr/kubectl-acmdr/pkg/cmd/cmdutil"
	"github.com/acmdr/kubectl-acmdr/pkg/storage"
	"github.com/acmdr/kubectl-acmdr/pkg/velero"
	"github.com/acmdr/kubectl-acmdr/pkg/wait"
)

// maxFile bounds what is read from a file that the user names: a secret holds at most 1 MiB.
const maxFile = 1 << 20

// usualRegion is what S3 servers other than AWS call themselves unless told otherwise. A request cannot be signed without one.
const usualRegion = "us-east-1"

// Flags are what the user typed.
type Flags struct {
	settings        storage.Settings
	credentialsFile string
	cacertFile      string
	readOnly        bool
	dryRun          cmdutil.DryRunFlag
	output          cmdutil.OutputFlags
	wait            bool
	timeout         time.Duration
}

// NewFlags returns the flags with their defaults.
func NewFlags() *Flags {
	return &Flags{wait: true, timeout: wait.Server + wait.Storage}
}

func (flags *Flags) addFlags(cmd *cobra.Command) {
	bucket := &flags.settings.Bucket
	f := cmd.Flags()
	f.StringVar(&bucket.Name, "bucket", "", "Name of the bucket that backups are kept in (required)")
	f.StringVar(&bucket.Prefix, "prefix", "", "Path inside the bucket, for a bucket that holds other things too")
	f.StringVar(&bucket.Region, "region", "", "Region of the bucket (default: on AWS the bucket's own, with --s3-url "+usualRegion+")")
	f.StringVar(&bucket.URL, "s3-url", "", "URL of the S3 server as the hub reaches it (default: AWS)")
	f.StringVar(&bucket.PublicURL, "public-url", "", "URL of the S3 server as this machine reaches it, where that differs from --s3-url")
	f.BoolVar(&bucket.ForcePathStyle, "s3-force-path-style", false,
		"Put the bucket's name into the path of the URL, not into its host name, as most S3 servers other than AWS expect")
	f.StringVar(&flags.cacertFile, "cacert", "", "File with the CA certificates that verify the S3 server, as PEM")
	f.StringVar(&flags.credentialsFile, "credentials-file", "",
		"File with the access key of the bucket in the profile [default], in the format of the AWS CLI (required)")
	f.StringVar(&flags.settings.Image, "image", "",
		"Image of Velero's server, for example from a mirror registry (default: the one this plugin is built for)")
	f.StringVar(&flags.settings.PluginImage, "plugin-image", "", "Image of Velero's S3 plugin (default: the one that belongs to the server)")
	f.StringVar(&flags.settings.Namespace, "velero-namespace", "",
		fmt.Sprintf("Namespace of Velero on the hub (default: where it is already, else %s)", velero.DefaultNamespace))
	f.BoolVar(&flags.readOnly, "read-only", false, "Let this hub only read the bucket, as a standby hub should until it takes over; "+
		"--read-only=false takes over (default: as the location has it, else both)")
	f.BoolVar(&flags.wait, "wait", flags.wait, "Wait until Velero runs and has found the location Available")
	f.DurationVar(&flags.timeout, "timeout", flags.timeout, "How long to wait")
	flags.dryRun.AddFlags(cmd)
	flags.output.AddFlags(cmd)
	_ = cmd.MarkFlagFilename("cacert")
	_ = cmd.MarkFlagFilename("credentials-file")
}

// toSettings checks what was typed and reads the files that it names.
func (flags *Flags) toSettings() (storage.Settings, error) {
	s := flags.settings
	if s.Bucket.URL != "" && s.Bucket.Region == "" {
		s.Bucket.Region = usualRegion
	}
	if err := checkBucket(s.Bucket); err != nil {
		return s, err
	}
	if s.Namespace != "" && len(validation.IsDNS1123Label(s.Namespace)) > 0 {
		return s, cmdutil.Usagef("--velero-namespace %q is no name of a namespace", s.Namespace)
	}
	if flags.timeout <= 0 {
		return s, cmdutil.Usagef("--timeout must be more than 0, not %s", flags.timeout)
	}
	if flags.credentialsFile == "" {
		return s, cmdutil.Usagef("--credentials-file is required")
	}
	credentials, err := read("--credentials-file", flags.credentialsFile)
	if err != nil {
		return s, err
	}
	s.Credentials = credentials
	if err := s.Credentials.Validate(); err != nil {
		return s, cmdutil.Usagef("--credentials-file %s: %w", flags.credentialsFile, err)
	}
	if flags.cacertFile == "" {
		return s, nil
	}
	if s.Bucket.CACert, err = read("--cacert", flags.cacertFile); err != nil {
		return s, err
	}
	if err := storage.ValidateCACert(s.Bucket.CACert); err != nil {
		return s, cmdutil.Usagef("--cacert %s: %w", flags.cacertFile, err)
	}
	return s, nil
}

func checkBucket(b storage.Bucket) error {
	switch {
	case b.Name == "":
		return cmdutil.Usagef("--bucket is required")
	case strings.ContainsAny(b.Name, "/: \t"):
		return cmdutil.Usagef("--bucket %q is no name of a bucket: give the name alone; a path inside it goes into --prefix", b.Name)
	case strings.HasPrefix(b.Prefix, "/") || strings.HasSuffix(b.Prefix, "/"):
		return cmdutil.Usagef("--prefix %q must not begin or end with a slash", b.Prefix)
	case b.URL == "" && b.PublicURL != "":
		return cmdutil.Usagef("--public-url needs --s3-url")
	}
	for flag, value := range map[string]string{"--s3-url": b.URL, "--public-url": b.PublicURL} {
		if err := checkURL(flag, value); err != nil {
			return err
		}
	}
	return nil
}

func checkURL(flag, value string) error {
	if value == "" {
		return nil
	}
	u, err := url.Parse(value)
	switch {
	case err != nil, u.Host == "", u.Scheme != "http" && u.Scheme != "https":
		// The value is not repeated: a URL may carry a password.
		return cmdutil.Usagef("%s is no URL of an S3 server: it must look like https://HOST or https://HOST:PORT", flag)
	case u.User != nil:
		return cmdutil.Usagef("%s carries a user or password: they belong into --credentials-file", flag)
	case u.RawQuery != "" || u.Fragment != "":
		return cmdutil.Usagef("%s must not have a query or a fragment", flag)
	}
	return nil
}

func read(flag, path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, cmdutil.Usagef("%s: %w", flag, err)
	}
	defer func() { _ = file.Close() }() // it was only read
	data, err := io.ReadAll(io.LimitReader(file, maxFile))
	if err != nil {
		return nil, cmdutil.Usagef("%s: %w", flag, err)
	}
	return data, nil
}
