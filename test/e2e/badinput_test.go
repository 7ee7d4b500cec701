//go:build e2e

package e2e

import (
	"path/filepath"
	"regexp"
	"slices"
	"testing"
	"time"

	"github.com/acmdr/kubectl-acmdr/test/journey"
)

const (
	cluster = "managed-one"
	good    = "good"
)

// mistake is a command that must fail with one clear line, and must change nothing.
type mistake struct {
	name string
	args []string
	// env is set on top of the user's own.
	env  []string
	code int
	// error is a pattern of the one line of error.
	error string
	// reason is, instead, a pattern of the reason for which the cluster is said to have failed.
	reason string
}

func (m mistake) check(t *testing.T, w *journey.World) {
	t.Helper()
	clusters := []string{journey.OldHub, journey.NewHub, cluster}
	before := w.Snapshot(t, clusters...)
	result := w.Shell.With(m.env...).Run(t, "kubectl", append([]string{"acmdr"}, m.args...)...).Exits(m.code)
	if m.error != "" {
		result.OneError(m.error)
	} else {
		result.Failed(cluster, m.reason)
	}
	before.Same(t, w.Snapshot(t, clusters...))
}

// Every mistake of a user at night: one clear line, an exit code that says so, and nothing changed.
func TestBadInput(t *testing.T) {
	w := world(t, 1)
	all := func(t *testing.T, mistakes []mistake) {
		t.Helper()
		for _, m := range mistakes {
			t.Run(m.name, func(t *testing.T) { m.check(t, w) })
		}
	}
	// What the next mistakes need: without it they would fail for another reason.
	setUp := func(name string, do func(t *testing.T)) {
		t.Helper()
		if !t.Run(name, do) {
			t.FailNow()
		}
	}
	t.Run("CommandLine", func(t *testing.T) { all(t, onTheCommandLine(t, w)) })
	t.Run("NoVelero", func(t *testing.T) { all(t, withoutVelero()) })
	t.Run("Storage", func(t *testing.T) { ofStorage(t, w) })
	setUp("Install", func(t *testing.T) { installBoth(t, w) })
	t.Run("Backup", func(t *testing.T) { all(t, ofBackups(t, w)) })
	t.Run("LocationUnavailable", func(t *testing.T) { all(t, locationUnavailable(t, w)) })
	setUp("Restore", func(t *testing.T) {
		w.Lab.Start(t, "s3")
		w.LocationIs(t, journey.NewHub, "Available")
		w.Acmdr(t, "restore", "--from-backup", good, "--context", journey.NewHub).Exits(0)
	})
	t.Run("Cluster", func(t *testing.T) { all(t, ofClusters()) })
	t.Run("Credential", func(t *testing.T) { all(t, ofCredentials(t, w)) })
	t.Run("SameNameTwice", func(t *testing.T) {
		t.Cleanup(w.KnowAs(t, journey.NewHub, cluster, "00000000-0000-0000-0000-000000000000"))
		mistake{
			args: []string{"reregister", cluster, "--context", journey.NewHub}, code: 1, reason: "another cluster of the same name: its ID is",
		}.check(t, w)
	})
	t.Run("Interrupted", func(t *testing.T) { interrupted(t, w) })
}

func onTheCommandLine(t *testing.T, w *journey.World) []mistake {
	t.Helper()
	gone := w.File(t, "gone.kubeconfig", journey.Kubeconfig{Server: "https://127.0.0.1:1"}.Encode(t))
	return []mistake{
		{name: "NoKubeconfig", args: []string{"status"}, env: []string{"KUBECONFIG="}, code: 1, error: "no kubeconfig"},
		{name: "KubeconfigIsGone", args: []string{"status", "--kubeconfig", "/nowhere"}, code: 2, error: "--kubeconfig /nowhere"},
		{name: "UnknownContext", args: []string{"get", "clusters", "--context", "hub-dr3"}, code: 2, error: `"hub-dr3" does not exist`},
		{name: "HubUnreachable", args: []string{"get", "clusters", "--kubeconfig", gone}, code: 1, error: "cannot reach https://127.0.0.1:1"},
		{name: "NoHub", args: []string{"reregister", "--all", "--context", cluster}, code: 1, error: "not an OCM hub"},
		{name: "UnknownOutput", args: []string{"get", "clusters", "-o", "xml"}, code: 2, error: `unknown output format "xml"`},
		{name: "AllWithName", args: []string{"reregister", cluster, "--all"}, code: 2, error: "--all and cluster names"},
		{name: "NoTarget", args: []string{"accept"}, code: 2, error: "name at least one"},
		{name: "UnknownVerb", args: []string{"resurrect"}, code: 2, error: `"resurrect"`},
		{name: "UnknownFlag", args: []string{"backup", "--speed"}, code: 2, error: "--speed"},
		{
			name: "SameHub", args: []string{"reregister", cluster, "--context", journey.OldHub, "--old-hub-context", journey.OldHub},
			code: 1, error: "the same cluster",
		},
	}
}

func withoutVelero() []mistake {
	const pattern = "Velero is not installed.*kubectl acmdr --context=hub-dr[12] install"
	return []mistake{
		{name: "Backup", args: []string{"backup", "--context", journey.OldHub}, code: 1, error: pattern},
		{name: "Restore", args: []string{"restore", "--context", journey.NewHub}, code: 1, error: pattern},
		{name: "GetBackups", args: []string{"get", "backups", "--context", journey.OldHub}, code: 1, error: pattern},
	}
}

// ofStorage are mistakes about the bucket. They are found only by Velero, so Velero is there when they are named; the same command
// with the mistake corrected goes on from there.
func ofStorage(t *testing.T, w *journey.World) {
	t.Helper()
	good := w.Install(t, journey.OldHub)
	keys := func(name string, data []byte) func(args []string) {
		path := w.File(t, name, data)
		return func(args []string) { args[slices.Index(args, "--credentials-file")+1] = path }
	}
	unknown := []byte("[default]\naws_access_key_id=nobody\naws_secret_access_key=wrong\n")
	wrong := regexp.MustCompile("(?m)^(aws_secret_access_key *=).*$").ReplaceAll(w.BucketKeys(t), []byte("${1}wrong"))
	with := func(flag, value string) func(args []string) {
		return func(args []string) { args[slices.Index(args, flag)+1] = value }
	}
	for _, m := range []struct {
		name  string
		make  func(args []string)
		error string
	}{
		{"UnknownKey", keys("unknown-key", unknown), "does not know the access key: check aws_access_key_id"},
		{"WrongSecret", keys("wrong-secret", wrong), "secret key does not match the access key: check aws_secret_access_key"},
		{"NoBucket", with("--bucket", "no-such-bucket"), "the bucket does not exist: create it, or correct --bucket"},
		{"NoRoute", with("--s3-url", "http://127.0.0.1:1"), "nothing listens at the S3 server's address: correct --s3-url"},
		{"UnknownCA", with("--s3-url", journey.ReadKubeconfig(t, w.Lab.Kubeconfig(journey.NewHub)).Server), "signed by an unknown authority: give its CA with --cacert"},
	} {
		t.Run(m.name, func(t *testing.T) {
			args := slices.Clone(good)
			m.make(args)
			w.Acmdr(t, append(args, "--timeout", "90s")...).Exits(1).OneError(m.error)
		})
	}
}

// installBoth sets both hubs up, and backs the active one up.
func installBoth(t *testing.T, w *journey.World) {
	t.Helper()
	for _, hub := range []string{journey.OldHub, journey.NewHub} {
		w.Acmdr(t, w.Install(t, hub)...).Exits(0)
	}
	w.Acmdr(t, "backup", good, "--context", journey.OldHub).Exits(0)
	w.BackupIs(t, journey.NewHub, good, "Completed")
}

func ofBackups(t *testing.T, w *journey.World) []mistake {
	t.Helper()
	w.MakeBackup(t, journey.NewHub, "half", "PartiallyFailed")
	w.MakeBackup(t, journey.NewHub, "still-running", "InProgress")
	restore := func(name string) []string {
		return []string{"restore", "--from-backup", name, "--context", journey.NewHub, "--timeout", "20s"}
	}
	other := w.Install(t, journey.OldHub)
	other[2] = "another-bucket"
	return []mistake{
		{name: "NameExists", args: []string{"backup", good, "--context", journey.OldHub}, code: 1, error: "exists already"},
		{name: "NameDoesNotExist", args: restore("nightly"), code: 1, error: "nightly.*does not exist"},
		{name: "PartiallyFailed", args: restore("half"), code: 1, error: "half is PartiallyFailed"},
		{name: "InProgress", args: restore("still-running"), code: 1, error: "still-running is InProgress"},
		{name: "AnotherBucket", args: other, code: 1, error: "another place"},
	}
}

func locationUnavailable(t *testing.T, w *journey.World) []mistake {
	t.Helper()
	w.Lab.Kill(t, "s3")
	for _, hub := range []string{journey.OldHub, journey.NewHub} {
		w.LocationIs(t, hub, "Unavailable")
	}
	return []mistake{
		{name: "Backup", args: []string{"backup", "--context", journey.OldHub}, code: 1, error: "not Available"},
		{name: "Restore", args: []string{"restore", "--context", journey.NewHub}, code: 1, error: "not Available"},
	}
}

func ofClusters() []mistake {
	reregister := func(name string) []string {
		return []string{"reregister", name, "--context", journey.NewHub}
	}
	return []mistake{
		{name: "DoesNotExist", args: reregister("managed-nine"), code: 1, error: "not found.*managed-nine"},
		{name: "IsTheHub", args: reregister("local-cluster"), code: 1, error: "local-cluster is the hub itself"},
		{name: "AcceptDoesNotExist", args: []string{"accept", "managed-nine", "--context", journey.NewHub}, code: 1, error: "managed-nine"},
		{
			name: "OldHubIsThisHub", args: append(reregister(cluster), "--old-hub-context", journey.NewHub),
			code: 1, error: "the same cluster",
		},
	}
}

func ofCredentials(t *testing.T, w *journey.World) []mistake {
	t.Helper()
	real := journey.ReadKubeconfig(t, w.Lab.Kubeconfig(cluster))
	marker := filepath.Join(w.Dir, "the-plugin-ran")
	t.Cleanup(func() { w.Absent(t, marker) })
	file := func(name string, data []byte) []string {
		return []string{
			"reregister", cluster, "--context", journey.NewHub, "--managed-kubeconfig", w.File(t, name, data),
		}
	}
	return []mistake{
		{name: "IsGone", args: []string{"reregister", cluster, "--managed-kubeconfig", "/nowhere"}, code: 2, error: "/nowhere"},
		{name: "Empty", args: file("empty", nil), code: 2, error: "empty"},
		{name: "NotYAML", args: file("text", []byte("{{ this is no kubeconfig")), code: 2, error: "not valid YAML"},
		{name: "ExecPlugin", args: file("exec", real.WithExec("touch", marker).Encode(t)), code: 2, error: "exec would run a program"},
		{name: "Insecure", args: file("insecure", real.WithoutTLS().Encode(t)), code: 2, error: "insecure-skip-tls-verify"},
		{name: "Expired", args: file("expired", real.WithExpiredCertificate(t).Encode(t)), code: 1, reason: "expired on"},
		{
			name: "OfAnotherCluster", args: file("other", journey.ReadKubeconfig(t, w.Lab.Kubeconfig(journey.OldHub)).Encode(t)),
			code: 1, reason: `another cluster: its agent is registered as "local-cluster"`,
		},
	}
}

// interrupted presses Ctrl-C while the agent is waited for; the same command then finishes the move.
func interrupted(t *testing.T, w *journey.World) {
	t.Helper()
	w.Lab.Kill(t, cluster, "registration-agent")
	args := []string{"acmdr", "reregister", cluster, "--accept", "--context", journey.NewHub}
	running := w.Shell.Start(t, "kubectl", args...)
	w.Switched(t, cluster)
	running.Interrupt(t)
	running.Wait(t).Exits(130).Says("interrupted").Says("To resume: kubectl acmdr reregister")
	w.Lab.Start(t, cluster, "registration-agent")
	result := w.Shell.Run(t, "kubectl", args...).Exits(0)
	if result.Took > 2*time.Minute {
		t.Errorf("resuming took %s", result.Took)
	}
	w.Acmdr(t, "get", "clusters", "--context", journey.NewHub).Exits(0).Row(cluster, "True", "True", "True")
}
