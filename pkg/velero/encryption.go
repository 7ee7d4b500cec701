package velero

import (
	"context"
	"crypto/md5" //nolint:gosec // S3 asks for the MD5 of a customer key, to find one that was damaged on the way
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// The keys of a location's config under which Velero's AWS plugin finds a customer's key: as SECRET/KEY in its own namespace,
// or as a file in the container of its server (velero-plugin-for-aws v1.14.3 object_store.go).
const (
	CustomerKeySecret = "customerKeyEncryptionSecret"
	CustomerKeyFile   = "customerKeyEncryptionFile"
)

// CustomerKeySize is how many bytes a customer's key has (AES-256).
const CustomerKeySize = 32

// The headers by which S3 is given a customer's key, and by which it says how it keeps an object.
const (
	encryptionHeader        = "X-Amz-Server-Side-Encryption"
	kmsKeyHeader            = encryptionHeader + "-Aws-Kms-Key-Id"
	customerAlgorithmHeader = encryptionHeader + "-Customer-Algorithm"
	customerKeyHeader       = encryptionHeader + "-Customer-Key"
	customerSumHeader       = encryptionHeader + "-Customer-Key-Md5"
)

// HasCustomerKey tells whether what is in a location opens only with a customer's key (SSE-C).
func HasCustomerKey(location *Location) bool {
	return location.Spec.Config[CustomerKeySecret] != "" || location.Spec.Config[CustomerKeyFile] != ""
}

// customerKey opens what is kept under a key that the store does not have; nil where there is none. It never shows itself.
type customerKey []byte

// customerKey reads the key of a location. Without it the store refuses what Velero's pre-signed URL names (velero#8668).
func (d *Downloader) customerKey(ctx context.Context, location *Location) (customerKey, error) {
	if file := location.Spec.Config[CustomerKeyFile]; file != "" {
		return nil, fmt.Errorf("location %s has its customer key in a file of Velero's server, %s, which cannot be read from here: "+
			"keep it in a secret and name that as %s", location.Name, file, CustomerKeySecret)
	}
	ref := location.Spec.Config[CustomerKeySecret]
	if ref == "" {
		return nil, nil
	}
	name, field, _ := strings.Cut(ref, "/")
	secret, err := d.Kube.CoreV1().Secrets(location.Namespace).Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return nil, fmt.Errorf("reading the customer key of location %s: %w", location.Name, err)
	}
	key := secret.Data[field]
	if len(key) != CustomerKeySize {
		return nil, fmt.Errorf("the customer key of location %s has %d bytes in secret %s, not %d", location.Name, len(key), ref, CustomerKeySize)
	}
	return key, nil
}

// addTo gives the key to a request, which must not carry it in the open.
func (k customerKey) addTo(request *http.Request) error {
	if k == nil {
		return nil
	}
	if request.URL.Scheme != "https" {
		return fmt.Errorf("the object store at %s would get the customer key over plain http: use https in the location's s3Url and publicUrl",
			request.URL.Host)
	}
	sum := md5.Sum(k) //nolint:gosec // as S3 asks for it
	request.Header.Set(customerAlgorithmHeader, "AES256")
	request.Header.Set(customerKeyHeader, base64.StdEncoding.EncodeToString(k))
	request.Header.Set(customerSumHeader, base64.StdEncoding.EncodeToString(sum[:]))
	return nil
}

// checkRedirect lets no key follow a redirect; nil, which is net/http's own rule, where there is none.
func (k customerKey) checkRedirect() func(*http.Request, []*http.Request) error {
	if k == nil {
		return nil
	}
	return func(*http.Request, []*http.Request) error {
		return errors.New("it redirects, and the customer key is given to no other server")
	}
}

// encryptionOf says how a store keeps what it answers with.
func encryptionOf(header http.Header) string {
	if algorithm := header.Get(customerAlgorithmHeader); algorithm != "" {
		return algorithm + " with the customer's key (SSE-C)"
	}
	algorithm := header.Get(encryptionHeader)
	if key := header.Get(kmsKeyHeader); key != "" {
		// An ARN names account and region too; its last part is the key.
		return algorithm + " with key " + key[strings.LastIndexAny(key, "/:")+1:]
	}
	return algorithm
}
