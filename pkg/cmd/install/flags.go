package install

import (
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/distribution/reference"
	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/acmdr/kubectl-acmdr/pkg/cmd/cmdutil"
	"github.com/acmdr/kubectl-acmdr/pkg/storage"
	"github.com/acmdr/kubectl-acmdr/pkg/velero"
	"github.com/acmdr/kubectl-acmdr/pkg/wait"
)

// maxFile bounds what is read from a file that the user names: a secret holds at most 1 MiB.
const maxFile = 1 << 20

// Flags are what the user typed.
type Flags struct {
	settings        storage.Settings
	credentialsFile string
	cacertFile      string
	readOnly        bool
	customerKeyFile string
	checksum        string
	// given tells whether the user typed a flag, be it with an empty value.
	given   func(flag string) bool
	dryRun  cmdutil.DryRunFlag
	output  cmdutil.OutputFlags
	wait    bool
	timeout time.Duration
}

// NewFlags returns the flags with their defaults.
func NewFlags() *Flags {
	return &Flags{given: func(string) bool { return false }, wait: true, timeout: wait.Server + wait.Storage}
}

func (flags *Flags) addFlags(cmd *cobra.Command) {
	bucket := &flags.settings.Bucket
	f := cmd.Flags()
	flags.given = f.Changed
	f.StringVar(&bucket.Name, "bucket", "", "Name of the bucket that backups are kept in (required)")
	f.StringVar(&bucket.Prefix, "prefix", "", "Path inside the bucket, for a bucket that holds other things too")
	f.StringVar(&bucket.Region, "region", "", "Region of the bucket (default: on AWS the bucket's own, with --s3-url "+storage.UsualRegion+")")
	f.StringVar(&bucket.URL, "s3-url", "", "URL of the S3 server as the hub reaches it (default: AWS)")
	f.StringVar(&bucket.PublicURL, "public-url", "", "URL of the S3 server as this machine reaches it, where that differs from --s3-url")
	f.BoolVar(&bucket.ForcePathStyle, "s3-force-path-style", false,
		"Put the bucket's name into the path of the URL, not into its host name, as most S3 servers other than AWS expect")
	f.StringVar(&flags.cacertFile, "cacert", "", "File with the CA certificates that verify the S3 server, as PEM")
	f.StringVar(&bucket.Encryption.Algorithm, "server-side-encryption", "",
		"How the S3 server shall keep what is written: AES256, aws:kms or aws:kms:dsse (default: as the bucket says)")
	f.StringVar(&bucket.Encryption.KMSKeyID, "kms-key-id", "", "Key of the KMS that the S3 server shall keep it under; implies aws:kms")
	f.StringVar(&flags.customerKeyFile, "sse-c-key-file", "",
		"File with a key of exactly 32 bytes that the S3 server shall keep it under and forget (SSE-C). "+
			"Without this key no backup can be read: keep a copy outside of both hubs")
	f.StringVar(&flags.checksum, "checksum-algorithm", "",
		"Checksum that uploads carry: CRC32, CRC32C, SHA1, SHA256, CRC64NVME, or none if given empty, "+
			"for old S3 servers that refuse it (default CRC32)")
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
	_ = cmd.MarkFlagFilename("sse-c-key-file")
	cmdutil.AllowEmpty(cmd, mayBeEmpty...)
}

// mayBeEmpty are the flags by which, given empty, a location loses what it has.
var mayBeEmpty = []string{"region", "public-url", "server-side-encryption", "kms-key-id", "checksum-algorithm", "cacert"}

// configKeys are the flags by which a location can lose what its config has.
var configKeys = map[string]string{
	"region": storage.RegionKey, "public-url": storage.PublicURLKey, "s3-force-path-style": storage.ForcePathStyleKey,
	"server-side-encryption": storage.EncryptionKey, "kms-key-id": storage.KMSKeyIDKey,
}

// toSettings checks what was typed and reads the files that it names.
func (flags *Flags) toSettings() (storage.Settings, error) {
	s := flags.settings
	if flags.given("read-only") {
		s.Access = velero.ReadWrite
		if flags.readOnly {
			s.Access = velero.ReadOnly
		}
	}
	for flag, key := range configKeys {
		if flags.given(flag) {
			s.Given = append(s.Given, key)
		}
	}
	if err := checkBucket(s.Bucket); err != nil {
		return s, err
	}
	if s.Namespace != "" && len(validation.IsDNS1123Label(s.Namespace)) > 0 {
		return s, cmdutil.Usagef("--velero-namespace %q is no name of a namespace", s.Namespace)
	}
	if err := errors.Join(checkImage("--image", s.Image), checkImage("--plugin-image", s.PluginImage)); err != nil {
		return s, err
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
	if err := flags.protection(&s); err != nil {
		return s, err
	}
	if !flags.given("cacert") {
		return s, nil
	}
	if flags.cacertFile == "" {
		s.Bucket.CACert = []byte{} // the location loses what it has
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

// The values that Velero's AWS plugin takes.
var (
	encryptions = []string{storage.SSES3, "aws:kms", "aws:kms:dsse"}
	checksums   = []string{"", "CRC32", "CRC32C", "SHA1", "SHA256", "CRC64NVME"}
)

// protection is how what is written is kept, and guarded on its way.
func (flags *Flags) protection(s *storage.Settings) error {
	encryption := s.Bucket.Encryption
	switch {
	case encryption.Algorithm != "" && !slices.Contains(encryptions, encryption.Algorithm):
		return cmdutil.Usagef("--server-side-encryption must be one of %s", strings.Join(encryptions, ", "))
	case encryption.KMSKeyID != "" && encryption.Algorithm == storage.SSES3:
		return cmdutil.Usagef("--kms-key-id and --server-side-encryption %s exclude each other", storage.SSES3)
	case flags.customerKeyFile != "" && encryption.Any():
		return cmdutil.Usagef("--sse-c-key-file excludes --kms-key-id and --server-side-encryption")
	case !slices.Contains(checksums, flags.checksum):
		return cmdutil.Usagef("--checksum-algorithm must be empty or one of %s", strings.Join(checksums[1:], ", "))
	}
	if flags.given("checksum-algorithm") {
		s.Bucket.Checksum = &flags.checksum
	}
	if !flags.given("sse-c-key-file") {
		return nil
	}
	if server := s.Bucket.URL; server != "" && !strings.HasPrefix(server, "https://") {
		return cmdutil.Usagef("--sse-c-key-file needs --s3-url with https: S3 servers take no key over plain http")
	}
	key, err := read("--sse-c-key-file", flags.customerKeyFile)
	if err != nil {
		return err
	}
	if len(key) != velero.CustomerKeySize {
		return cmdutil.Usagef("--sse-c-key-file %s holds %d bytes, not exactly %d: make one with 'openssl rand -out FILE %d'",
			flags.customerKeyFile, len(key), velero.CustomerKeySize, velero.CustomerKeySize)
	}
	s.CustomerKey = key
	return nil
}

// bucketName is what S3 takes for the name of a bucket, apart from two dots in a row.
var bucketName = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`)

func checkBucket(b storage.Bucket) error {
	switch {
	case b.Name == "":
		return cmdutil.Usagef("--bucket is required")
	case strings.ContainsAny(b.Name, "/: \t"):
		return cmdutil.Usagef("--bucket %q is no name of a bucket: give the name alone; a path inside it goes into --prefix", b.Name)
	case !bucketName.MatchString(b.Name) || strings.Contains(b.Name, ".."):
		return cmdutil.Usagef("--bucket %q is no name of a bucket: "+
			"it has 3 to 63 lower case letters, digits, dots and hyphens, and a letter or digit at both ends", b.Name)
	case strings.HasPrefix(b.Prefix, "/") || strings.HasSuffix(b.Prefix, "/"):
		return cmdutil.Usagef("--prefix %q must not begin or end with a slash", b.Prefix)
	case b.Prefix != "" && path.Clean("/"+b.Prefix) != "/"+b.Prefix:
		return cmdutil.Usagef("--prefix %q must be a plain path, without '.', '..' or empty parts", b.Prefix)
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

// checkImage refuses what no registry has, which the hub would only find out when it pulls the image.
func checkImage(flag, image string) error {
	if image == "" {
		return nil
	}
	if _, err := reference.ParseNormalizedNamed(image); err != nil {
		return cmdutil.Usagef("%s %q is no image: %w", flag, image, err)
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

func read(flag, name string) ([]byte, error) {
	file, err := os.Open(name)
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
