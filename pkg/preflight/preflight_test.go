package preflight_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/rest"
	clocktesting "k8s.io/utils/clock/testing"

	"github.com/acmdr/kubectl-acmdr/pkg/internal/testutil"
	"github.com/acmdr/kubectl-acmdr/pkg/ocm"
	"github.com/acmdr/kubectl-acmdr/pkg/preflight"
	"github.com/acmdr/kubectl-acmdr/pkg/velero"
)

// check compares a row with the result and a part of the reason or remedy that are wanted.
func check(t *testing.T, row preflight.Row, result preflight.Result, part string) {
	t.Helper()
	if row.Result != result || !strings.Contains(row.String(), part) {
		t.Errorf("got %s %s, want %s with %q", row.Result, row, result, part)
	}
	if result == preflight.Pass && row.Remedy != "" {
		t.Errorf("%s passes, but is to be remedied", row)
	}
}

func TestServer(t *testing.T) {
	server := func(v string, qps float64, memory int64) *velero.Server {
		return &velero.Server{Version: velero.ParseVersion(v), Limits: &velero.Limits{QPS: qps, Burst: qps, Memory: memory}}
	}
	oadp := server("1.18.3", 1000, 4<<30)
	oadp.Limits.OpenShift = true
	for name, test := range map[string]struct {
		server *velero.Server
		items  int
		row    int
		result preflight.Result
		part   string
	}{
		"current":             {server("1.18.3", 1000, 4<<30), 0, 0, preflight.Pass, "v1.18.3"},
		"newer":               {server("1.19.0", 1000, 4<<30), 0, 0, preflight.Pass, "v1.19.0"},
		"older":               {server("1.17.2", 1000, 4<<30), 0, 0, preflight.Warn, "upgrade Velero to v1.18.3"},
		"the slow one":        {server("1.18.1", 1000, 4<<30), 0, 0, preflight.Fail, "velero#9869"},
		"unknown":             {server("", 1000, 4<<30), 0, 0, preflight.Warn, "nor the server itself tells it"},
		"fast":                {server("1.18.3", 1000, 4<<30), 0, 1, preflight.Pass, "1000"},
		"slow":                {server("1.18.3", 100, 4<<30), 0, 1, preflight.Warn, "at 50 objects a second"},
		"large":               {server("1.18.3", 1000, 4<<30), 70_000, 2, preflight.Pass, "4096 MiB"},
		"small for few":       {server("1.18.3", 1000, 512<<20), 100, 2, preflight.Pass, "512 MiB"},
		"small for many":      {server("1.18.3", 1000, 512<<20), 70_000, 2, preflight.Warn, "70000 objects"},
		"tiny":                {server("1.18.3", 1000, 128<<20), 0, 2, preflight.Warn, "128 MiB is little"},
		"without any limit":   {server("1.18.3", 1000, 0), 70_000, 2, preflight.Pass, "none"},
		"OADP's, for few":     {oadp, 100, 3, preflight.Pass, "openshift plugin"},
		"OADP's, for many":    {oadp, 70_000, 3, preflight.Warn, "each of 70000 objects"},
		"a candidate":         {server("1.18.3-rc.1", 1000, 4<<30), 0, 0, preflight.Warn, "v1.18.3-rc.1 has no filter policies"},
		"a vendor's":          {server("v1.18.3-OADP", 1000, 4<<30), 0, 0, preflight.Pass, "v1.18.3-OADP"},
		"a vendor's slow one": {server("v1.18.1-OADP", 1000, 4<<30), 0, 0, preflight.Fail, "v1.18.1-OADP lists every namespace"},
		"not for user's eyes": {&velero.Server{}, 0, 1, preflight.Warn, "may not be read"},
		"but it told":         {&velero.Server{Version: velero.ParseVersion("v1.18.3")}, 0, 0, preflight.Pass, "v1.18.3"},
	} {
		t.Run(name, func(t *testing.T) {
			check(t, preflight.Server(test.server, test.items)[test.row], test.result, test.part)
		})
	}
}

func TestLocation(t *testing.T) {
	location := &velero.Location{ObjectMeta: metav1.ObjectMeta{Namespace: "velero", Name: "default"}}
	location.Status.Message = "InvalidAccessKeyId"
	check(t, preflight.Location(location), preflight.Fail, "is not Available: InvalidAccessKeyId")
	location.Status.Phase = velero.LocationAvailable
	check(t, preflight.Location(location), preflight.Pass, "ReadWrite")
	location.Spec.AccessMode = velero.LocationReadOnly
	check(t, preflight.Location(location), preflight.Pass, "ReadOnly")
}

func TestRestores(t *testing.T) {
	restore := func(name string, phase velero.RestorePhase) velero.Restore {
		r := velero.Restore{ObjectMeta: metav1.ObjectMeta{Name: name}}
		r.Spec.BackupName, r.Status.Phase = "nightly", phase
		return r
	}
	ended := []velero.Restore{
		restore("a", velero.RestoreCompleted), restore("b", velero.RestoreFailed),
		restore("c", velero.RestorePartiallyFailed), restore("d", velero.RestoreFailedValidation),
	}
	check(t, preflight.Restores(ended, ""), preflight.Pass, "none")
	check(t, preflight.Restores(append(ended, restore("e", velero.RestoreInProgress)), ""), preflight.Fail, "restore e of backup nightly is InProgress")
	check(t, preflight.Restores(append(ended, restore("e", "")), ""), preflight.Fail, "is New")
	check(t, preflight.Restores(append(ended, restore("e", velero.RestoreInProgress)), "e"), preflight.Pass, "none")
}

func TestAPIServices(t *testing.T) {
	service := func(name, group, available string) *unstructured.Unstructured {
		return &unstructured.Unstructured{Object: map[string]any{
			"apiVersion": "apiregistration.k8s.io/v1", "kind": "APIService", "metadata": map[string]any{"name": name},
			"spec":   map[string]any{"group": group},
			"status": map[string]any{"conditions": []any{map[string]any{"type": "Available", "status": available}}},
		}}
	}
	hub := testutil.NewHub(t, service("v1.", "", "True"), service("v1beta1.metrics.k8s.io", "metrics.k8s.io", "False"),
		service("v1.new.example.com", "new.example.com", "Unknown"))
	look := func(needed string) preflight.Row {
		row, err := preflight.APIServices(t.Context(), hub.Dynamic, func(group string) bool { return group == needed })
		if err != nil {
			t.Fatal(err)
		}
		return row
	}
	check(t, look("apps"), preflight.Warn, "v1beta1.metrics.k8s.io does not answer")
	check(t, look("metrics.k8s.io"), preflight.Fail, "kubectl get apiservices")
	hub = testutil.NewHub(t, service("v1.", "", "True"))
	check(t, look("apps"), preflight.Pass, "all answer")
}

func TestTerminating(t *testing.T) {
	namespaces := []corev1.Namespace{{ObjectMeta: metav1.ObjectMeta{Name: "a"}}, {ObjectMeta: metav1.ObjectMeta{Name: "b"}}}
	wanted := func(name string) bool { return name != "c" }
	check(t, preflight.Terminating(namespaces, wanted), preflight.Pass, "none")
	for i := range namespaces {
		namespaces[i].Status.Phase = corev1.NamespaceTerminating
	}
	check(t, preflight.Terminating(namespaces, wanted), preflight.Fail, "a, b are being deleted")
	check(t, preflight.Terminating(namespaces[1:], wanted), preflight.Fail, "kubectl describe namespace b")
	namespaces[1].Name = "c"
	check(t, preflight.Terminating(namespaces[1:], wanted), preflight.Pass, "none")
}

func TestClock(t *testing.T) {
	check(t, preflight.Clock("the hub", "this machine", -30*time.Second, false), preflight.Pass, "as that of")
	check(t, preflight.Clock("the hub", "this machine", -20*time.Minute, false), preflight.Warn, "20m0s behind that of this machine")
	check(t, preflight.Clock("the object store", "the hub", 5*time.Minute, true), preflight.Warn, "5m0s ahead of that of the hub: set the clocks")
	check(t, preflight.Clock("the object store", "the hub", 20*time.Minute, true), preflight.Fail, "S3 refuses")
}

func TestHubSkew(t *testing.T) {
	now := time.Date(2026, 11, 22, 12, 0, 0, 500, time.UTC)
	authority := testutil.NewAuthority(t)
	server := authority.Serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Date", now.Add(-20*time.Minute).Format(http.TimeFormat))
		if r.URL.Path != "/version" {
			w.WriteHeader(http.StatusNotFound)
		}
	}))
	config := &rest.Config{Host: server.URL, TLSClientConfig: rest.TLSClientConfig{CAData: authority.PEM}}
	got, err := preflight.HubSkew(t.Context(), config, clocktesting.NewFakeClock(now))
	if err != nil || got != -20*time.Minute {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestParity(t *testing.T) {
	there := ocm.Software{ocm.ACM: "2.14.1", ocm.MCE: "2.9.0", "hive-operator": "1.2.3"}
	for name, test := range map[string]struct {
		there, here ocm.Software
		result      preflight.Result
		part        string
	}{
		"the same":          {there, there, preflight.Pass, "3 operators"},
		"nothing there":     {nil, there, preflight.Pass, "had no operators"},
		"more here":         {ocm.Software{ocm.ACM: "2.14.1"}, there, preflight.Pass, "1 operators"},
		"one missing":       {there, ocm.Software{ocm.ACM: "2.14.1", ocm.MCE: "2.9.0"}, preflight.Warn, "missing on this hub: hive-operator 1.2.3"},
		"a newer hub":       {there, ocm.Software{ocm.ACM: "2.15.0", ocm.MCE: "2.9.0", "hive-operator": "1.2.3"}, preflight.Warn, "ACM 2.15.0 (the old hub had 2.14.1)"},
		"an older hub":      {there, ocm.Software{ocm.ACM: "2.13.0", ocm.MCE: "2.9.0", "hive-operator": "1.2.3"}, preflight.Fail, "upgrade this hub first"},
		"an older patch":    {there, ocm.Software{ocm.ACM: "2.14.0", ocm.MCE: "2.9.0", "hive-operator": "1.2.3"}, preflight.Warn, "another version"},
		"an older operator": {there, ocm.Software{ocm.ACM: "2.14.1", ocm.MCE: "2.9.0", "hive-operator": "1.1.0"}, preflight.Warn, "older on this hub"},
		"no version yet":    {there, ocm.Software{ocm.ACM: "", ocm.MCE: "2.9.0", "hive-operator": "1.2.3"}, preflight.Warn, "another version"},
	} {
		t.Run(name, func(t *testing.T) { check(t, preflight.Parity(test.there, test.here), test.result, test.part) })
	}
	check(t, preflight.Kinds(nil), preflight.Pass, "every kind")
	check(t, preflight.Kinds(map[string]int{"b.example.com": 2, "a.example.com": 1}), preflight.Warn, "1 a.example.com, 2 b.example.com")
}

func TestErrHasAllReasonsAtOnce(t *testing.T) {
	rows := []preflight.Row{
		{Name: "one", Result: preflight.Fail, Reason: "bad", Remedy: "mend it"}, {Name: "two", Result: preflight.Warn, Reason: "odd"},
		{Name: "three", Result: preflight.Fail, Reason: "worse"}, {Name: "four", Result: preflight.Pass, Reason: "good"},
	}
	if diff := cmp.Diff("one: bad: mend it\nthree: worse", preflight.Err(rows).Error()); diff != "" {
		t.Error(diff)
	}
	if err := preflight.Err(rows[1:2]); err != nil {
		t.Error(err)
	}
}
