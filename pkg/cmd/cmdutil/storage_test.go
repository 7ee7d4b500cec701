package cmdutil_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/acmdr/kubectl-acmdr/pkg/cmd/cmdutil"
	"github.com/acmdr/kubectl-acmdr/pkg/velero"
)

func TestExplainStorage(t *testing.T) {
	other := errors.New("other")
	if got := cmdutil.ExplainStorage(other); got != other { //nolint:errorlint // it must be this very error
		t.Errorf("got %v", got)
	}
	refused := fmt.Errorf("planning: %w", &velero.UnavailableError{Namespace: "velero", Name: "default",
		Message: `BackupStorageLocation "default" is unavailable: rpc error: code = Unknown desc = operation error S3: ListObjectsV2, ` +
			`https response error StatusCode: 0, RequestID: , HostID: , request send failed, dial tcp 127.0.0.1:9000: connect: connection refused`,
		Looked: time.Now().Add(-40 * time.Second), Every: time.Minute})
	for message, want := range map[string]string{
		"rpc error: code = Unknown desc = operation error S3: PutObject, api error NoSuchBucket: none": "backup b is Failed: the bucket does not exist; " +
			"when that is mended, the same command goes on",
		"backup repository is not ready": "backup b is Failed: backup repository is not ready",
	} {
		failed := &velero.FailedError{What: "backup b", Phase: "Failed", Message: message}
		if got := cmdutil.ExplainStorage(failed).Error(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	got := cmdutil.ExplainStorage(refused).Error()
	if !strings.HasPrefix(got, "backup storage location velero/default is not Available: ") || strings.Contains(got, "rpc error") ||
		!strings.HasSuffix(got, "or start the server (as of 40s ago; Velero looks every 60s)") {
		t.Errorf("got %q", got)
	}
}
