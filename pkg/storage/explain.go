package storage

import (
	"regexp"
	"strings"
)

// Cause is why Velero cannot use a location, in words that say what to do.
type Cause struct {
	// Problem is what is wrong; Remedy what helps.
	Problem string
	Remedy  string
	// Known tells whether the message was recognized; else Problem is Velero's own text.
	Known bool
}

func (c Cause) String() string {
	if c.Remedy == "" {
		return c.Problem
	}
	return c.Problem + ": " + c.Remedy
}

// sign is what gives a cause away in a location's status.message. Codes are those of S3, XAdminUserNotFound of versitygw; the
// other texts are of Go's net and crypto/x509, of Velero v1.18.3, and of velero-plugin-for-aws v1.14.3.
type sign struct {
	pattern *regexp.Regexp
	problem string
	remedy  string
}

// signs are tried in order, the more specific first.
var signs = []sign{
	{regexp.MustCompile(`InvalidAccessKeyId|InvalidClientTokenId|XAdminUserNotFound|[aA]ccess [kK]ey I[dD] you provided does not exist`),
		"the S3 server does not know the access key", "check aws_access_key_id in the credentials file"},
	{regexp.MustCompile(`SignatureDoesNotMatch`),
		"the secret key does not match the access key", "check aws_secret_access_key in the credentials file"},
	{regexp.MustCompile(`ExpiredToken|token included in the request is expired`),
		"the session token in the credentials has expired", "use a key that does not expire"},
	{regexp.MustCompile(`RequestTimeTooSkewed`),
		"the clocks of the hub and of the S3 server differ by more than 15 minutes", "set them"},
	{regexp.MustCompile(`NoSuchBucket`),
		"the bucket does not exist", "create it, or correct --bucket"},
	{regexp.MustCompile(`InvalidBucketName|bucket is not valid|must not contain a '/'`),
		"this is no name of a bucket", "correct --bucket; a path inside the bucket goes into --prefix"},
	{regexp.MustCompile(`PermanentRedirect|AuthorizationHeaderMalformed|BucketRegionError|IllegalLocationConstraint|region .* is wrong|requested bucket from|StatusCode: 301`),
		"the bucket is in another region", "correct --region"},
	{regexp.MustCompile(`Missing Region|unable to determine bucket's region|InvalidRegion`),
		"the region is not known", "give it with --region"},
	{regexp.MustCompile(`AccessDenied|Forbidden|StatusCode: 403`),
		"the access key may not list the bucket", "allow it s3:ListBucket, s3:GetObject, s3:PutObject and s3:DeleteObject there"},
	{regexp.MustCompile(`certificate signed by unknown authority|failed to verify certificate: x509: certificate is not trusted`),
		"the S3 server's certificate is signed by an unknown authority", "give its CA with --cacert"},
	{regexp.MustCompile(`x509: certificate has expired or is not yet valid`),
		"the S3 server's certificate has expired, or the hub's clock is wrong", "renew it"},
	{regexp.MustCompile(`x509: certificate is (valid for|not valid for)|doesn't contain any IP SANs|x509: cannot validate certificate`),
		"the S3 server's certificate is for another name", "use in --s3-url the name that the certificate has"},
	{regexp.MustCompile(`server gave HTTP response to HTTPS client`),
		"the S3 server speaks HTTP, not HTTPS", "begin --s3-url with http://"},
	{regexp.MustCompile(`client sent an HTTP request to an HTTPS server|Client sent an HTTP request`),
		"the S3 server speaks HTTPS, not HTTP", "begin --s3-url with https://"},
	{regexp.MustCompile(`no such host|server misbehaving`),
		"the name of the S3 server cannot be resolved from the hub", "correct --s3-url, or add --s3-force-path-style where the bucket is not part of the host name"},
	{regexp.MustCompile(`connection refused`),
		"nothing listens at the S3 server's address", "correct --s3-url, or start the server"},
	{regexp.MustCompile(`no route to host|network is unreachable|i/o timeout|TLS handshake timeout|connection reset|Client\.Timeout|context deadline exceeded`),
		"the hub has no way to the S3 server", "check --s3-url, routes, firewalls and proxies"},
	{regexp.MustCompile(`failed to get shared config profile|failed to load shared config|failed to refresh cached credentials|no EC2 IMDS role found|NoCredentialProviders`),
		"Velero finds no usable credentials", "check the credentials file and its profile [default]"},
	{regexp.MustCompile(`unable to get key for secret|secret .* not found|Secret ".*" not found`),
		"the secret with the credentials is missing", "run install again"},
	{regexp.MustCompile(`unable to locate ObjectStore plugin|no plugin registered|ObjectStore plugin named`),
		"this Velero has no plugin for S3", "add it: 'velero plugin add velero/velero-plugin-for-aws:v1.14.3', or with OADP the default plugin aws"},
	{regexp.MustCompile(`contains (\d+ )?invalid top-level director`),
		"the bucket holds other things than backups", "give backups a place of their own with --prefix"},
	{regexp.MustCompile(`config has invalid keys`),
		"the location's config has a key that Velero's S3 plugin does not know", "remove it"},
	{regexp.MustCompile(`Invalid s3 url`),
		"the S3 URL is not valid", "correct --s3-url"},
	{regexp.MustCompile(`StatusCode: 5\d\d|deserializ|api error (NotFound|UnknownError)|malformed HTTP response|: EOF$`),
		"what answers at the S3 URL is not a working S3 server", "correct --s3-url"},
}

// frames are around the cause in the message of a location.
var frames = regexp.MustCompile(`^BackupStorageLocation "[^"]*" is unavailable: |rpc error: code = \w+ desc = |operation error S3: \w+, |` +
	`https response error |StatusCode: \d+, |RequestID: [^,]*, |HostID: [^,]*, `)

// Explain says why a location is not Available, from its status.message.
func Explain(message string) Cause {
	for _, sign := range signs {
		if sign.pattern.MatchString(message) {
			return Cause{Problem: sign.problem, Remedy: sign.remedy, Known: true}
		}
	}
	text := strings.Join(strings.Fields(frames.ReplaceAllString(message, "")), " ")
	if text == "" {
		text = "Velero gives no reason"
	}
	return Cause{Problem: text}
}
