package cmd

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"
	clusterv1 "open-cluster-management.io/api/cluster/v1"

	"github.com/acmdr/kubectl-acmdr/pkg/cmd/cmdutil"
	"github.com/acmdr/kubectl-acmdr/pkg/internal/testutil"
	"github.com/acmdr/kubectl-acmdr/pkg/ocm"
)

const (
	clusterAPI  = "/apis/cluster.open-cluster-management.io/v1"
	clustersAPI = clusterAPI + "/managedclusters"
)

// day is how old the objects of these tests are; made is the same as a fixed time, for machine formats.
const day = 24 * time.Hour

var made = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// fleet are a cluster that is back, one that is not, one that Hive's secret is missing of, and the hub itself.
func fleet(t *testing.T, created time.Time) []unstructured.Unstructured {
	t.Helper()
	at := func(c *clusterv1.ManagedCluster) { c.CreationTimestamp = metav1.Time{Time: created} }
	url := func(c *clusterv1.ManagedCluster) {
		c.Spec.ManagedClusterClientConfigs = []clusterv1.ClientConfig{{URL: "https://" + c.Name + ":6443"}}
	}
	refused := func(c *clusterv1.ManagedCluster) { c.Spec.HubAcceptsClient = false }
	var items []unstructured.Unstructured
	for _, cluster := range []*clusterv1.ManagedCluster{
		testutil.ManagedCluster("local-cluster", at, testutil.Back, testutil.Labelled("local-cluster", "true")),
		testutil.ManagedCluster("managed-one", at, url, testutil.Back, testutil.Labelled("env", "prod"), testutil.Labelled(ocm.ClusterSetLabel, "blue"),
			testutil.Switched(created)),
		testutil.ManagedCluster("managed-three", at, refused),
		testutil.ManagedCluster("managed-two", at, testutil.Labelled("env", "prod"),
			testutil.Condition(clusterv1.ManagedClusterConditionJoined, metav1.ConditionTrue),
			testutil.Condition(clusterv1.ManagedClusterConditionAvailable, metav1.ConditionUnknown)),
	} {
		items = append(items, *testutil.Object(t, ocm.ManagedClusterResource, cluster))
	}
	return items
}

// serveFleet starts a hub with these clusters and puts its kubeconfig into KUBECONFIG.
func serveFleet(t *testing.T, items []unstructured.Unstructured, more testutil.API) *httptest.Server {
	t.Helper()
	secret := *testutil.AdminKubeconfig("managed-one", "managed-one-admin-kubeconfig", made, nil)
	api := testutil.API{
		clusterAPI: metav1.APIResourceList{
			TypeMeta: metav1.TypeMeta{Kind: "APIResourceList", APIVersion: "v1"}, GroupVersion: "cluster.open-cluster-management.io/v1",
		},
		clustersAPI: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			selector, err := labels.Parse(r.URL.Query().Get("labelSelector"))
			if err != nil {
				t.Error(err)
			}
			list := map[string]any{"apiVersion": "cluster.open-cluster-management.io/v1", "kind": "ManagedClusterList",
				"metadata": map[string]any{"resourceVersion": "7"}}
			selected := []any{}
			for _, item := range items {
				if selector.Matches(labels.Set(item.GetLabels())) {
					selected = append(selected, item.Object)
				}
			}
			list["items"] = selected
			if r.URL.Query().Get("watch") != "" {
				w.Header().Set("Content-Type", "application/json")
				for _, item := range items[1:2] {
					_ = json.NewEncoder(w).Encode(map[string]any{"type": "MODIFIED", "object": item.Object})
				}
				return
			}
			testutil.API{r.URL.Path: list}.ServeHTTP(w, r)
		}),
		"/api/v1/secrets": corev1.SecretList{TypeMeta: metav1.TypeMeta{Kind: "SecretList", APIVersion: "v1"}, Items: []corev1.Secret{secret}},
		"/apis/hive.openshift.io/v1/clusterdeployments": map[string]any{
			"apiVersion": "hive.openshift.io/v1", "kind": "ClusterDeploymentList", "metadata": map[string]any{},
			"items": []any{
				testutil.ClusterDeployment("managed-one", "managed-one", secret.Name).Object,
				testutil.ClusterDeployment("managed-two", "managed-two", "gone").Object,
			},
		},
	}
	maps.Copy(api, more)
	authority := testutil.NewAuthority(t)
	server := authority.Serve(t, api)
	t.Setenv("KUBECONFIG", testutil.WriteFile(t, "kubeconfig", testutil.Kubeconfig(server.URL, authority.PEM, "s3cr3t")))
	return server
}

func TestGetClusters(t *testing.T) {
	tests := []struct {
		name, args string
		created    time.Time
	}{
		{"table", "get clusters", time.Now().Add(-3 * day)},
		{"wide", "get clusters -o wide", time.Now().Add(-3 * day)},
		{"selected", "get clusters -l env=prod --no-headers", time.Now().Add(-3 * day)},
		{"named", "get clusters managed-three managed-one", time.Now().Add(-3 * day)},
		{"watched", "get clusters -w", time.Now().Add(-3 * day)},
		{"json", "get clusters -o json", made},
		{"one.json", "get clusters managed-one -o json", made},
		{"yaml", "get mcl managed-three -o yaml", made},
		{"name", "get clusters -o name", made},
		{"jsonpath", "get clusters -o jsonpath={.items[*].metadata.name}", made},
		{"columns", "get clusters -o custom-columns=NAME:.metadata.name,ENV:.metadata.labels.env,OK:.status.conditions[*].type", made},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			serveFleet(t, fleet(t, test.created), nil)
			got := run(t, "kubectl-acmdr", strings.Fields(test.args)...)
			if got.code != 0 || got.stderr != "" {
				t.Errorf("exit code %d, stderr %s", got.code, got.stderr)
			}
			testutil.Golden(t, "clusters-"+test.name+".golden", []byte(got.stdout))
		})
	}
}

// A watch goes on until the user ends it, and there is nothing to say about that.
func TestGetClustersUntilInterrupted(t *testing.T) {
	items := fleet(t, made)
	for _, format := range []string{"name", "json"} {
		ctx, cancel := context.WithCancel(t.Context())
		serveFleet(t, items, testutil.API{clustersAPI: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Query().Get("watch") == "" {
				testutil.API{r.URL.Path: map[string]any{
					"apiVersion": "cluster.open-cluster-management.io/v1", "kind": "ManagedClusterList",
					"metadata": map[string]any{"resourceVersion": "7"}, "items": []any{items[0].Object},
				}}.ServeHTTP(w, r)
				return
			}
			w.Header().Set("Content-Type", "application/json")
			_ = json.NewEncoder(w).Encode(map[string]any{"type": "MODIFIED", "object": items[1].Object})
			_ = http.NewResponseController(w).Flush()
			cancel()
			<-r.Context().Done()
		})})
		if got := runWith(ctx, t, "kubectl-acmdr", "get", "clusters", "-w", "-o", format); got.code != cmdutil.ExitCanceled || got.stderr != "" {
			t.Errorf("%s: got %+v", format, got)
		}
	}
}

func TestGetClustersReadsPages(t *testing.T) {
	items := fleet(t, made)
	var limits []string
	server := serveFleet(t, items, testutil.API{clustersAPI: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		limits = append(limits, r.URL.Query().Get("limit"))
		page := len(limits) - 1
		metadata := map[string]any{"resourceVersion": "7"}
		if page < len(items)-1 {
			metadata["continue"] = fmt.Sprint(page + 1)
		}
		testutil.API{r.URL.Path: map[string]any{
			"apiVersion": "cluster.open-cluster-management.io/v1", "kind": "ManagedClusterList", "metadata": metadata, "items": []any{items[page].Object},
		}}.ServeHTTP(w, r)
	})})
	defer server.Close()
	got := run(t, "kubectl-acmdr", "get", "clusters", "-o", "name")
	want := ""
	for _, item := range items {
		want += "managedcluster.cluster.open-cluster-management.io/" + item.GetName() + "\n"
	}
	if got.stdout != want || len(limits) != len(items) || limits[0] != "500" {
		t.Errorf("got %+v with limits %v", got, limits)
	}
}

func TestGetClustersThatFails(t *testing.T) {
	denied := apierrors.NewForbidden(schema.GroupResource{Group: "cluster.open-cluster-management.io", Resource: "managedclusters"}, "", nil)
	tests := []struct {
		name, args string
		more       testutil.API
		want       string
	}{
		{"no such cluster", "get clusters managed-nine managed-eight", nil,
			`managedclusters.cluster.open-cluster-management.io "managed-nine, managed-eight" not found`},
		{"may not list", "get clusters", testutil.API{clustersAPI: denied}, "listing clusters: managedclusters.cluster.open-cluster-management.io is forbidden: "},
		{"may not list secrets", "get clusters", testutil.API{"/api/v1/secrets": denied}, "listing Hive's secrets: "},
		{"not a hub", "get clusters", testutil.API{clusterAPI: apierrors.NewNotFound(schema.GroupResource{}, "")}, "https://127.0.0.1:"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			serveFleet(t, fleet(t, made), test.more)
			got := run(t, "kubectl-acmdr", strings.Fields(test.args)...)
			if got.code != cmdutil.ExitFailed || got.stdout != "" || !strings.HasPrefix(got.stderr, "error: "+test.want) || strings.Count(got.stderr, "\n") != 1 ||
				strings.Contains(got.stderr, "s3cr3t") {
				t.Errorf("got %+v, want %q", got, test.want)
			}
		})
	}
}

// TestFlagsOfTheKubeconfig: one that leads nowhere is wrong usage, and names itself.
func TestFlagsOfTheKubeconfig(t *testing.T) {
	for args, want := range map[string]string{
		"get clusters --context hub-dr9":                        `--context "hub-dr9" does not exist in the kubeconfig (see 'kubectl acmdr get clusters --help')`,
		"reregister managed-one --old-hub-context none":         `old hub: --old-hub-context "none" does not exist in the kubeconfig `,
		"fence --old-hub-kubeconfig /none":                      "old hub: --old-hub-kubeconfig /none cannot be read: no such file or directory ",
		"check --kubeconfig /none":                              "--kubeconfig /none cannot be read: no such file or directory ",
		"status --request-timeout 1x":                           `--request-timeout "1x" is no length of time: write it as 30s, 2m or 1h `,
		"undo managed-one --old-hub-kubeconfig " + os.TempDir(): "old hub: --old-hub-kubeconfig " + os.TempDir() + " cannot be read: is a directory ",
		"restore --kubeconfig /none --from-backup Bad_N":        `--from-backup: "Bad_N" is no valid name`,
	} {
		t.Run(args, func(t *testing.T) {
			serveFleet(t, fleet(t, made), nil)
			got := run(t, "kubectl-acmdr", strings.Fields(args)...)
			if got.code != cmdutil.ExitUsage || got.stdout != "" || !strings.HasPrefix(got.stderr, "error: "+want) || strings.Count(got.stderr, "\n") != 1 {
				t.Errorf("got %+v, want %q", got, want)
			}
		})
	}
}

// Of several that are named, those that are there are printed, as kubectl does.
func TestGetClustersOfWhichOneIsMissing(t *testing.T) {
	serveFleet(t, fleet(t, made), nil)
	got := run(t, "kubectl-acmdr", "get", "clusters", "managed-one", "managed-nine", "-o", "name")
	if got.code != cmdutil.ExitFailed || got.stdout != "managedcluster.cluster.open-cluster-management.io/managed-one\n" ||
		got.stderr != "error: managedclusters.cluster.open-cluster-management.io \"managed-nine\" not found\n" {
		t.Errorf("got %+v", got)
	}
}

// That there is nothing is said, of a hub without clusters as of a selector that matches none.
func TestGetClustersThatAreNone(t *testing.T) {
	for args, items := range map[string][]unstructured.Unstructured{"get clusters": nil, "get clusters -l env=none": fleet(t, made)} {
		serveFleet(t, items, nil)
		got := run(t, "kubectl-acmdr", strings.Fields(args)...)
		if got.code != 0 || got.stdout != "" || got.stderr != "No clusters found.\n" {
			t.Errorf("%s: got %+v", args, got)
		}
	}
}

// The verbs that act refuse what must not be moved with exit code 1, before anything is written: the hub answers no write.
func TestTargetsThatAreNone(t *testing.T) {
	tests := []struct{ args, want string }{
		{"accept managed-nine", "managed cluster not found on this hub: managed-nine; restore it first, or see 'kubectl acmdr get clusters'"},
		{"accept local-cluster", "local-cluster is the hub itself and is never backed up or moved"},
		{"accept -l env=none", "no managed cluster of this hub is selected"},
		{"reregister managed-nine", "managed cluster not found on this hub: managed-nine; restore it first, or see 'kubectl acmdr get clusters'"},
		{"reregister local-cluster --dry-run", "local-cluster is the hub itself and is never backed up or moved"},
		{"reregister managed-one --old-hub-context test", "the old hub and this hub are the same cluster ("},
	}
	for _, test := range tests {
		t.Run(test.args, func(t *testing.T) {
			serveFleet(t, fleet(t, made), testutil.API{"/api/v1/namespaces/kube-system": corev1.Namespace{
				TypeMeta: metav1.TypeMeta{Kind: "Namespace", APIVersion: "v1"}, ObjectMeta: metav1.ObjectMeta{Name: "kube-system", UID: "u"},
			}})
			got := run(t, "kubectl-acmdr", strings.Fields(test.args)...)
			if got.code != cmdutil.ExitFailed || !strings.HasPrefix(got.stderr, "error: "+test.want) || strings.Count(got.stderr, "\n") != 1 {
				t.Errorf("got %+v, want %q", got, test.want)
			}
		})
	}
}

// TestAcceptRun: the report is data on stdout, the talk is on stderr, and the last line says how to go on.
func TestAcceptRun(t *testing.T) {
	get := func(cluster unstructured.Unstructured) testutil.API {
		return testutil.API{
			clustersAPI + "/" + cluster.GetName(): cluster.Object,
			"/apis/certificates.k8s.io/v1/certificatesigningrequests": map[string]any{
				"apiVersion": "certificates.k8s.io/v1", "kind": "CertificateSigningRequestList", "metadata": map[string]any{}, "items": []any{},
			},
		}
	}
	items := fleet(t, time.Now().Add(-day))
	elapsed := regexp.MustCompile(`\d+\.\ds`)
	t.Run("timed out", func(t *testing.T) {
		serveFleet(t, items, get(items[3]))
		got := run(t, "kubectl-acmdr", "accept", "managed-two", "--timeout", "1ms", "--parallel", "3")
		got.stdout, got.stderr = elapsed.ReplaceAllString(got.stdout, "0.0s"), elapsed.ReplaceAllString(got.stderr, "0.0s")
		if got.code != cmdutil.ExitFailed ||
			!strings.HasSuffix(got.stderr, "1 managed cluster: 1 failed.\nTo resume: kubectl acmdr accept --parallel=3 --timeout=1ms managed-two\n") ||
			!strings.Contains(got.stdout, "managed-two   Failed   approve") || strings.Contains(got.stderr+got.stdout, "s3cr3t") {
			t.Errorf("got %+v", got)
		}
	})
	t.Run("interrupted", func(t *testing.T) {
		serveFleet(t, items, get(items[3]))
		ctx, cancel := context.WithCancel(t.Context())
		// The user presses Ctrl-C as the agent's requests are looked for.
		api := get(items[3])
		api["/apis/certificates.k8s.io/v1/certificatesigningrequests"] = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			cancel()
			<-r.Context().Done()
			_ = w
		})
		serveFleet(t, items, api)
		got := runWith(ctx, t, "kubectl-acmdr", "accept", "managed-two")
		if got.code != cmdutil.ExitCanceled || !strings.HasSuffix(got.stderr, "1 managed cluster: 1 interrupted.\nTo resume: kubectl acmdr accept managed-two\n") {
			t.Errorf("got %+v", got)
		}
	})
	t.Run("already back", func(t *testing.T) {
		back := fleet(t, time.Now().Add(-day))[1]
		api := get(back)
		lease := testutil.Lease("managed-one", time.Now())
		lease.TypeMeta = metav1.TypeMeta{Kind: "Lease", APIVersion: "coordination.k8s.io/v1"}
		api["/apis/coordination.k8s.io/v1/namespaces/managed-one/leases/managed-cluster-lease"] = lease
		serveFleet(t, items, api)
		got := run(t, "kubectl-acmdr", "accept", "managed-one", "-o", "jsonpath={.items[0].status.status}")
		if got.code != 0 || got.stdout != "Skipped" || !strings.HasSuffix(got.stderr, "1 managed cluster: 1 already done.\n") {
			t.Errorf("got %+v", got)
		}
	})
}
