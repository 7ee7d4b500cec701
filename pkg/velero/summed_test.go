package velero

import (
	"crypto/md5"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
)

func TestTheStoresOwnSum(t *testing.T) {
	sum := md5.Sum([]byte("bytes"))
	etag := http.Header{"Etag": {`"` + hex.EncodeToString(sum[:]) + `"`}}
	encrypted := etag.Clone()
	encrypted.Set("X-Amz-Server-Side-Encryption", "aws:kms")
	damaged := &BadContents{errors.New("truncated")}
	for name, test := range map[string]struct {
		header http.Header
		bytes  string
		err    error
		want   string
	}{
		"whole":                {etag, "bytes", nil, ""},
		"replaced":             {etag, "other", nil, "it was replaced after it was stored"},
		"damaged in the store": {etag, "byte", damaged, "it was changed after it was stored"},
		"stored that way":      {etag, "bytes", damaged, "the store's own MD5 agrees"},
		"in parts":             {http.Header{"Etag": {`"` + hex.EncodeToString(sum[:]) + `-2"`}}, "other", nil, ""},
		"encrypted":            {encrypted, "other", nil, ""},
		"says nothing":         {http.Header{}, "other", damaged, "truncated"},
	} {
		t.Run(name, func(t *testing.T) {
			summed := newSummed(&File{ReadCloser: io.NopCloser(strings.NewReader(test.bytes)), MD5: storedMD5(test.header)})
			err := summed.blame(test.err)
			if (err == nil) != (test.want == "") || err != nil && !strings.HasSuffix(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}
