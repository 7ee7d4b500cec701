//go:build e2e

package e2e

import (
	"os"
	"slices"
	"testing"

	"github.com/acmdr/kubectl-acmdr/test/journey"
)

// The hub dies; its managed cluster comes back on another, with its workload.
func TestJourney(t *testing.T) {
	run(t, world(t, 1), journey.Single())
}

// The same where ACM's import controller acts on the hubs, here its stand-in: on both, and in the long
// suite on either one.
func TestJourneyWithACM(t *testing.T) {
	on := func(hubs ...string) func(t *testing.T) {
		return func(t *testing.T) {
			w := world(t, 1, withACM(hubs...))
			steps := journey.Single()
			if slices.Contains(hubs, journey.OldHub) {
				steps = slices.Insert(steps, 0, acts(journey.OldHub))
			}
			if slices.Contains(hubs, journey.NewHub) {
				steps = append(steps, acts(journey.NewHub))
			}
			run(t, w, steps)
		}
	}
	t.Run("BothHubs", on(journey.OldHub, journey.NewHub))
	if os.Getenv("E2E_LONG") == "" {
		return
	}
	t.Run("OldHub", on(journey.OldHub))
	t.Run("NewHub", on(journey.NewHub))
}

func acts(hub string) journey.Step {
	return journey.Step{Name: "ACMOn" + hub, Do: func(t journey.TB, w *journey.World) { w.ACMActs(t, hub, cluster) }}
}

// Of three clusters one cannot be reached: the others come back, and it follows when it can.
func TestFleet(t *testing.T) {
	run(t, world(t, 3), journey.Fleet())
}
