package velero

import (
	"bytes"
	"crypto/md5" //nolint:gosec // what object stores answer with; it guards against damage, not against people
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"net/http"
	"strings"
)

// storedMD5 is the sum that a store keeps of an object, or nil. S3's ETag is one unless the object came in parts or is
// encrypted (S3 API reference, Object); Azure says Content-MD5, Google x-goog-hash.
func storedMD5(header http.Header) []byte {
	encoded := header.Get("Content-MD5")
	for _, value := range header.Values("X-Goog-Hash") {
		if sum, ok := strings.CutPrefix(value, "md5="); ok {
			encoded = sum
		}
	}
	if sum, err := base64.StdEncoding.DecodeString(encoded); err == nil && len(sum) == md5.Size {
		return sum
	}
	// Of what a store encrypts, its ETag may or may not be the sum of what it hands out.
	for name := range header {
		if strings.HasPrefix(name, "X-Amz-Server-Side-Encryption") {
			return nil
		}
	}
	if sum, err := hex.DecodeString(strings.Trim(header.Get("ETag"), `"`)); err == nil && len(sum) == md5.Size {
		return sum
	}
	return nil
}

// summed sums up what is read of a file.
type summed struct {
	file tracked
	md5  []byte
	sum  hash.Hash
}

func newSummed(file *File) *summed {
	return &summed{file: tracked{reader: file}, md5: file.MD5, sum: md5.New()} //nolint:gosec // see the import
}

func (s *summed) Read(p []byte) (int, error) {
	n, err := s.file.Read(p)
	_, _ = s.sum.Write(p[:n]) // never fails
	return n, err
}

// blame says, of contents that turned out to be damaged, whether the store keeps other bytes than it was given. Contents that
// look whole and are other bytes than that are another backup's, and of a download that broke off nothing is known.
func (s *summed) blame(err error) error {
	var bad *BadContents
	if errors.As(err, &bad) && s.file.err != nil {
		return &brokenError{s.file.err}
	}
	if err != nil && bad == nil || s.md5 == nil {
		return err
	}
	if _, failed := io.Copy(io.Discard, s); failed != nil {
		return errors.Join(err, &brokenError{failed})
	}
	same := bytes.Equal(s.sum.Sum(nil), s.md5)
	switch {
	case err == nil && same:
		return nil
	case err == nil:
		return &BadContents{errors.New("the store's own MD5 is that of other bytes: it was replaced after it was stored")}
	case same:
		return fmt.Errorf("%w; it is as it was stored: the store's own MD5 agrees", bad)
	}
	return fmt.Errorf("%w; the store's own MD5 says that it was changed after it was stored", bad)
}
