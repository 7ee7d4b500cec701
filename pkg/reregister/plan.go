package reregister

import (
	"fmt"
	"strings"

	"github.com/acmdr/kubectl-acmdr/pkg/kubeconfig"
	"github.com/acmdr/kubectl-acmdr/pkg/ocm"
	"github.com/acmdr/kubectl-acmdr/pkg/step"
)

// What a dry run says that the steps of a move would do.

func says(text string) func(*Move) string { return step.Says[*Move](text) }

func planPrepare(move *Move) string {
	plan := "add what is missing of namespace " + move.Name + ", serviceaccount " + ocm.BootstrapServiceAccount(move.Name) +
		" and its role on this hub"
	if move.poisoned {
		plan = "delete secret " + move.Name + "/" + ocm.ImportSecret(move.Name) + " of another hub; " + plan
	}
	return plan
}

func planFences(move *Move) string {
	var changes []string
	for _, change := range move.fences {
		changes = append(changes, change.Object.String()+" "+change.Text)
	}
	return strings.Join(changes, ", ") + " on the old hub"
}

func (m *Mover) planMint(move *Move) string {
	if move.imported != nil {
		return "use the bootstrap kubeconfig that ACM made for " + move.server()
	}
	return fmt.Sprintf("ask for a token of %s and try it at %s", m.TokenLifetime, move.endpoint.Server)
}

func planSwitch(move *Move) string {
	return fmt.Sprintf("replace the kubeconfig in secret %s/%s, which leads to %s; the previous one is kept",
		move.managed.Namespace, ocm.BootstrapSecret, orNowhere(kubeconfig.Server(move.bootstrap)))
}

func orNowhere(server string) string {
	if server == "" {
		return "nowhere"
	}
	return server
}

func planPutBack(move *Move) string {
	return fmt.Sprintf("put the previous kubeconfig, which leads to %s, back into secret %s/%s",
		move.way.server, move.managed.Namespace, ocm.BootstrapSecret)
}
