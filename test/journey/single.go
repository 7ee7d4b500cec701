package journey

import "slices"

// Single is the recovery of a hub with one managed cluster.
func Single() []Step {
	const cluster = "managed-one"
	return []Step{
		{
			Name:  "ActiveHub",
			Title: "The active hub",
			Say:   "hub-dr1 manages itself, as local-cluster, and managed-one. Both are accepted, joined and available.",
			Do: func(t TB, w *World) {
				w.Acmdr(t, "get", "clusters", "--context", OldHub).Exits(0).
					Row("local-cluster", "True", "True", "True").
					Row(cluster, "True", "True", "True", "Hive")
				w.before = map[string]Traits{cluster: w.traits(t, OldHub, cluster)}
			},
		},
		backUp(),
		disaster(),
		standby(),
		{
			Name:  "Reregister",
			Title: "The cluster moves",
			Say: "Nothing is written to managed-one before the new hub is proven able to take it. Its agent then finds a new " +
				"bootstrap kubeconfig, and knocks at hub-dr2.",
			Do: func(t TB, w *World) {
				w.Acmdr(t, "reregister", cluster, "--context", NewHub).Exits(0).Row(cluster, "Done")
			},
		},
		{
			Name:  "Accept",
			Title: "The new hub accepts it",
			Say:   "The certificate signing request of the agent is checked and approved, and the cluster proves that it is back.",
			Do: func(t TB, w *World) {
				w.Acmdr(t, "accept", cluster, "--context", NewHub).Exits(0)
			},
		},
		{
			Name:  "Back",
			Title: "The fleet is back",
			Say:   "managed-one is on hub-dr2, with the labels, the taint and the cluster set that it had.",
			Do: func(t TB, w *World) {
				w.Acmdr(t, "get", "clusters", "-o", "wide", "--context", NewHub).Exits(0).
					Row("local-cluster", "True", "True", "True").
					Row(cluster, "True", "True", "True", "Hive")
				w.before[cluster].kept(t, cluster, w.traits(t, NewHub, cluster))
				w.Acmdr(t, "status", "--context", NewHub).Exits(0)
			},
		},
		{
			Name:  "WorkloadSurvives",
			Title: "No workload was lost",
			Say: "An agent deletes the workloads that its hub does not know, after a grace period: one minute here, an hour by " +
				"default. When it has run out, the ConfigMap that hub-dr1 had put on managed-one is still there, untouched.",
			Do: func(t TB, w *World) {
				w.outlivesEviction(t, cluster)
				w.Shell.Run(t, "kubectl", "get", "configmap", workload, "-n", workloadNamespace, "--context", cluster).Exits(0)
			},
		},
		{
			Name:  "Again",
			Title: "The same again",
			Say:   "Whoever is not sure where the recovery stopped runs it again: what is done already is left alone.",
			Do: func(t TB, w *World) {
				before := w.Snapshot(t, NewHub, cluster)
				w.Acmdr(t, w.Install(t, NewHub)...).Exits(0).NeverSays(" created").NeverSays(" configured")
				w.Acmdr(t, "restore", "--context", NewHub).Exits(0)
				w.Acmdr(t, "reregister", cluster, "--context", NewHub).Exits(0)
				w.Acmdr(t, "accept", cluster, "--context", NewHub).Exits(0)
				before.Same(t, w.Snapshot(t, NewHub, cluster))
			},
		},
		{
			Name:  "End",
			Title: "Where it stands",
			Say:   "hub-dr1 is gone. Nothing of its fleet is.",
			Do: func(t TB, w *World) {
				w.Acmdr(t, "get", "clusters", "--context", NewHub).Exits(0).Row(cluster, "True", "True", "True")
			},
		},
	}
}

// credentials is the file with the keys of the bucket, in the user's home.
const credentials = "credentials-velero"

// Install is the command line that both hubs get: the same bucket.
func (w *World) Install(t TB, hub string) []string {
	t.Helper()
	env := w.Lab.Env(t)
	return []string{
		"install", "--bucket", env["ACMDR_LAB_BUCKET"], "--region", env["ACMDR_LAB_REGION"], "--s3-url", env["ACMDR_LAB_S3_URL"],
		"--s3-force-path-style", "--credentials-file", credentials, "--context", hub,
	}
}

func backUp() Step {
	return Step{
		Name:  "BackUp",
		Title: "A backup, while all is well",
		Say: "install sets Velero up with its bucket; backup writes one backup of what bringing the fleet back needs, and reads it " +
			"again to make sure that every managed cluster is in it.",
		Do: func(t TB, w *World) {
			w.Acmdr(t, w.Install(t, OldHub)...).Exits(0)
			w.Acmdr(t, "get", "locations", "--context", OldHub).Exits(0).Row("default")
			w.Acmdr(t, "backup", "before-disaster", "--context", OldHub).Exits(0).Row("before-disaster", "Completed")
			w.Acmdr(t, "get", "backups", "--context", OldHub).Exits(0).Row("before-disaster", "Completed")
		},
	}
}

func disaster() Step {
	return Step{
		Name:  "Disaster",
		Title: "The active hub burns",
		Say:   "Every process of hub-dr1 is killed, and none comes back.",
		Do: func(t TB, w *World) {
			w.Lab.Kill(t, OldHub)
			w.Acmdr(t, "get", "clusters", "--context", OldHub).Exits(1).OneError("cannot reach")
		},
	}
}

func standby() Step {
	return Step{
		Name:  "Restore",
		Title: "The standby hub takes over",
		Say:   "The same bucket, on hub-dr2: the newest good backup is found and restored.",
		Do: func(t TB, w *World) {
			w.Acmdr(t, w.Install(t, NewHub)...).Exits(0)
			w.Acmdr(t, "restore", "--context", NewHub).Exits(0).Says("before-disaster")
			result := w.Acmdr(t, "get", "clusters", "--context", NewHub).Exits(0)
			for _, name := range slices.Sorted(slices.Values(w.managed)) {
				result.Row(name, "True", "Unknown", "Unknown", "Hive")
			}
		},
	}
}
