package restore

import (
	"maps"
	"slices"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/sets"

	"github.com/acmdr/kubectl-acmdr/pkg/ocm"
)

// never are the kinds that must not come back from any backup, whoever made it; BareMetalHosts only when they are asked for.
var never = map[string]string{
	clustersIn: "made before Velero begins, or ACM would delete their namespaces",
	"certificatesigningrequests.certificates.k8s.io": "requests to the old hub; an agent stops asking when ten are there",
	"leases.coordination.k8s.io":                     "say when the old hub last saw a cluster",
	"events":                                         "tell of the old hub",
	"events.events.k8s.io":                           "tell of the old hub",
	"nodes":                                          "are the old hub's own",
	"customresourcedefinitions.apiextensions.k8s.io":                 "come with this hub's own software",
	"apiservices.apiregistration.k8s.io":                             "come with this hub's own software",
	"clusterroles.rbac.authorization.k8s.io":                         "this hub's controllers make their own",
	"clusterrolebindings.rbac.authorization.k8s.io":                  "this hub's controllers make their own",
	"roles.rbac.authorization.k8s.io":                                "this hub's controllers make their own",
	"rolebindings.rbac.authorization.k8s.io":                         "this hub's controllers make their own",
	"mutatingwebhookconfigurations.admissionregistration.k8s.io":     "come with this hub's own software",
	"validatingwebhookconfigurations.admissionregistration.k8s.io":   "come with this hub's own software",
	"validatingadmissionpolicies.admissionregistration.k8s.io":       "come with this hub's own software",
	"validatingadmissionpolicybindings.admissionregistration.k8s.io": "come with this hub's own software",
	"placementdecisions.cluster.open-cluster-management.io":          "this hub decides by itself",
	"addonplacementscores.cluster.open-cluster-management.io":        "measured again",
	"clusterclaims.cluster.open-cluster-management.io":               "what the old hub claims of itself as a managed cluster",
	"clustermanagementaddons.addon.open-cluster-management.io":       "come with the add-ons' software",
	"discoveredclusters.discovery.open-cluster-management.io":        "found again",
	"hiveconfigs.hive.openshift.io":                                  "this hub has its own",
	"workflows.argoproj.io":                                          "runs, which would run again",
	"clusterprovisions.hive.openshift.io":                            "installations that run: would make clusters again",
	"clusterdeprovisions.hive.openshift.io":                          "would destroy clusters",
	"clusterrelocates.hive.openshift.io":                             "would move clusters to yet another hub",
	"baremetalhosts.metal3.io":                                       "would install machines again, unless with --include-baremetalhosts",
	"machines.cluster.x-k8s.io":                                      "would make machines again",
	"machinedeployments.cluster.x-k8s.io":                            "would make machines again",
	"clusters.cluster.x-k8s.io":                                      "would make infrastructure again",
	"hostedclusters.hypershift.openshift.io":                         "would make a second control plane, without its data",
	"nodepools.hypershift.openshift.io":                              "would make machines again",
	"appliedmanifestworks.work.open-cluster-management.io":           "are of the old hub's own agent",
	"backupstoragelocations.velero.io":                               "this hub has its own",
	"deletebackuprequests.velero.io":                                 "would delete backups",
	"schedules.velero.io":                                            "this hub decides by itself",
	"backupschedules.cluster.open-cluster-management.io":             "this hub decides by itself",
	"restores.cluster.open-cluster-management.io":                    "this hub decides by itself",
}

// neverGroups are API groups of which nothing must come back.
var neverGroups = map[string]string{
	"action.open-cluster-management.io":   "orders of a moment, which would be carried out again",
	"view.open-cluster-management.io":     "looks of a moment",
	"internal.open-cluster-management.io": "state of the old hub's own controllers",
	"operator.open-cluster-management.io": "the installation itself: this hub has its own",
}

// LeftOut is a kind that is in the backup and is not restored.
type LeftOut struct {
	Resource string
	Count    int
	Why      string
	// Unknown tells that the hub has no such kind: software that the old hub had is missing here.
	Unknown bool
}

// refuses tells whether a kind is not restored, whatever the hub has, and why.
func (p *Plan) refuses(resource string) (why string, refused bool) {
	if p.hosts && resource == hostsIn {
		return "", false
	}
	if why, refused = never[resource]; !refused {
		why, refused = neverGroups[schema.ParseGroupResource(resource).Group]
	}
	return why, refused
}

// leaveOut says which kinds of the backup are not restored.
func (p *Plan) leaveOut(served served) []LeftOut {
	resources := p.manifest.resources()
	var out []LeftOut
	for _, resource := range slices.Sorted(maps.Keys(resources)) {
		why, refused := p.refuses(resource)
		switch {
		case refused:
			out = append(out, LeftOut{Resource: resource, Count: resources[resource], Why: why})
		case !served.has(resource):
			out = append(out, LeftOut{Resource: resource, Count: resources[resource], Why: "this hub does not have the kind", Unknown: true})
		}
	}
	return out
}

// excludedKinds are those that Velero is told to leave out: those of the backup that are, and all that must never come back, also those
// that were not seen in it. Of a name that the hub does not have Velero makes nothing (pkg/util/collections
// GetResourceIncludesExcludes).
func (p *Plan) excludedKinds() []string {
	kinds := sets.New[string]()
	for _, kind := range p.LeftOut {
		kinds.Insert(kind.Resource)
	}
	for resource := range never {
		if _, refused := p.refuses(resource); refused {
			kinds.Insert(resource)
		}
	}
	if !p.subset.all() {
		// Velero makes the namespaces of what it restores by itself; these would be all of the backup's.
		kinds.Insert(namespacesIn)
	}
	return sets.List(kinds)
}

// hubNamespaces are the namespaces of the backup that belong to the old hub itself, or have the name of one that this hub
// needs for itself. The names are exact: a pattern would make Velero spell out all others.
func hubNamespaces(m *manifest, own []string) []string {
	var out []string
	for _, namespace := range sets.List(m.inside) {
		if ocm.IsHubNamespace(namespace) || slices.Contains(m.local, namespace) || slices.Contains(own, namespace) {
			out = append(out, namespace)
		}
	}
	return out
}
