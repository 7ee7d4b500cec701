package rbac

import (
	certificatesv1 "k8s.io/api/certificates/v1"

	"github.com/acmdr/kubectl-acmdr/pkg/backup"
	"github.com/acmdr/kubectl-acmdr/pkg/ocm"
)

// Resources with long names.
const (
	managedClusters = "managedclusters.cluster.open-cluster-management.io"
	// acceptance and setMembership are no APIs: OCM's webhook asks for these rights when a cluster is accepted, or joins a set
	// (ocm pkg/registration/webhook/v1/managedcluster_validating.go).
	acceptance          = "managedclusters/accept.register.open-cluster-management.io"
	setMembership       = "managedclustersets/join.cluster.open-cluster-management.io"
	manifestWorks       = "manifestworks.work.open-cluster-management.io"
	addOns              = "managedclusteraddons.addon.open-cluster-management.io"
	clusterDeployments  = "clusterdeployments.hive.openshift.io"
	hostedClusters      = "hostedclusters.hypershift.openshift.io"
	klusterletConfigs   = "klusterletconfigs.config.open-cluster-management.io"
	backupSchedules     = "backupschedules.cluster.open-cluster-management.io"
	locations           = "backupstoragelocations.velero.io"
	backups             = "backups.velero.io"
	restores            = "restores.velero.io"
	schedules           = "schedules.velero.io"
	downloadRequests    = "downloadrequests.velero.io"
	statusRequests      = "serverstatusrequests.velero.io"
	deleteRequests      = "deletebackuprequests.velero.io"
	requests            = "certificatesigningrequests.certificates.k8s.io"
	approval            = "certificatesigningrequests/approval.certificates.k8s.io"
	signers             = "signers.certificates.k8s.io"
	clusterRoles        = "clusterroles.rbac.authorization.k8s.io"
	clusterRoleBindings = "clusterrolebindings.rbac.authorization.k8s.io"
	webhooks            = "hubs with OCM's webhooks"
	onACM               = "ACM"
	machines            = "backups that hold one"
	clustersWithID      = "clusters whose ID the hub knows"
)

// anyHub is what looking at a hub needs, whichever it is. In a hub's clusters' namespaces rights are for the whole cluster:
// RBAC knows no pattern of names, and a fleet grows.
func anyHub(velero string) []Rule {
	return []Rule{
		{Verb: "list", Resource: managedClusters, Needs: []string{"get clusters", "get credentials", "status", "backup", "restore"}, Why: "which clusters there are"},
		{Verb: "watch", Resource: managedClusters, Needs: []string{"get clusters -w"}, Why: "follow what changes"},
		{Verb: "list", Resource: "secrets", Needs: []string{"get clusters", "get credentials", "reregister", "restore", "backup"}, Why: "find credentials by their label; whether each is in a backup"},
		{Verb: "list", Resource: clusterDeployments, Needs: []string{"get clusters", "get credentials", "reregister", "restore", "fence", "backup"}, Why: "which secret Hive keeps the credential in"},
		{Verb: "get", Resource: "secrets", Needs: []string{"get credentials", "reregister", "explain", "undo"}, Why: "read the credential of a cluster"},
		{Verb: "get", Resource: hostedClusters, Needs: []string{"get credentials", "reregister", "explain", "undo"}, Why: "which secret HyperShift keeps the credential in", Only: "clusters that Hive did not make"},
		{Verb: "get", Resource: managedClusters, Needs: []string{"get credentials", "explain", "accept", "reregister", "undo", "fence", "restore --existing=update"}, Why: "how one cluster stands"},
		{Verb: "get", Resource: "namespaces", Needs: []string{"explain", "inspect", "check", "backup", "restore", "reregister", "status"}, Why: "tell hubs apart by their kube-system namespace; whether a cluster's namespace is whole"},
		{Verb: "get", Resource: "leases.coordination.k8s.io", Needs: []string{"explain", "accept", "reregister", "undo"}, Why: "whether the agent renews its lease"},
		{Verb: "list", Resource: requests, Needs: []string{"explain", "accept", "reregister", "undo"}, Why: "what the agent asked for"},
		{Verb: "create", Resource: "subjectaccessreviews.authorization.k8s.io", Needs: []string{"explain"}, Why: "whether the bootstrap identity has its rights", Without: "explain does not notice when it has lost them"},
		{Verb: "list", Resource: addOns, Needs: []string{"explain"}, Why: "whether the add-ons are available"},
		{Verb: "list", Resource: manifestWorks, Needs: []string{"explain", "reregister", "undo", "restore", "fence"}, Why: "which workloads the hub holds"},
		{Verb: "list", Resource: "leases.coordination.k8s.io", Needs: []string{"status --old-hub-context"}, Why: "which of two hubs has a cluster's agent"},
		{Verb: "list", Resource: locations, Needs: []string{"get backups", "status", "backup", "restore", "fence"}, Why: "find Velero's namespace; where backups go"},
		{Verb: "watch", Resource: locations, Namespace: velero, Needs: []string{"get locations -w"}, Why: "follow what changes"},
		{Verb: "list", Resource: backups, Namespace: velero, Needs: []string{"get backups", "status", "backup", "restore"}, Why: "which backups there are"},
		{Verb: "watch", Resource: backups, Namespace: velero, Needs: []string{"get backups -w"}, Why: "follow what changes"},
		{Verb: "list", Resource: restores, Namespace: velero, Needs: []string{"get restores", "status", "restore"}, Why: "which restores there are"},
		{Verb: "watch", Resource: restores, Namespace: velero, Needs: []string{"get restores -w"}, Why: "follow what changes"},
		{Verb: "get", Resource: "deployments.apps", Namespace: velero, Name: "velero", Needs: []string{"backup", "schedule create", "check", "restore", "status", "inspect"}, Why: "whether Velero runs, its version and its limits", Without: "a Velero that does not run is waited for, and status does not tell; it is asked for its version; check and restore do not see its limits"},
		{Verb: "get", Resource: backups, Namespace: velero, Needs: []string{"inspect", "backup", "backup prune"}, Why: "the backup that is named; wait for its end"},
		{Verb: "list", Resource: schedules, Namespace: velero, Needs: []string{"get schedules", "schedule", "check", "backup prune"}, Why: "which schedules there are"},
		{Verb: "watch", Resource: schedules, Namespace: velero, Needs: []string{"get schedules -w"}, Why: "follow what changes"},
		{Verb: "list", Resource: "namespaces", Needs: []string{"check", "restore"}, Why: "which are there, or being deleted"},
		{Verb: "create", Resource: downloadRequests, Namespace: velero, Needs: []string{"inspect", "check", "backup", "restore"}, Why: "ask Velero for links to a backup"},
		{Verb: "get", Resource: downloadRequests, Namespace: velero, Needs: []string{"inspect", "check", "backup", "restore"}, Why: "read the link"},
		{Verb: "delete", Resource: downloadRequests, Namespace: velero, Needs: []string{"inspect", "check", "backup", "restore"}, Why: "take the link away again, since it opens the backup", Without: "Velero deletes it itself, after ten minutes"},
		{Verb: "create", Resource: statusRequests, Namespace: velero, Needs: []string{"backup", "schedule create", "check", "restore"}, Why: "ask Velero for its version, where the tag of its image does not tell", Without: "it is not known"},
		{Verb: "get", Resource: statusRequests, Namespace: velero, Needs: []string{"backup", "schedule create", "check", "restore"}, Why: "read the answer", Without: "likewise"},
		{Verb: "delete", Resource: statusRequests, Namespace: velero, Needs: []string{"backup", "schedule create", "check", "restore"}, Why: "take the question away again", Without: "Velero deletes it itself"},
		{Verb: "list", Resource: "apiservices.apiregistration.k8s.io", Needs: []string{"check", "restore"}, Why: "whether all APIs answer", Without: "check and restore warn that it was not looked at"},
		{Verb: "get", Resource: "infrastructures.config.openshift.io", Name: "cluster", Needs: []string{"check", "reregister"}, Why: "the outside URL of the API"},
		{Verb: "get", Resource: "configmaps", Namespace: "kube-public", Name: "cluster-info", Needs: []string{"check", "reregister"}, Why: "the URL and CA that kubeadm published"},
		{Verb: "get", Resource: "configmaps", Namespace: "kube-system", Name: "kube-root-ca.crt", Needs: []string{"check", "reregister"}, Why: "the CA of the API", Without: "the CA of the kubeconfig is taken"},
		{Verb: "get", Resource: "clusterversions.config.openshift.io", Name: "version", Needs: []string{"inspect", "check", "restore", "backup", "schedule create", "status"}, Why: "the id by which ACM's backups name this hub", Only: onACM},
		{Verb: "list", Resource: "multiclusterhubs.operator.open-cluster-management.io", Needs: []string{"backup", "schedule create", "restore"}, Why: "the version of ACM", Without: "parity of the two hubs is not checked", Only: onACM},
		{Verb: "list", Resource: "multiclusterengines.multicluster.openshift.io", Needs: []string{"backup", "schedule create", "restore"}, Why: "the version of MCE", Without: "likewise", Only: onACM},
		{Verb: "list", Resource: "subscriptions.operators.coreos.com", Needs: []string{"backup", "schedule create", "restore"}, Why: "the versions of operators", Without: "likewise", Only: "OpenShift"},
	}
}

// activeHub is what a backup needs beyond that, and what a hub that clusters leave needs: fence, and undo back to it.
func activeHub(velero string) []Rule {
	return []Rule{
		{Verb: "create", Resource: "configmaps", Namespace: velero, Needs: []string{"backup"}, Why: "the resource policy that says what is in the backup"},
		{Verb: "create", Resource: backups, Namespace: velero, Needs: []string{"backup"}, Why: "ask Velero for the backup"},
		{Verb: "get", Resource: "customresourcedefinitions.apiextensions.k8s.io", Needs: []string{"backup"}, Why: "whether Velero can know a kind yet", Without: "a kind that came minutes ago is not missed in the backup"},
		{Verb: "get", Resource: locations, Namespace: velero, Needs: []string{"backup", "fence"}, Why: "read what was written; fence looks again before it writes"},
		{Verb: "patch", Resource: backups, Namespace: velero, Needs: []string{"backup"}, Why: "note that it was verified"},
		{Verb: "get", Resource: "configmaps", Namespace: velero, Needs: []string{"backup NAME"}, Why: "of which clusters a backup of that name is", Only: "backups of some clusters that are there already"},

		{Verb: "get", Resource: schedules, Namespace: velero, Needs: []string{"schedule create", "schedule delete", "fence"}, Why: "whether it is there"},
		{Verb: "create", Resource: schedules, Namespace: velero, Needs: []string{"schedule create"}, Why: "ask Velero for backups again and again"},
		{Verb: "patch", Resource: schedules, Namespace: velero, Needs: []string{"schedule pause", "fence"}, Why: "pause and resume it; 'schedule create' notes there what an upgrade changed"},
		{Verb: "delete", Resource: schedules, Namespace: velero, Needs: []string{"schedule delete"}, Why: "end it"},
		{Verb: "create", Resource: deleteRequests, Namespace: velero, Needs: []string{"backup prune", "backup NAME"}, Why: "ask Velero to delete a backup"},
		{Verb: "get", Resource: deleteRequests, Namespace: velero, Needs: []string{"backup prune", "backup NAME"}, Why: "wait for its end"},
		{Verb: "list", Resource: "configmaps", Namespace: velero, Needs: []string{"backup prune"}, Why: "find content policies that no backup refers to any more"},
		{Verb: "delete", Resource: "configmaps", Namespace: velero, Needs: []string{"backup prune"}, Why: "delete them", Only: "hubs with such a policy"},

		{Verb: "list", Resource: backupSchedules, Needs: []string{"fence"}, Why: "ACM's schedules"},
		{Verb: "list", Resource: schedules, Needs: []string{"fence"}, Why: "Velero's schedules"},
		{Verb: "get", Resource: backupSchedules, Namespace: velero, Needs: []string{"fence"}, Why: "pause them", Only: onACM},
		{Verb: "patch", Resource: backupSchedules, Namespace: velero, Needs: []string{"fence"}, Why: "pause them", Only: onACM},
		{Verb: "patch", Resource: locations, Namespace: velero, Needs: []string{"fence"}, Why: "make the location read-only"},
		{Verb: "get", Resource: clusterDeployments, Needs: []string{"fence"}, Why: "keep Hive from deprovisioning a cluster"},
		{Verb: "patch", Resource: clusterDeployments, Needs: []string{"fence"}, Why: "likewise"},
		{Verb: "patch", Resource: managedClusters, Needs: []string{"fence"}, Why: "annotate disable-auto-import"},
		{Verb: "get", Resource: manifestWorks, Needs: []string{"fence"}, Why: "keep works from applying the old bootstrap secret", Only: "works that hold it, as ACM makes them"},
		{Verb: "patch", Resource: manifestWorks, Needs: []string{"fence"}, Why: "likewise", Only: "works that hold it, as ACM makes them"},
		{Verb: "update", Resource: acceptance, Needs: []string{"fence --unaccept"}, Why: "take the acceptance away, or give it back", Only: webhooks},

		{Verb: "update", Resource: approval, Needs: []string{"undo --old-hub-context"}, Why: "approve the CSR of an agent that comes back", Only: "hubs that do not approve it themselves"},
		{Verb: "approve", Resource: signers, Name: certificatesv1.KubeAPIServerClientSignerName, Needs: []string{"undo --old-hub-context"}, Why: "likewise", Only: "hubs that do not approve it themselves"},
		{Verb: "delete", Resource: requests, Needs: []string{"undo --old-hub-context"}, Why: "let an agent ask again that has stopped at ten CSRs", Only: "agents that have stopped asking"},
	}
}

// standbyHub is what restore, reregister, accept and undo need beyond that, in the order in which they do.
func standbyHub(velero string) []Rule {
	return []Rule{
		{Verb: "get", Resource: locations, Namespace: velero, Needs: []string{"restore"}, Why: "where the backup is"},
		{Verb: "create", Resource: managedClusters, Needs: []string{"restore"}, Why: "the ManagedClusters come first; and held, because the bootstrap identity gets it"},
		{Verb: "update", Resource: acceptance, Needs: []string{"restore", "accept"}, Why: "with the acceptance that they had", Only: webhooks},
		{Verb: "create", Resource: setMembership, Needs: []string{"restore"}, Why: "and in their cluster set", Only: webhooks},
		{Verb: "create", Resource: "configmaps", Namespace: velero, Needs: []string{"restore"}, Why: "settings of the Restore"},
		{Verb: "create", Resource: restores, Namespace: velero, Needs: []string{"restore"}, Why: "ask Velero for the restore"},
		{Verb: "get", Resource: restores, Namespace: velero, Needs: []string{"restore"}, Why: "wait for its end"},
		{Verb: "delete", Resource: "secrets", Needs: []string{"restore", "reregister"}, Why: "<cluster>-import of another hub, which ACM would go on handing out", Only: "backups that hold one"},
		{Verb: "patch", Resource: "namespaces", Needs: []string{"restore"}, Why: "give a cluster's namespace the labels that it had", Only: "namespaces that Velero found there already"},
		{Verb: "patch", Resource: restores, Namespace: velero, Needs: []string{"restore"}, Why: "note that all is done"},
		{Verb: "list", Resource: "baremetalhosts.metal3.io", Needs: []string{"restore --include-baremetalhosts"}, Why: "which came back, and with their status", Only: machines},
		{Verb: "patch", Resource: "baremetalhosts.metal3.io", Needs: []string{"restore --include-baremetalhosts"}, Why: "let go of those that have it", Only: machines},
		{Verb: "list", Resource: "restores.cluster.open-cluster-management.io", Needs: []string{"restore"}, Why: "whether ACM restores too", Without: "it is not looked at", Only: onACM},
		{Verb: "list", Resource: backupSchedules, Needs: []string{"restore"}, Why: "whether ACM backs up what is half restored", Without: "likewise", Only: onACM},

		{Verb: "list", Resource: klusterletConfigs, Needs: []string{"reregister"}, Why: "how agents reach this hub"},
		{Verb: "create", Resource: "namespaces", Needs: []string{"reregister"}, Why: "the cluster's namespace"},
		{Verb: "get", Resource: "serviceaccounts", Needs: []string{"reregister"}, Why: "the bootstrap identity"},
		{Verb: "create", Resource: "serviceaccounts", Needs: []string{"reregister"}, Why: "the bootstrap identity"},
		{Verb: "create", Resource: clusterRoles, Needs: []string{"reregister"}, Why: "its role"},
		{Verb: "create", Resource: requests, Needs: []string{"reregister"}, Why: "held, because the bootstrap identity gets it"},
		{Verb: "get", Resource: requests, Needs: []string{"reregister"}, Why: "likewise"},
		{Verb: "watch", Resource: requests, Needs: []string{"reregister"}, Why: "likewise"},
		{Verb: "create", Resource: clusterRoleBindings, Needs: []string{"reregister"}, Why: "its binding"},
		{Verb: "get", Resource: clusterRoles, Needs: []string{"reregister"}, Why: "whether the role is whole"},
		{Verb: "get", Resource: clusterRoleBindings, Needs: []string{"reregister"}, Why: "whether the binding is whole"},
		{Verb: "update", Resource: clusterRoles, Needs: []string{"reregister"}, Why: "mend it", Only: "roles that lack something"},
		{Verb: "update", Resource: clusterRoleBindings, Needs: []string{"reregister"}, Why: "mend it", Only: "bindings that lack something"},
		{Verb: "patch", Resource: klusterletConfigs, Name: "global", Needs: []string{"reregister --hold-eviction"}, Why: "hold evictions", Only: onACM},
		{Verb: "create", Resource: klusterletConfigs, Needs: []string{"reregister --hold-eviction"}, Why: "hold evictions", Only: onACM},
		{Verb: "create", Resource: "serviceaccounts/token", Needs: []string{"reregister"}, Why: "the bootstrap token"},
		{Verb: "patch", Resource: managedClusters, Needs: []string{"reregister", "accept", "undo"}, Why: "note when the cluster was switched; accept it"},

		{Verb: "update", Resource: approval, Needs: []string{"accept"}, Why: "approve the agent's CSR"},
		{Verb: "approve", Resource: signers, Name: certificatesv1.KubeAPIServerClientSignerName, Needs: []string{"accept"}, Why: "for the signer of client certificates"},
		{Verb: "delete", Resource: requests, Needs: []string{"accept"}, Why: "let an agent ask again that has stopped at ten CSRs", Only: "agents that have stopped asking"},
	}
}

// restoredKinds: restore compares every object of a backup with what is on the hub. One list per kind, never a get per object.
func restoredKinds() []Rule {
	var rules []Rule
	for _, kind := range backup.Resources() {
		rules = append(rules, Rule{Verb: "list", Resource: kind, Needs: []string{"restore of the kind"}, Why: "what of the backup is here already", Only: "backups that hold the kind"})
	}
	return rules
}

// managedCluster is what the credential of a managed cluster needs. With the two rights on the bootstrap secret alone a
// cluster can be moved, but its workloads are not guarded.
func managedCluster(agent string) []Rule {
	const klusterlets, works = "klusterlets.operator.open-cluster-management.io", "appliedmanifestworks.work.open-cluster-management.io"
	const previous = "bootstrap-hub-kubeconfig-previous"
	return []Rule{
		{Verb: "get", Resource: "secrets", Namespace: agent, Name: ocm.BootstrapSecret, Needs: []string{"get credentials", "reregister", "undo", "explain"}, Why: "which hub the agent joins"},
		{Verb: "update", Resource: "secrets", Namespace: agent, Name: ocm.BootstrapSecret, Needs: []string{"get credentials", "reregister", "undo"}, Why: "the switch"},
		{Verb: "list", Resource: klusterlets, Needs: []string{"reregister", "undo", "explain"}, Why: "the agent's namespace, mode and id", Without: "the usual namespace is taken, and Hosted mode is not noticed"},
		{Verb: "get", Resource: "secrets", Namespace: agent, Name: ocm.HubSecret, Needs: []string{"reregister", "undo", "explain"}, Why: "where the agent is registered, and as which cluster", Without: "the bootstrap token must name the cluster; undo cannot see the agent come back"},
		{Verb: "get", Resource: "namespaces", Name: "kube-system", Needs: []string{"get credentials", "reregister", "undo", "explain"}, Why: "the cluster's ID", Without: "only the name tells whether it is the right cluster", Only: clustersWithID},
		{Verb: "get", Resource: "clusterclaims.cluster.open-cluster-management.io", Needs: []string{"get credentials", "reregister", "undo", "explain"}, Why: "likewise", Without: "likewise", Only: clustersWithID},
		{Verb: "get", Resource: "clusterversions.config.openshift.io", Name: "version", Needs: []string{"get credentials", "reregister", "undo", "explain"}, Why: "likewise", Without: "likewise", Only: clustersWithID},
		{Verb: "list", Resource: works, Needs: []string{"reregister", "undo"}, Why: "which workloads a move would delete", Without: "workloads are not guarded, and the run says so"},
		{Verb: "get", Resource: "secrets", Namespace: agent, Name: previous, Needs: []string{"reregister", "undo"}, Why: "the previous bootstrap kubeconfig", Without: "it is kept as a second key of the bootstrap secret"},
		{Verb: "create", Resource: "secrets", Namespace: agent, Needs: []string{"reregister"}, Why: "keep it; make a bootstrap secret that somebody deleted", Without: "it is kept as a second key of the bootstrap secret"},
		{Verb: "update", Resource: "secrets", Namespace: agent, Name: previous, Needs: []string{"reregister"}, Why: "keep that of a later move", Without: "it is kept as a second key of the bootstrap secret"},
		{Verb: "patch", Resource: klusterlets, Needs: []string{"reregister --hold-eviction"}, Why: "hold evictions", Without: "--hold-eviction is refused before the switch"},
		{Verb: "list", Resource: "pods", Namespace: agent, Needs: []string{"explain"}, Why: "whether the agent runs", Without: "explain says that it could not look"},
	}
}
