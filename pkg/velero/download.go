package velero

import (
	"cmp"
	"compress/gzip"
	"context"
	"crypto/tls"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/duration"
	"k8s.io/apimachinery/pkg/util/rand"
	"k8s.io/client-go/kubernetes"

	velerov1 "github.com/vmware-tanzu/velero/pkg/apis/velero/v1"

	"github.com/acmdr/kubectl-acmdr/pkg/wait"
)

// Files that Velero keeps about a backup or a restore.
const (
	BackupContents     = velerov1.DownloadTargetKindBackupContents
	BackupResourceList = velerov1.DownloadTargetKindBackupResourceList
	BackupResults      = velerov1.DownloadTargetKindBackupResults
	RestoreResults     = velerov1.DownloadTargetKindRestoreResults
)

// maxDocument bounds a decompressed list or result: about two million objects.
const maxDocument = 256 << 20

// Downloader fetches what Velero keeps in a location, through pre-signed URLs that Velero's server hands out. Whoever uses
// the plugin needs no key of the object store.
type Downloader struct {
	API   *API
	Kube  kubernetes.Interface
	Clock wait.Clock
	// Silence is how long a store may send nothing of what it has begun to send; wait.Probe where it is 0.
	Silence time.Duration
}

// File is an open download; Size is -1 when the store did not say.
type File struct {
	io.ReadCloser
	Size int64
	// Date is what the store's clock said; zero when it did not.
	Date time.Time
	// MD5 is the sum of the bytes that the store keeps; nil when it did not say.
	MD5 []byte
	// Encryption is how the store says that it keeps the file; empty when it says nothing.
	Encryption string
}

// Open starts the download of a file about the named backup or restore that is kept in a location. The bytes are as Velero
// stored them, compressed.
func (d *Downloader) Open(ctx context.Context, location string, kind velerov1.DownloadTargetKind, name string) (*File, error) {
	stored, err := d.API.StoredLocation(ctx, location)
	if err != nil {
		return nil, err
	}
	pool, err := roots(ctx, d.Kube, stored)
	if err != nil {
		return nil, err
	}
	key, err := d.customerKey(ctx, stored)
	if err != nil {
		return nil, err
	}
	link, err := d.link(ctx, kind, name)
	if err != nil {
		return nil, fmt.Errorf("%s of %s: %w", kind, name, err)
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.TLSClientConfig = &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
	transport.ResponseHeaderTimeout = wait.Probe
	// The files are gzip by themselves; the transport must not unpack what a store calls an encoding.
	transport.DisableCompression = true
	client := &http.Client{Transport: transport, CheckRedirect: key.checkRedirect()}
	file, err := get(ctx, client, link, key, cmp.Or(d.Silence, wait.Probe))
	if err != nil {
		return nil, fmt.Errorf("%s of %s: %w", kind, name, err)
	}
	return file, nil
}

// link asks Velero for the pre-signed URL of a file.
func (d *Downloader) link(ctx context.Context, kind velerov1.DownloadTargetKind, name string) (string, error) {
	request := &velerov1.DownloadRequest{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: d.API.Namespace,
			Name:      "acmdr-" + strings.ToLower(string(kind)) + "-" + rand.String(10),
			Labels:    map[string]string{ManagedByLabel: ManagedBy},
		},
		Spec: velerov1.DownloadRequestSpec{Target: velerov1.DownloadTarget{Kind: kind, Name: name}},
	}
	if _, err := d.API.DownloadRequests.Create(ctx, request); err != nil {
		return "", fmt.Errorf("asking Velero for it: %w", err)
	}
	defer func() {
		// It holds a URL that opens the backup, so it does not outlive the run, not even one that was interrupted.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), wait.Probe)
		defer cancel()
		_ = d.API.DownloadRequests.Delete(ctx, request.Name)
	}()
	ctx, cancel := context.WithTimeout(ctx, wait.Download)
	defer cancel()
	var link string
	err := wait.Until(ctx, d.Clock, request.Name, func(ctx context.Context, name string) (bool, string, error) {
		current, err := d.API.DownloadRequests.Get(ctx, name)
		if err != nil {
			return false, "", fmt.Errorf("reading DownloadRequest %s: %w", name, err)
		}
		link = current.Status.DownloadURL
		return link != "", "Velero gave no URL for it; see the log of its server", nil
	})
	return link, err
}

func get(ctx context.Context, client *http.Client, link string, key customerKey, silence time.Duration) (*File, error) {
	ctx, cancel := context.WithCancel(ctx)
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, link, http.NoBody)
	if err != nil {
		cancel()
		return nil, errors.New("Velero gave a URL that is none") //nolint:staticcheck // Velero is a name
	}
	if err := key.addTo(request); err != nil {
		cancel()
		return nil, err
	}
	response, err := client.Do(request)
	if err != nil {
		cancel()
		// The URL is a key to the backup: the error must not repeat it.
		if failed, ok := errors.AsType[*url.Error](err); ok {
			err = failed.Err
		}
		return nil, fmt.Errorf("cannot reach the object store at %s (the location's publicUrl, or its s3Url): %w", request.URL.Host, err)
	}
	response.Body = &steady{ReadCloser: response.Body, host: request.URL.Host, limit: silence, cancel: cancel}
	if response.StatusCode != http.StatusOK {
		defer response.Body.Close()
		code := storeError(response.Body)
		err := fmt.Errorf("the object store at %s answered %s%s%s", request.URL.Host, response.Status, code, skewOf(response))
		if response.StatusCode == http.StatusNotFound {
			err = &notStoredError{error: err, said: code == " (NoSuchKey)"}
		}
		return nil, err
	}
	date, _ := http.ParseTime(response.Header.Get("Date"))
	return &File{
		ReadCloser: response.Body, Size: response.ContentLength, Date: date,
		MD5: storedMD5(response.Header), Encryption: encryptionOf(response.Header),
	}, nil
}

// notable is the difference of clocks that explains why a link is refused: Velero's are good for ten minutes.
const notable = 5 * time.Minute

// skewOf says by how much the store's clock differs from this machine's, where that can be why it refuses.
func skewOf(response *http.Response) string {
	date, err := http.ParseTime(response.Header.Get("Date"))
	skew := time.Until(date).Round(time.Minute)
	if err != nil || skew.Abs() < notable {
		return ""
	}
	direction := "ahead of"
	if skew < 0 {
		direction = "behind"
	}
	return fmt.Sprintf("; its clock is %s %s this machine's: set them", duration.HumanDuration(skew.Abs()), direction)
}

// notStoredError tells that what answers does not have the file; said, that it is an object store and says so itself.
type notStoredError struct {
	error
	said bool
}

// IsNotStored tells whether the store itself says that it does not have the file of a backup: somebody deleted it, and Velero has
// not noticed yet.
func IsNotStored(err error) bool {
	absent, ok := errors.AsType[*notStoredError](err)
	return ok && absent.said
}

// storeError is the code of an S3 error document, or nothing.
func storeError(body io.Reader) string {
	var document struct {
		Code string `xml:"Code"`
	}
	if xml.NewDecoder(io.LimitReader(body, 64<<10)).Decode(&document) != nil || document.Code == "" {
		return ""
	}
	return " (" + document.Code + ")"
}

// document fetches a gzipped JSON file whole into target.
func (d *Downloader) document(ctx context.Context, location string, kind velerov1.DownloadTargetKind, name string, target any) error {
	file, err := d.Open(ctx, location, kind, name)
	if err != nil {
		return err
	}
	defer file.Close()
	body := &tracked{reader: file}
	err = decodeDocument(body, target)
	if body.err != nil {
		return fmt.Errorf("%s of %s: %w", kind, name, &brokenError{body.err})
	}
	if err != nil {
		return &damagedError{fmt.Errorf("%s of %s: %w", kind, name, err)}
	}
	return nil
}

// tracked remembers a read error, which a JSON decoder would hide in its own.
type tracked struct {
	reader io.Reader
	err    error
}

func (t *tracked) Read(p []byte) (int, error) {
	n, err := t.reader.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		t.err = err
	}
	return n, err
}

// brokenError tells that a download ended before its end. What is stored may be good.
type brokenError struct{ error }

func (e *brokenError) Error() string { return "the download broke off: " + e.error.Error() }

// Unwrap returns the cause.
func (e *brokenError) Unwrap() error { return e.error }

// damagedError tells in its own words that what is stored beside a backup's contents is damaged. It is a BadContents as they are.
type damagedError struct{ error }

// Unwrap makes it a BadContents.
func (e *damagedError) Unwrap() error { return &BadContents{e.error} }

func decodeDocument(compressed io.Reader, target any) error {
	unpacked, err := gzip.NewReader(compressed)
	if err != nil {
		return fmt.Errorf("it is not gzip: %w", err)
	}
	limited := &io.LimitedReader{R: unpacked, N: maxDocument}
	if err := json.NewDecoder(limited).Decode(target); err != nil {
		if limited.N <= 0 {
			return fmt.Errorf("it is larger than %d bytes", maxDocument)
		}
		return fmt.Errorf("it is damaged: %w", err)
	}
	// Reading to the end checks the sum.
	if _, err := io.Copy(io.Discard, limited); err != nil {
		return fmt.Errorf("it is damaged: %w", err)
	}
	return nil
}
