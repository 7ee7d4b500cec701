package cli

import (
	"bytes"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/acmdr/kubectl-acmdr/test/lab/internal/control"
	"github.com/acmdr/kubectl-acmdr/test/lab/internal/layout"
	"github.com/acmdr/kubectl-acmdr/test/lab/internal/process"
	"github.com/acmdr/kubectl-acmdr/test/lab/internal/state"
)

func TestMainCodes(t *testing.T) {
	dir := t.TempDir()
	tests := map[string]struct {
		args []string
		code int
		err  string
	}{
		"status of nothing":     {[]string{"status"}, 0, "not running"},
		"down of nothing":       {[]string{"down"}, 0, "not running"},
		"purge of a folder":     {[]string{"down", "--purge"}, 1, "does not look like a lab"},
		"kill when not running": {[]string{"kill", "hub-dr1"}, 1, "not running"},
		"kill without a name":   {[]string{"kill"}, 2, "needs the name"},
		"kubeconfig of nothing": {[]string{"kubeconfig", "hub-dr1"}, 1, "there is no lab"},
		"unknown flag":          {[]string{"up", "--x"}, 2, "unknown flag"},
		"negative number":       {[]string{"up", "--managed", "-1"}, 2, "negative"},
		"unexpected argument":   {[]string{"env", "x"}, 2, "unexpected"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var out, errOut bytes.Buffer
			code := Main(append(tt.args, "--dir", dir), &out, &errOut)
			if code != tt.code || !strings.Contains(errOut.String(), tt.err) {
				t.Errorf("code %d, want %d; %q", code, tt.code, errOut.String())
			}
			if out.Len() != 0 {
				t.Errorf("talk belongs on stderr: %q", out.String())
			}
		})
	}
}

func TestEnvIsReadByAShell(t *testing.T) {
	dir := layout.Dir(filepath.Join(t.TempDir(), "it's a lab"))
	st := &state.State{Managed: 1, Cache: "/cache/x", Ports: map[string]int{"s3/s3": 20009}}
	lines := exports(dir, st, "/usr/bin:/cache/x/bin:/bin")
	script := strings.Join(lines, "\n") + "\nprintf '%s\\n' \"$ACMDR_LAB_DIR\" \"$KUBECONFIG\" \"$ACMDR_LAB_S3_URL\" \"$PATH\""
	got, err := exec.Command("/bin/sh", "-c", script).Output()
	if err != nil {
		t.Fatal(err)
	}
	want := string(dir) + "\n" + dir.Kubeconfig() + "\nhttp://127.0.0.1:20009\n/cache/x/bin:/usr/bin:/bin\n"
	if string(got) != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

func TestPrintStatus(t *testing.T) {
	now := time.Now()
	status := control.Status{Components: []process.Status{
		{Cluster: "hub-dr1", Component: "etcd", State: process.Ready, PID: 7, URL: "https://127.0.0.1:1", Started: now.Add(-90 * time.Second)},
		{Cluster: "hub-dr2", Component: "velero", State: process.Killed, Restarts: 2},
	}}
	var out bytes.Buffer
	if err := printStatus(&out, status, now); err != nil {
		t.Fatal(err)
	}
	want := "" +
		"NAME      COMPONENT   STATE    PID   URL                   RESTARTS   AGE   MESSAGE\n" +
		"hub-dr1   etcd        Ready    7     https://127.0.0.1:1   0          90s   -\n" +
		"hub-dr2   velero      Killed   -     -                     2          -     -\n"
	if out.String() != want {
		t.Errorf("got\n%swant\n%s", out.String(), want)
	}
	if got := killed(status); len(got) != 1 || got[0] != "hub-dr2" {
		t.Errorf("killed %v", got)
	}
}
