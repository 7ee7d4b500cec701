package velero_test

import (
	"testing"

	"github.com/acmdr/kubectl-acmdr/pkg/velero"
)

// A release candidate is before its release; what a vendor or a build adds changes nothing.
func TestParseVersion(t *testing.T) {
	type can struct{ known, filterPolicies, filtersRestores, expands, backs bool }
	var (
		all     = can{known: true, filterPolicies: true, filtersRestores: true, backs: true}
		older   = can{known: true, backs: true}
		slow    = can{known: true, expands: true}
		ancient = can{known: true}
		unknown = can{filterPolicies: true, backs: true}
	)
	for text, want := range map[string]can{
		"v1.18.3": all, "1.18.3": all, "v1.18.4": all, "v1.18.30": all, "v1.19.0": all, "v2.0.0": all,
		"v1.18.3-OADP": all, "1.18.3-debian-12-r3": all, "v1.18.3+build.7": all, "v1.18.3_vmware.1": all, "v1.18.3-1": all,
		"v1.18.3-12-g0123abc": all, "v1.18.3.1": all, "v1.18.3-redhat": all, "v1.18.3-rcx": all, "v1.18.3+rc.1": all,
		"v1.18.3-OADP-rc.1": all,
		"v1.18.3-rc.1":      older, "v1.18.3-rc1": older, "v1.18.3rc1": older, "v1.18.3-RC.2": older, "v1.18.3-rc": older,
		"v1.18.3-alpha": older, "v1.18.3-beta.2": older, "v1.18.3-rc.1+build": older, "v1.18.3-rc.1-OADP": older, "v1.18.3-dev": older,
		"v1.19.0-rc.1": all, "v1.18.4-beta": all, "v1.18.2": older, "v1.18.0": older, "v1.16.2-OADP": older, "v1.11.0": older,
		"v1.18.1": slow, "v1.18.1-OADP": slow, "v1.18.1+build": slow, "v1.18.1-rc.1": older,
		"v1.10.3": ancient, "v1.9.0-OADP": ancient, "v1.11.0-rc.1": ancient,
		"": unknown, "v": unknown, "main": unknown, "latest": unknown, "v1": unknown, "v1.18": unknown, "release-1.18.3": unknown,
		"1.18.x": unknown, "v1.018.3": unknown, "v1.18.99999999999999999999": unknown, "5000/velero": unknown, "vv1.18.3": unknown,
	} {
		v := velero.ParseVersion(text)
		got := can{v.Known(), v.FilterPolicies(), v.FiltersRestores(), v.Expands(), v.Backs() == nil}
		if got != want {
			t.Errorf("%q: got %+v, want %+v", text, got, want)
		}
	}
	for text, want := range map[string]string{"1.18.3-rc.1": "v1.18.3-rc.1", "v1.16.2-OADP": "v1.16.2-OADP", "main": ""} {
		if got := velero.ParseVersion(text).String(); got != want {
			t.Errorf("%q reads %q, want %q", text, got, want)
		}
	}
}
