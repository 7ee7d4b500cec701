package velero_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/acmdr/kubectl-acmdr/pkg/internal/testutil"
	"github.com/acmdr/kubectl-acmdr/pkg/velero"
)

// kindOf reads what VerifiedContents asks of its visitor.
func kindOf(_ velero.Object, body io.Reader) (string, error) {
	var said metav1.TypeMeta
	err := json.NewDecoder(body).Decode(&said)
	return said.APIVersion + "/" + said.Kind, err
}

var began = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// made is a backup that Velero made in seven seconds.
func made(phase velero.BackupPhase, items int) *velero.Backup {
	backup := nightly()
	backup.Status.Phase = phase
	backup.Status.StartTimestamp = &metav1.Time{Time: began}
	backup.Status.CompletionTimestamp = &metav1.Time{Time: began.Add(7 * time.Second)}
	backup.Status.Progress = &velero.BackupProgress{TotalItems: items, ItemsBackedUp: items}
	return backup
}

func TestVerifiedContents(t *testing.T) {
	cluster, secret := testutil.ManagedCluster("c1"), testutil.Secret("c1", "s", nil)
	both := []runtime.Object{cluster, secret}
	_, list := testutil.Contents(t, began, both...)
	for name, test := range map[string]struct {
		backup  *velero.Backup
		stored  []runtime.Object
		written time.Time
		want    string
	}{
		"its own":               {made(velero.BackupCompleted, 2), both, began.Add(3 * time.Second), ""},
		"at the last second":    {made(velero.BackupCompleted, 2), both, began.Add(8 * time.Second), ""},
		"without times":         {nightly(), both, time.Unix(0, 0), ""},
		"cut short":             {made(velero.BackupCompleted, 2), both[:1], began, "1 of the 2 objects that Velero recorded are not in it"},
		"partly failed":         {made(velero.BackupPartiallyFailed, 1), both[:1], began, ""},
		"another's":             {made(velero.BackupCompleted, 2), append(both[:2:2], testutil.Secret("c1", "t", nil)), began, "1 objects are in it that Velero did not record"},
		"another's, in part":    {made(velero.BackupPartiallyFailed, 2), []runtime.Object{testutil.Secret("c1", "t", nil)}, began, "did not record"},
		"another's list":        {made(velero.BackupCompleted, 3), both, began, "Velero backed up 3 objects and recorded 2: the list is another backup's"},
		"written before it":     {made(velero.BackupCompleted, 2), both, began.Add(-2 * time.Second), "it was written from 2026-11-22T11:59:58Z"},
		"written after it":      {made(velero.BackupCompleted, 2), both, began.Add(9 * time.Second), "to 2026-11-22T12:00:07Z: it is another backup's"},
		"partly and long after": {made(velero.BackupPartiallyFailed, 2), both, began.Add(time.Hour), "it is another backup's"},
	} {
		t.Run(name, func(t *testing.T) {
			tarball, _ := testutil.Contents(t, test.written, test.stored...)
			store := testutil.NewStore(t, map[string][]byte{"BackupContents/nightly": tarball, "BackupResourceList/nightly": testutil.Gzip(t, list)})
			files, _ := downloader(t, store, location("default"))
			_, err := files.VerifiedContents(t.Context(), test.backup, kindOf)
			var bad *velero.BadContents
			if errors.As(err, &bad) != (test.want != "") || err != nil && !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}

// A list that is damaged in the bucket is bad contents; one whose download broke off is not.
func TestVerifiedContentsTellsADamagedListApart(t *testing.T) {
	whole := testutil.Gzip(t, velero.ResourceList{"v1/Secret": {"a/b"}})
	for name, test := range map[string]struct {
		length string
		bad    bool
		want   string
	}{"damaged": {"20", true, "it is damaged: "}, "broken off": {"30", false, "the download broke off: "}} {
		t.Run(name, func(t *testing.T) {
			store := testutil.NewStore(t, nil)
			store.Server.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Length", test.length)
				_, _ = w.Write(whole[:20])
			})
			files, _ := downloader(t, store, location("default"))
			_, err := files.VerifiedContents(t.Context(), nightly(), kindOf)
			var bad *velero.BadContents
			if errors.As(err, &bad) != test.bad || err == nil || !strings.HasPrefix(err.Error(), "backup nightly: BackupResourceList of nightly: "+test.want) {
				t.Errorf("got %v", err)
			}
		})
	}
}
