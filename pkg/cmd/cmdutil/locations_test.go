package cmdutil_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/acmdr/kubectl-acmdr/pkg/cmd/cmdutil"
	"github.com/acmdr/kubectl-acmdr/pkg/printing"
	"github.com/acmdr/kubectl-acmdr/pkg/velero"
)

func TestLocationRow(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	fresh := &velero.Location{}
	fresh.Name, fresh.Spec.Provider, fresh.Spec.ObjectStorage = "fresh", "aws", &velero.ObjectStorage{Bucket: "acm-dr"}
	used := &velero.Location{}
	used.Name, used.CreationTimestamp = "used", metav1.NewTime(now.Add(-48*time.Hour))
	used.Spec.Provider, used.Spec.Default, used.Spec.AccessMode = "aws", true, velero.LocationReadOnly
	used.Spec.ObjectStorage = &velero.ObjectStorage{Bucket: "acm-dr", Prefix: "hubs"}
	used.Spec.Config = map[string]string{"region": "eu-west-1", "s3Url": "https://s3.example.com"}
	used.Status.Phase, used.Status.LastValidationTime = "Unavailable", &metav1.Time{Time: now.Add(-30 * time.Second)}
	used.Status.Message = "api error NoSuchBucket"
	table := &metav1.Table{
		ColumnDefinitions: cmdutil.LocationColumns(),
		Rows:              []metav1.TableRow{cmdutil.LocationRow(fresh, now), cmdutil.LocationRow(used, now)},
	}
	var out bytes.Buffer
	if err := printing.PrintTable(&out, table, printing.TableOptions{Wide: true}); err != nil {
		t.Fatal(err)
	}
	want := []string{
		"NAME PROVIDER BUCKET PREFIX PHASE LAST VALIDATED ACCESS MODE DEFAULT AGE REGION S3 URL REASON",
		"fresh aws acm-dr <none> <unknown> <unknown> ReadWrite false <unknown> <none> <none> <none>",
		"used aws acm-dr hubs Unavailable 30s ReadOnly true 2d eu-west-1 https://s3.example.com " +
			"the bucket does not exist: create it, or correct --bucket",
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	for i, line := range lines {
		if got := strings.Join(strings.Fields(line), " "); i >= len(want) || got != want[i] {
			t.Errorf("got  %s\nwant %s", got, want[min(i, len(want)-1)])
		}
	}
}
