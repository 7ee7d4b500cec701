package fence

// Advice is one thing to do about a hub that cannot be fenced now, and the command for it, if there is one.
type Advice struct {
	Text    string
	Command string
}

// BeforeItComesBack says what to do about an old hub that cannot be reached. plugin is how the plugin is called, and flags are
// those that choose the hubs.
func BeforeItComesBack(plugin, flags string) []Advice {
	return []Advice{
		{
			Text: "Keep agents from reaching it: leave its machines off, or take its API's DNS name or load balancer away until it is fenced",
		},
		{
			Text: "Keep it from writing to the bucket: make the access key that its Velero uses inactive at the object store",
		},
		{
			Text:    "As soon as its API answers, and before anything else there, fence it",
			Command: plugin + " fence " + flags + " --unaccept",
		},
		{
			Text:    "Look for clusters that both hubs claim",
			Command: plugin + " status " + flags,
		},
		{
			Text: "Delete nothing on it while an agent is connected: a ManagedCluster, namespace or ClusterDeployment that is deleted there " +
				"takes workloads, or the cluster, with it. Wait until every managed cluster is Unknown there, which takes five minutes",
		},
	}
}
