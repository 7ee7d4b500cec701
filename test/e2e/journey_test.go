//go:build e2e

package e2e

import (
	"testing"

	"github.com/acmdr/kubectl-acmdr/test/journey"
)

// The hub dies; its managed cluster comes back on another, with its workload.
func TestJourney(t *testing.T) {
	run(t, world(t, 1), journey.Single())
}

// Of three clusters one cannot be reached: the others come back, and it follows when it can.
func TestFleet(t *testing.T) {
	run(t, world(t, 3), journey.Fleet())
}
