package storage

import (
	"strings"
	"testing"
)

// The messages are those that velero v1.18.3 with velero-plugin-for-aws v1.14.3 wrote against a real S3 server, or that S3
// documents.
func TestExplain(t *testing.T) {
	const frame = `BackupStorageLocation "default" is unavailable: rpc error: code = Unknown desc = operation error S3: ListObjectsV2, `
	for _, c := range []struct{ want, message string }{
		{
			"refuses without saying why (403 Forbidden)",
			"backup execution failed: error checking if backup already exists in object storage: rpc error: code = Unknown desc = " +
				"operation error S3: HeadObject, https response error StatusCode: 403, RequestID: 1, HostID: 2, api error Forbidden: Forbidden",
		},
		{
			"fails, as when it has no room left",
			"operation error S3: PutObject, https response error StatusCode: 500, RequestID: 1, HostID: 2, api error InternalError: We " +
				"encountered an internal error.",
		},
		{
			"has no room left",
			"operation error S3: PutObject, https response error StatusCode: 507, RequestID: 1, HostID: 2, api error XMinioStorageFull: full",
		},
		{
			"does not know the access key",
			frame + "https response error StatusCode: 403, RequestID: 1, HostID: 2, api error InvalidAccessKeyId: The AWS Access " +
				"Key Id you provided does not exist in our records.",
		},
		{
			"does not know the access key",
			frame + "https response error StatusCode: 404, RequestID: 1, HostID: 2, api error XAdminUserNotFound: No user exists " +
				"with the provided access key ID.",
		},
		{
			"secret key does not match",
			frame + "https response error StatusCode: 403, RequestID: 1, HostID: 2, api error SignatureDoesNotMatch: The request " +
				"signature we calculated",
		},
		{
			"may not list the bucket",
			frame + "https response error StatusCode: 403, RequestID: 1, HostID: 2, api error AccessDenied: Access Denied.",
		},
		{
			"the bucket does not exist",
			frame + "https response error StatusCode: 404, RequestID: 1, HostID: 2, NoSuchBucket: ",
		},
		{
			"in another region",
			frame + "https response error StatusCode: 301, RequestID: 1, HostID: 2, api error PermanentRedirect: The bucket",
		},
		{
			"in another region",
			frame + "https response error StatusCode: 400, api error AuthorizationHeaderMalformed: The authorization header is " +
				"malformed; the region 'eu-west-1' is wrong; expecting 'us-east-1'",
		},
		{
			"cannot be resolved",
			frame + "exceeded maximum number of attempts, 3, https response error StatusCode: 0, RequestID: , HostID: , request " +
				"send failed, Get \"https://s3/\": dial tcp: lookup s3: no such host",
		},
		{
			"nothing listens",
			frame + "exceeded maximum number of attempts, 3, https response error StatusCode: 0, request send failed, Get " +
				"\"http://127.0.0.1:1/\": dial tcp 127.0.0.1:1: connect: connection refused",
		},
		{
			"not a working S3 server",
			frame + "https response error StatusCode: 404, RequestID: , HostID: , error while deserializing xml error response : " +
				"XML syntax error on line 6: element <meta> closed by </head>",
		},
		{
			"no way to the S3 server",
			frame + "request send failed, Get \"https://10.0.0.1/\": dial tcp 10.0.0.1:443: i/o timeout",
		},
		{
			"give its CA with --cacert",
			frame + "request send failed, Get \"https://s3/\": tls: failed to verify certificate: x509: certificate signed by " +
				"unknown authority",
		},
		{
			"certificate is for another name",
			frame + "request send failed, Get \"https://s3/\": tls: failed to verify certificate: x509: certificate is valid for " +
				"a, not b",
		},
		{
			"begin --s3-url with http://",
			frame + "request send failed, Get \"https://s3/\": http: server gave HTTP response to HTTPS client",
		},
		{
			"a place of their own with --prefix",
			`BackupStorageLocation "default" is unavailable: Backup store contains invalid top-level directories: [photos]`,
		},
		{
			"the secret with the credentials is missing",
			`BackupStorageLocation "default" is unavailable: unable to get key for secret: Secret "cloud-credentials" not ` +
				`found`,
		},
		{
			"no plugin for S3",
			`BackupStorageLocation "default" is unavailable: unable to locate ObjectStore plugin named velero.io/aws`,
		},
	} {
		cause := Explain(c.message)
		if !cause.Known || !strings.Contains(cause.String(), c.want) {
			t.Errorf("%s\n  is explained as %q, want %q", c.message, cause, c.want)
		}
	}
}

func TestExplainUnknown(t *testing.T) {
	for message, want := range map[string]string{
		"": "Velero gives no reason",
		`BackupStorageLocation "default" is unavailable: rpc error: code = Unknown desc = operation error S3: ListObjectsV2, ` +
			"https response error StatusCode: 418, RequestID: 1, HostID: 2, api error Teapot: short\nand stout": "api error Teapot: short and stout",
	} {
		if cause := Explain(message); cause.Known || cause.String() != want {
			t.Errorf("%q is explained as %q, want %q", message, cause, want)
		}
	}
}
