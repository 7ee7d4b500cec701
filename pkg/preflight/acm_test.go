package preflight_test

import (
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/acmdr/kubectl-acmdr/pkg/internal/testutil"
	"github.com/acmdr/kubectl-acmdr/pkg/preflight"
)

func acm(kind string, spec, status map[string]any) runtime.Object {
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "cluster.open-cluster-management.io/v1beta1", "kind": kind,
		"metadata": map[string]any{"namespace": "open-cluster-management-backup", "name": "acm"}, "spec": spec, "status": status,
	}}
}

func TestACM(t *testing.T) {
	phase := func(phase string) map[string]any { return map[string]any{"phase": phase} }
	for name, test := range map[string]struct {
		objects            []runtime.Object
		restores, schedule preflight.Result
		says               string
	}{
		"nothing":       {nil, preflight.Pass, preflight.Pass, ""},
		"done":          {[]runtime.Object{acm("Restore", nil, phase("Finished"))}, preflight.Pass, preflight.Pass, ""},
		"at work":       {[]runtime.Object{acm("Restore", nil, phase("Running"))}, preflight.Fail, preflight.Pass, "open-cluster-management-backup/acm of ACM is Running"},
		"not looked at": {[]runtime.Object{acm("Restore", nil, nil)}, preflight.Fail, preflight.Pass, "of ACM is New"},
		"syncing":       {[]runtime.Object{acm("Restore", nil, phase("Enabled"))}, preflight.Fail, preflight.Pass, "kubectl delete restores.cluster.open-cluster-management.io acm -n open-"},
		"scheduled":     {[]runtime.Object{acm("BackupSchedule", nil, phase("Enabled"))}, preflight.Pass, preflight.Warn, "half restored"},
		"paused":        {[]runtime.Object{acm("BackupSchedule", map[string]any{"paused": true}, phase("Paused"))}, preflight.Pass, preflight.Pass, ""},
		"collided":      {[]runtime.Object{acm("BackupSchedule", nil, phase("BackupCollision"))}, preflight.Pass, preflight.Pass, ""},
	} {
		t.Run(name, func(t *testing.T) {
			rows, err := preflight.ACM(t.Context(), testutil.NewHub(t, test.objects...).Dynamic)
			if err != nil || len(rows) != 2 {
				t.Fatalf("got %v, %v", rows, err)
			}
			said := ""
			for _, row := range rows {
				if row.Result != preflight.Pass {
					said = row.Name
				}
			}
			if rows[0].Result != test.restores || rows[1].Result != test.schedule {
				t.Errorf("got %v", rows)
			}
			for _, row := range rows {
				if row.Name == said {
					check(t, row, row.Result, test.says)
				}
			}
		})
	}
}
