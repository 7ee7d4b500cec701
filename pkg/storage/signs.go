package storage

// sign is a cause with the texts that give it away in a location's status.message.
type sign struct {
	texts   []string
	problem string
	remedy  string
}

// signs are tried in order, the more specific first. The codes are those of S3, XAdminUserNotFound of versitygw; the other
// texts are of Go's net, net/http and crypto/x509, of Velero v1.18.3, and of velero-plugin-for-aws v1.14.3.
var signs = []sign{
	{
		texts:   []string{"InvalidAccessKeyId", "InvalidClientTokenId", "XAdminUserNotFound", "ccess Key Id you provided does not exist"},
		problem: "the S3 server does not know the access key",
		remedy:  "check aws_access_key_id in the credentials file",
	},
	{
		texts:   []string{"SignatureDoesNotMatch"},
		problem: "the secret key does not match the access key",
		remedy:  "check aws_secret_access_key in the credentials file",
	},
	{
		texts:   []string{"ExpiredToken", "token included in the request is expired"},
		problem: "the session token in the credentials has expired",
		remedy:  "use a key that does not expire",
	},
	{
		texts:   []string{"RequestTimeTooSkewed"},
		problem: "the clocks of the hub and of the S3 server differ by more than 15 minutes",
		remedy:  "set them",
	},
	{
		texts:   []string{"NoSuchBucket"},
		problem: "the bucket does not exist",
		remedy:  "create it, or correct --bucket",
	},
	{
		texts:   []string{"InvalidBucketName", "bucket is not valid", "must not contain a '/'"},
		problem: "this is no name of a bucket",
		remedy:  "correct --bucket; a path inside the bucket goes into --prefix",
	},
	{
		texts: []string{
			"PermanentRedirect", "AuthorizationHeaderMalformed", "BucketRegionError", "IllegalLocationConstraint",
			"requested bucket from", "StatusCode: 301",
		},
		problem: "the bucket is in another region",
		remedy:  "correct --region",
	},
	{
		texts:   []string{"Missing Region", "unable to determine bucket's region", "InvalidRegion"},
		problem: "the region is not known",
		remedy:  "give it with --region",
	},
	{
		texts: []string{"HeadObject, https response error StatusCode: 403", "HeadBucket, https response error StatusCode: 403"},
		problem: "the S3 server refuses without saying why (403 Forbidden): the access key lacks rights there, " +
			"or the clocks of the hub and of the S3 server differ by more than 15 minutes",
		remedy: "see 'kubectl acmdr check'",
	},
	{
		texts:   []string{"AccessDenied", "Forbidden", "StatusCode: 403"},
		problem: "the access key may not list the bucket",
		remedy:  "allow it s3:ListBucket, s3:GetObject, s3:PutObject and s3:DeleteObject there",
	},
	{
		texts:   []string{"certificate signed by unknown authority", "certificate is not trusted"},
		problem: "the S3 server's certificate is signed by an unknown authority",
		remedy:  "give its CA with --cacert",
	},
	{
		texts:   []string{"x509: certificate has expired or is not yet valid"},
		problem: "the S3 server's certificate has expired, or the hub's clock is wrong",
		remedy:  "renew it",
	},
	{
		texts: []string{
			"x509: certificate is valid for", "x509: certificate is not valid for", "x509: cannot validate certificate",
			"doesn't contain any IP SANs",
		},
		problem: "the S3 server's certificate is for another name",
		remedy:  "use in --s3-url the name that the certificate has",
	},
	{
		texts:   []string{"server gave HTTP response to HTTPS client"},
		problem: "the S3 server speaks HTTP, not HTTPS",
		remedy:  "begin --s3-url with http://",
	},
	{
		texts:   []string{"lient sent an HTTP request to an HTTPS server"},
		problem: "the S3 server speaks HTTPS, not HTTP",
		remedy:  "begin --s3-url with https://",
	},
	{
		texts:   []string{"no such host", "server misbehaving"},
		problem: "the name of the S3 server cannot be resolved from the hub",
		remedy:  "correct --s3-url, or add --s3-force-path-style where the bucket is not part of the host name",
	},
	{
		texts:   []string{"file too large", "no space left on device", "disk quota exceeded", "XMinioStorageFull", "QuotaExceeded"},
		problem: "the S3 server has no room left",
		remedy:  "make room there",
	},
	{
		texts:   []string{"connection refused"},
		problem: "nothing listens at the S3 server's address",
		remedy:  "correct --s3-url, or start the server",
	},
	{
		texts: []string{
			"no route to host", "network is unreachable", "i/o timeout", "TLS handshake timeout", "connection reset",
			"Client.Timeout", "context deadline exceeded",
		},
		problem: "the hub has no way to the S3 server",
		remedy:  "check --s3-url, routes, firewalls and proxies",
	},
	{
		texts: []string{
			"failed to get shared config profile", "failed to load shared config", "failed to refresh cached credentials",
			"no EC2 IMDS role found", "NoCredentialProviders",
		},
		problem: "Velero finds no usable credentials",
		remedy:  "check the credentials file and its profile [default]",
	},
	{
		texts:   []string{"unable to get key for secret"},
		problem: "the secret with the credentials is missing",
		remedy:  "run install again",
	},
	{
		texts:   []string{"unable to locate ObjectStore plugin", "no plugin registered", "ObjectStore plugin named"},
		problem: "this Velero has no plugin for S3",
		remedy:  "add it: 'velero plugin add velero/velero-plugin-for-aws:v1.14.3', or with OADP the default plugin aws",
	},
	{
		texts:   []string{"invalid top-level director"},
		problem: "the bucket holds other things than backups",
		remedy:  "give backups a place of their own with --prefix",
	},
	{
		texts:   []string{"config has invalid keys"},
		problem: "the location's config has a key that Velero's S3 plugin does not know",
		remedy:  "remove it",
	},
	{
		texts:   []string{"Invalid s3 url"},
		problem: "the S3 URL is not valid",
		remedy:  "correct --s3-url",
	},
	{
		texts:   []string{"StatusCode: 500", "StatusCode: 503", "StatusCode: 507"},
		problem: "the S3 server fails, as when it has no room left or is overloaded",
		remedy:  "see its own log",
	},
	{
		texts: []string{
			"StatusCode: 5", "deserializ", "api error NotFound", "api error UnknownError", "malformed HTTP response", ": EOF",
		},
		problem: "what answers at the S3 URL is not a working S3 server",
		remedy:  "correct --s3-url",
	},
}
