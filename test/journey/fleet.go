package journey

// Fleet is the recovery of a hub with three managed clusters, one of which cannot be reached at first.
func Fleet() []Step {
	const lost = "managed-three"
	back := []string{"managed-one", "managed-two"}
	move := []string{"reregister", "--all", "--accept", "--context", NewHub, "--timeout", "90s"}
	return []Step{
		{
			Name: "ActiveHub",
			Do: func(t TB, w *World) {
				w.before = map[string]Traits{}
				result := w.Direct(t, "get", "clusters", "--context", OldHub).Exits(0)
				for _, name := range w.managed {
					result.Row(name, "True", "True", "True", "Hive")
					w.before[name] = w.traits(t, OldHub, name)
				}
			},
		},
		backUp(),
		disaster(),
		standby(),
		{
			Name: "OneIsUnreachable",
			Do: func(t TB, w *World) {
				w.Lab.Kill(t, lost)
				result := w.Direct(t, move...).Exits(1).Row(lost, "Failed").Failed(lost, "cannot reach the managed cluster")
				for _, name := range back {
					result.Row(name, "Done")
				}
				clusters := w.Direct(t, "get", "clusters", "--context", NewHub).Exits(0)
				for _, name := range back {
					clusters.Row(name, "True", "True", "True")
					w.before[name].kept(t, name, w.traits(t, NewHub, name))
				}
			},
		},
		{
			Name: "TheSameCommandFinishesIt",
			Do: func(t TB, w *World) {
				w.Lab.Start(t, lost)
				w.Direct(t, move...).Exits(0).Row(lost, "Done")
				w.Direct(t, "get", "clusters", "--context", NewHub).Exits(0).Row(lost, "True", "True", "True")
				w.before[lost].kept(t, lost, w.traits(t, NewHub, lost))
			},
		},
		{
			Name: "AgainChangesNothing",
			Do: func(t TB, w *World) {
				before := w.Snapshot(t, append([]string{NewHub}, w.managed...)...)
				w.Direct(t, move...).Exits(0)
				before.Same(t, w.Snapshot(t, append([]string{NewHub}, w.managed...)...))
			},
		},
	}
}
