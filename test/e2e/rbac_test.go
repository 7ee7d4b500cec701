//go:build e2e

package e2e

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/acmdr/kubectl-acmdr/pkg/rbac"
	"github.com/acmdr/kubectl-acmdr/test/journey"
)

// The journey as users who have the roles that the verb rbac prints and nothing else, and each verb again with each right that
// it needs taken away: it fails, and names that right and the role.
func TestLeastPrivilege(t *testing.T) {
	const cluster = "managed-one"
	w := world(t, 1)
	tried := map[string]bool{}
	var active, standby, managed *journey.Limited
	// trial runs a verb without each right that it is said to need, in the order in which it needs them.
	trial := func(t journey.TB, user *journey.Limited, verb string, args ...string) {
		for _, rule := range user.Rules {
			if slices.Contains(rule.Needs, verb) {
				without(t, w, user, rule, tried, args)
			}
		}
	}
	run(t, w, []journey.Step{
		{Name: "Users", Do: func(t journey.TB, w *journey.World) {
			w.Acmdr(t, w.Install(t, journey.OldHub)...).Exits(0)
			w.Acmdr(t, w.Install(t, journey.NewHub)...).Exits(0)
			w.Shell.Run(t, "kubectl", "apply", "--context", journey.OldHub, "-f", w.File(t, "binding.yaml", []byte(binding))).Exits(0)
			active = w.Limited(t, journey.OldHub, rbac.HubActive)
			standby = w.Limited(t, journey.NewHub, rbac.HubStandby)
			managed = w.Limited(t, cluster, rbac.Managed)
		}},
		{Name: "Look", Do: func(t journey.TB, w *journey.World) {
			for _, user := range []*journey.Limited{active, standby} {
				for _, verb := range []string{
					"get clusters", "get clusters -w", "get credentials", "get backups", "get backups -w", "get restores", "get restores -w",
					"get locations -w", "get schedules", "get schedules -w",
				} {
					// The standby hub has no managed cluster yet.
					if user == standby && verb == "get credentials" {
						continue
					}
					trial(t, user, verb, append(strings.Fields(verb), "--kubeconfig", user.File)...)
				}
				other := map[*journey.Limited]*journey.Limited{active: standby, standby: active}[user]
				trial(t, user, "status --old-hub-context", "status", "--kubeconfig", user.File, "--old-hub-kubeconfig", other.File)
			}
			hub := []string{"--kubeconfig", active.File}
			trial(t, active, "explain", append([]string{"explain", cluster, "--managed-kubeconfig", managed.File}, hub...)...)
			for _, verb := range []string{"get clusters", "get credentials", "get backups", "get restores", "get locations", "status"} {
				w.Direct(t, append(strings.Fields(verb), hub...)...).Exits(0)
			}
			w.Direct(t, append([]string{"explain", cluster}, hub...)...).Exits(0)
		}},
		{Name: "BackUp", Do: func(t journey.TB, w *journey.World) {
			// Each time another: what one began the next would only attach to.
			trial(t, active, "backup", "backup", "--kubeconfig", active.File)
			w.Direct(t, "backup", "before-disaster", "--kubeconfig", active.File).Exits(0).Row("before-disaster", "Completed")
			w.BackupIs(t, journey.NewHub, "before-disaster", "Completed")
		}},
		{Name: "Keep", Do: func(t journey.TB, w *journey.World) {
			w.Direct(t, "backup", "again", "--kubeconfig", active.File).Exits(0)
			for _, does := range []struct {
				verb string
				args []string
			}{
				{"schedule create", []string{"schedule", "create", "nightly", "--schedule", "0 2 * * *"}},
				{"get schedules", []string{"get", "schedules"}},
				{"schedule pause", []string{"schedule", "pause", "nightly"}},
				{"schedule", []string{"schedule", "list"}},
				{"schedule delete", []string{"schedule", "delete", "nightly"}},
				{"inspect", []string{"inspect", "before-disaster"}},
				{"inspect", []string{"inspect", "before-disaster", "again"}},
				{"backup prune", []string{"backup", "prune", "--keep", "2", "--yes"}},
			} {
				args := append(does.args, "--kubeconfig", active.File)
				trial(t, active, does.verb, args...)
				w.Direct(t, args...).Exits(0)
			}
			for _, user := range []*journey.Limited{active, standby} {
				trial(t, user, "check", "check", "--kubeconfig", user.File)
				w.Direct(t, "check", "--kubeconfig", user.File).Row("PASS", "permissions")
				trial(t, user, "inspect", "inspect", "before-disaster", "--kubeconfig", user.File)
			}
		}},
		{Name: "Restore", Do: func(t journey.TB, w *journey.World) {
			args := []string{"restore", "--from-backup", "before-disaster", "--kubeconfig", standby.File}
			trial(t, standby, "restore", args...)
			restoredKinds(t, w, standby)
			w.Direct(t, args...).Exits(0)
			trial(t, standby, "get credentials", "get", "credentials", "--kubeconfig", standby.File)
			w.Direct(t, "get", "credentials", "--kubeconfig", standby.File).Exits(0)
		}},
		{Name: "Reregister", Do: func(t journey.TB, w *journey.World) {
			args := []string{"reregister", cluster, "--kubeconfig", standby.File, "--managed-kubeconfig", managed.File}
			before := w.Bootstrap(t, cluster)
			trial(t, managed, "reregister", args...)
			trial(t, standby, "reregister", args...)
			w.HasBootstrap(t, cluster, before)
			w.Direct(t, args...).Exits(0).Row(cluster, "Done")
		}},
		{Name: "Accept", Do: func(t journey.TB, w *journey.World) {
			args := []string{"accept", cluster, "--kubeconfig", standby.File}
			trial(t, standby, "accept", args...)
			w.Direct(t, args...).Exits(0).Row(cluster, "Done")
			trial(t, standby, "explain", "explain", cluster, "--kubeconfig", standby.File, "--managed-kubeconfig", managed.File)
			w.Direct(t, "explain", cluster, "--kubeconfig", standby.File, "--managed-kubeconfig", managed.File).Exits(0)
		}},
		{Name: "UndoAndMinimal", Do: func(t journey.TB, w *journey.World) {
			flags := []string{cluster, "--kubeconfig", standby.File, "--managed-kubeconfig", managed.File, "--old-hub-kubeconfig", active.File}
			w.Direct(t, append([]string{"undo"}, flags...)...).Exits(0).Row(cluster, "Done")
			before := w.Bootstrap(t, cluster)["kubeconfig"]
			w.Shell.Run(t, "kubectl", "delete", "--context", cluster, "-f", managed.Manifests).Exits(0)
			w.Limited(t, cluster, rbac.Managed, "--minimal") // by the same kubeconfig
			w.Direct(t, append([]string{"reregister", "--accept"}, flags...)...).Exits(0).Row(cluster, "Done").Says("workloads were not checked")
			if kept := w.Bootstrap(t, cluster)["previous-kubeconfig"]; string(kept) != string(before) {
				t.Fatalf("the previous bootstrap kubeconfig was not kept in the bootstrap secret")
			}
		}},
		{Name: "Fence", Do: func(t journey.TB, w *journey.World) {
			fence := []string{"fence", "--kubeconfig", standby.File, "--old-hub-kubeconfig", active.File}
			w.Direct(t, append(fence, "--lift")...).Exits(0)
			for _, rule := range active.Rules {
				// What it may, it still does, so each time it starts from an open hub.
				if slices.Contains(rule.Needs, "fence") && without(t, w, active, rule, tried, fence) {
					w.Direct(t, append(fence, "--lift")...).Exits(0)
				}
			}
			w.Direct(t, fence...).Exits(0)
			w.Direct(t, append(fence, "--lift")...).Exits(0)
		}},
		// What the verbs can do without: they do all that they are for.
		{Name: "MinimalHubs", Do: func(t journey.TB, w *journey.World) {
			for _, user := range []*journey.Limited{active, standby} {
				w.Shell.Run(t, "kubectl", "delete", "--context", user.Hub(), "-f", user.Manifests).Exits(0)
				w.Limited(t, user.Hub(), user.Role, "--minimal")
			}
			w.Direct(t, "backup", "with-less", "--kubeconfig", active.File).Exits(0).Row("with-less", "Completed")
			w.Direct(t, "check", "--kubeconfig", active.File).Row("PASS", "permissions").Row("WARN", "API services")
			w.Direct(t, "restore", "--from-backup", "before-disaster", "--kubeconfig", standby.File).Exits(0)
			w.Direct(t, "reregister", "--accept", cluster, "--kubeconfig", standby.File, "--managed-kubeconfig", managed.File).Exits(0)
			w.Direct(t, "explain", cluster, "--kubeconfig", standby.File).Exits(0)
		}},
		{Name: "EveryRightIsNeeded", Do: func(t journey.TB, _ *journey.World) { allNeeded(t, tried, active, standby, managed) }},
	})
}

// allNeeded counts the rights, and fails for one that nothing failed without and that is not said to be spared.
func allNeeded(t journey.TB, tried map[string]bool, users ...*journey.Limited) {
	t.Helper()
	var idle []string
	for _, user := range users {
		count := map[string]int{}
		for _, rule := range user.Rules {
			key := string(user.Role) + ": " + rule.String()
			switch {
			case tried[key]:
				count["tried"]++
			case rule.Without != "":
				count["optional"]++
			case rule.Only != "":
				count["elsewhere"]++
			default:
				idle = append(idle, key)
			}
		}
		t.Logf("%s: %d rights, %d taken away one by one and named, %d the verbs can do without, %d that only other hubs need",
			user.Role, len(user.Rules), count["tried"], count["optional"], count["elsewhere"])
	}
	if len(idle) > 0 {
		t.Fatalf("nothing fails without:\n%s", strings.Join(idle, "\n"))
	}
}

// binding is of a kind that is in a backup only where a hub has any, as the cluster set is that the lab has.
const binding = `
apiVersion: cluster.open-cluster-management.io/v1beta2
kind: ManagedClusterSetBinding
metadata: {name: fleet, namespace: managed-one}
spec: {clusterSet: fleet}
`

// restoredKinds takes away the right to list each kind that this backup holds only by chance; in the long suite, each that any
// backup may hold.
func restoredKinds(t journey.TB, w *journey.World, standby *journey.Limited) {
	t.Helper()
	held := []string{"managedclustersets", "managedclustersetbindings"}
	named := 0
	for _, rule := range standby.Rules {
		here := slices.Contains(held, rule.Attributes().Resource)
		if rule.Only != "backups that hold the kind" || !here && os.Getenv("E2E_LONG") == "" {
			continue
		}
		standby.Without(t, rule, func() {
			result := w.Direct(t, "restore", "--from-backup", "before-disaster", "--dry-run", "--kubeconfig", standby.File)
			if !here && result.Code == 0 {
				return
			}
			result.Exits(1).Says("cannot list resource").Says(" rbac hub-standby")
			named++
		})
	}
	t.Logf("hub-standby: %d rights for kinds that this backup holds taken away and named", named)
}

// without runs a verb without one right, unless it can do without it, no verb of this lab needs it, or it was tried already.
func without(t journey.TB, w *journey.World, user *journey.Limited, rule rbac.Rule, tried map[string]bool, args []string) bool {
	key := string(user.Role) + ": " + rule.String()
	if rule.Without != "" || rule.Only != "" || tried[key] {
		return false
	}
	user.Without(t, rule, func() {
		result := w.Direct(t, args...)
		if !refusal(rule).MatchString(result.Stdout + result.Stderr) {
			t.Fatalf("without %q: want %s\n%s%s", rule, refusal(rule), result.Stdout, result.Stderr)
		}
		// What explain may not look at on a managed cluster it names, and goes on with the next check.
		if args[0] != "explain" || user.Role != rbac.Managed {
			result.Exits(1)
		}
		result.Says(" rbac " + string(user.Role))
	})
	tried[key] = true
	return true
}

// refusal is how a verb names a right that is lacking.
func refusal(rule rbac.Rule) *regexp.Regexp {
	at := rule.Attributes()
	resource := at.Resource
	if at.Subresource != "" {
		resource += "/" + at.Subresource
	}
	return regexp.MustCompile(fmt.Sprintf(`cannot %s resource "%s"|not currently held.*"%s".*"%s"|signerName "%s"|may not %s secret \S+/%s`,
		at.Verb, resource, at.Resource, at.Verb, orNever(at.Name), at.Verb, orNever(at.Name)))
}

func orNever(name string) string {
	if name == "" {
		return "^never$"
	}
	return regexp.QuoteMeta(name)
}
