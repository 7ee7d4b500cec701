// Package storage sets up where backups go: Velero with its S3 location on a hub that has no Velero, or the location alone on
// a hub that has one. What an installation holds is embedded, made by Velero's own install package (tools/generate).
package storage

import (
	"cmp"
	"net/url"
	"strings"

	"github.com/acmdr/kubectl-acmdr/pkg/velero"
)

// FieldManager owns what is applied here, so that a second run sees what is its own and leaves the rest alone.
const FieldManager = velero.ManagedBy

// The keys of a location's config that Velero's AWS plugin reads (velero-plugin-for-aws v1.14.3 object_store.go).
const (
	RegionKey         = "region"
	s3URLKey          = "s3Url"
	PublicURLKey      = "publicUrl"
	ForcePathStyleKey = "s3ForcePathStyle"
	KMSKeyIDKey       = "kmsKeyId"
	EncryptionKey     = "serverSideEncryption"
	checksumKey       = "checksumAlgorithm"
)

// UsualRegion is what S3 servers other than AWS call themselves unless told otherwise. A request cannot be signed without one.
const UsualRegion = "us-east-1"

// SSES3 is the algorithm of a store that keeps what is written under keys of its own, and so excludes a key of the KMS.
const SSES3 = "AES256"

// provider is the name under which Velero knows its AWS plugin.
const provider = "aws"

// Settings are the wishes for an installation.
type Settings struct {
	// Namespace is where Velero is installed when the hub has none.
	Namespace string
	// Image and PluginImage replace the pinned images; empty keeps them.
	Image       string
	PluginImage string
	// Credentials is the file that opens the bucket, in the format of the AWS CLI.
	Credentials Credentials
	// CustomerKey is the key of SSE-C, 32 bytes; nil for the one that is there already, or none.
	CustomerKey Credentials
	Bucket      Bucket
	// Given are the keys of the config that were asked for: an empty value of theirs takes away what the location has. All that
	// was not asked for stays as the location has it.
	Given []string
	// Access is whether Velero may write to the bucket: velero.ReadOnly for a standby hub, velero.ReadWrite, or empty for what
	// the location has already.
	Access string
}

// Bucket is where in which S3 server backups are kept.
type Bucket struct {
	Name   string
	Prefix string
	// Region may be empty: on AWS Velero finds it, elsewhere it is the usual one.
	Region string
	// URL is the S3 server, empty for AWS. PublicURL is where a user's machine reaches it, when that differs.
	URL       string
	PublicURL string
	// ForcePathStyle puts the bucket into the path instead of the host name.
	ForcePathStyle bool
	// CACert is the PEM bundle that verifies the server, empty for well-known CAs, nil for what the location has already, if any.
	CACert []byte
	// Encryption is how the server is asked to keep what is written.
	Encryption Encryption
	// Checksum is the algorithm that uploads carry the sum of; nil for the location's, or Velero's own; empty for none, as old S3
	// clones need it.
	Checksum *string
}

// Encryption is a wish; what came of it shows in the answers of the server.
type Encryption struct {
	// Algorithm is AES256 (SSE-S3), aws:kms or aws:kms:dsse; empty leaves it to the bucket's default.
	Algorithm string
	// KMSKeyID names the key of SSE-KMS.
	KMSKeyID string
	// CustomerKey is where the key of SSE-C is, as SECRET/KEY.
	CustomerKey string
}

// Any tells whether the location asks for encryption at all.
func (e Encryption) Any() bool { return e != Encryption{} }

func (e Encryption) String() string {
	switch {
	case e.CustomerKey != "":
		return "SSE-C"
	case e.KMSKeyID != "":
		return "aws:kms with key " + e.KMSKeyID
	}
	return e.Algorithm
}

// config is the bucket as Velero's AWS plugin reads it.
func (b Bucket) config() map[string]string {
	config := map[string]string{}
	for key, value := range map[string]string{
		RegionKey: b.Region, s3URLKey: b.URL, PublicURLKey: b.PublicURL,
		EncryptionKey: b.Encryption.Algorithm, KMSKeyIDKey: b.Encryption.KMSKeyID, velero.CustomerKeySecret: b.Encryption.CustomerKey,
	} {
		if value != "" {
			config[key] = value
		}
	}
	if b.ForcePathStyle {
		config[ForcePathStyleKey] = "true"
	}
	if b.Checksum != nil {
		config[checksumKey] = *b.Checksum
	}
	return config
}

// BucketOf is what a location points at.
func BucketOf(location *velero.Location) Bucket {
	b := Bucket{
		Region:         location.Spec.Config[RegionKey],
		URL:            location.Spec.Config[s3URLKey],
		PublicURL:      location.Spec.Config[PublicURLKey],
		ForcePathStyle: location.Spec.Config[ForcePathStyleKey] == "true",
		Encryption:     encryptionOf(location.Spec.Config),
	}
	if storage := location.Spec.ObjectStorage; storage != nil {
		b.Name, b.Prefix, b.CACert = storage.Bucket, storage.Prefix, storage.CACert
	}
	return b
}

func encryptionOf(config map[string]string) Encryption {
	return Encryption{
		Algorithm: config[EncryptionKey], KMSKeyID: config[KMSKeyIDKey],
		CustomerKey: cmp.Or(config[velero.CustomerKeySecret], config[velero.CustomerKeyFile]),
	}
}

// difference says where two buckets are not the same place; empty when they are. How a place is reached (region, CA, path
// style, public URL) does not count: it may be corrected without losing sight of the backups.
func (b Bucket) difference(other Bucket) string {
	for _, part := range []struct{ name, one, two string }{
		{"bucket", strings.Trim(b.Name, "/"), strings.Trim(other.Name, "/")},
		{"prefix", strings.Trim(b.Prefix, "/"), strings.Trim(other.Prefix, "/")},
		{"S3 URL", sameURL(b.URL), sameURL(other.URL)},
	} {
		if part.one != part.two {
			return part.name + " " + quoted(part.one) + ", not " + quoted(part.two)
		}
	}
	return ""
}

// sameURL brings the ways to write one URL to one: OADP, for one, strips default ports from the URLs it is given.
func sameURL(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return raw
	}
	host := strings.ToLower(u.Host)
	if port := map[string]string{"http": ":80", "https": ":443"}[u.Scheme]; port != "" {
		host = strings.TrimSuffix(host, port)
	}
	u.Host, u.Path = host, strings.TrimRight(u.Path, "/")
	return u.String()
}

func quoted(value string) string {
	if value == "" {
		return "<none>"
	}
	return `"` + value + `"`
}

// Credentials is the content of a credentials file. It never shows itself.
type Credentials []byte

// String hides the secret from every format verb and logger.
func (Credentials) String() string { return "REDACTED" }

// GoString hides the secret from %#v.
func (Credentials) GoString() string { return "REDACTED" }

// MarshalJSON hides the secret from encoders.
func (Credentials) MarshalJSON() ([]byte, error) { return []byte(`"REDACTED"`), nil }
