package journey

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// The parts of AWS Signature Version 4 that change with the time of a request
// (docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-authenticating-requests.html).
const (
	algorithm          = "AWS4-HMAC-SHA256"
	amzDate            = "20060102T150405Z"
	dateHeader         = "X-Amz-Date"
	signatureParameter = "X-Amz-Signature"
)

// resigned is a request as its sender would have made it at another time.
func resigned(r *http.Request, secret string, by time.Duration) *http.Request {
	query := r.URL.Query()
	link := query.Has(signatureParameter)
	stamp, credential, headers, payload := r.Header.Get(dateHeader), "", "", r.Header.Get("X-Amz-Content-Sha256")
	if link {
		stamp, credential, headers, payload = query.Get(dateHeader), query.Get("X-Amz-Credential"), query.Get("X-Amz-SignedHeaders"), "UNSIGNED-PAYLOAD"
	} else {
		credential, headers = field(r, "Credential"), field(r, "SignedHeaders")
	}
	at, err := time.Parse(amzDate, stamp)
	scope := strings.Split(credential, "/") // key, day, region, service, aws4_request
	if err != nil || len(scope) != 5 {
		return r // not signed
	}
	at = at.Add(by)
	stamp, scope[1] = at.Format(amzDate), at.Format("20060102")
	credential = strings.Join(scope, "/")
	r = r.Clone(r.Context())
	if link {
		query.Del(signatureParameter)
		query.Set(dateHeader, stamp)
		query.Set("X-Amz-Credential", credential)
	} else {
		r.Header.Set(dateHeader, stamp)
	}
	canonical := strings.Join([]string{
		r.Method, r.URL.EscapedPath(), encoded(query), signed(r, headers), headers, payload,
	}, "\n")
	text := strings.Join([]string{algorithm, stamp, strings.Join(scope[1:], "/"), hashOf(canonical)}, "\n")
	key := []byte("AWS4" + secret)
	for _, part := range scope[1:] {
		key = mac(key, part)
	}
	signature := hex.EncodeToString(mac(key, text))
	if link {
		r.URL.RawQuery = encoded(query) + "&" + signatureParameter + "=" + signature
	} else {
		r.Header.Set("Authorization", algorithm+" Credential="+credential+", SignedHeaders="+headers+", Signature="+signature)
	}
	return r
}

func field(r *http.Request, name string) string {
	_, rest, _ := strings.Cut(r.Header.Get("Authorization"), name+"=")
	value, _, _ := strings.Cut(rest, ",")
	return strings.TrimSpace(value)
}

func encoded(query url.Values) string { return strings.ReplaceAll(query.Encode(), "+", "%20") }

func signed(r *http.Request, names string) string {
	var lines strings.Builder
	for name := range strings.SplitSeq(names, ";") {
		value := strings.Join(r.Header.Values(name), ",")
		switch name {
		case "host":
			value = r.Host
		case "content-length":
			value = r.Header.Get("Content-Length")
		}
		lines.WriteString(name + ":" + strings.TrimSpace(value) + "\n")
	}
	return lines.String()
}

func hashOf(text string) string {
	digest := sha256.Sum256([]byte(text))
	return hex.EncodeToString(digest[:])
}

func mac(key []byte, text string) []byte {
	hash := hmac.New(sha256.New, key)
	hash.Write([]byte(text))
	return hash.Sum(nil)
}

// skewKey is where a request carries how far the server's clock is ahead.
type skewKey struct{}

func ahead(r *http.Request, by time.Duration) *http.Request {
	return r.WithContext(context.WithValue(r.Context(), skewKey{}, by))
}

// shiftDate has an answer say the time of a clock that is ahead.
func shiftDate(response *http.Response) error {
	by, ok := response.Request.Context().Value(skewKey{}).(time.Duration)
	if date, err := http.ParseTime(response.Header.Get("Date")); ok && err == nil {
		response.Header.Set("Date", date.Add(by).UTC().Format(http.TimeFormat))
	}
	return nil
}
