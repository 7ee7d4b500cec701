//go:build e2e

package e2e

import (
	"os"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/acmdr/kubectl-acmdr/test/journey"
)

// A move that is struck at its k-th request, for every k: the plugin is killed, an answer is lost, a server refuses or is
// silent. At every point the cluster has a whole bootstrap kubeconfig, no credential is left on disk, and the same command
// finishes the move.
func TestDyingAtAnyPoint(t *testing.T) {
	clusters := []string{"managed-one", "managed-two", "managed-three"}
	w := world(t, len(clusters))
	var dying []*journey.Dying
	for _, cluster := range clusters {
		w.Restored(t, cluster)
		dying = append(dying, w.NewDying(t, cluster))
	}
	requests := dying[0].Requests(t)
	for k, request := range requests {
		t.Logf("request %d: %s", k+1, request)
	}
	points := pointsOf(requests)
	var tried, survived, missed atomic.Int32
	queue := make(chan point, len(points))
	for _, p := range points {
		queue <- p
	}
	close(queue)
	t.Run("Points", func(t *testing.T) {
		for i, cluster := range clusters {
			t.Run(cluster, func(t *testing.T) {
				t.Parallel()
				for p := range queue {
					tried.Add(1)
					if dying[i].Survives(t, p.request, p.fault) {
						survived.Add(1)
					} else {
						missed.Add(1)
					}
				}
			})
		}
	})
	// What a run waits for decides how often it looks, so the last requests of one run may be none of another.
	t.Logf("a move of %d requests: %d points tried, %d survived; %d more were past the end of their run",
		len(requests), tried.Load()-missed.Load(), survived.Load(), missed.Load())
	if missed.Load() > survived.Load() {
		t.Error("most faults did not strike")
	}
}

type point struct {
	request int
	fault   journey.Fault
}

// pointsOf are, in the long suite, the death of the plugin at every request, and every other fault at every request that is not
// only made again since something is waited for. In the short one each of those meets one fault after the other in turn,
// and one that writes is also the last before the plugin dies and the last that it does not hear of.
func pointsOf(requests []string) []point {
	var points []point
	faults := journey.Faults()
	long := os.Getenv("E2E_LONG") != ""
	known := map[string]bool{}
	for k, request := range requests {
		again := known[request]
		known[request] = true
		switch {
		case long && again:
			points = append(points, point{k + 1, journey.KilledBefore})
		case long:
			for _, fault := range faults {
				points = append(points, point{k + 1, fault})
			}
		case !again:
			points = append(points, point{k + 1, faults[len(known)%(len(faults)-1)]}) // silence, the last, only takes time
			if writes(request) {
				points = append(points, point{k + 1, journey.KilledAfter}, point{k + 1, journey.AnswerLost})
			}
		}
	}
	return points
}

// writes tells whether a request changes a cluster; reviews are posted, too, and change nothing.
func writes(request string) bool {
	return !strings.Contains(request, " GET ") && !strings.Contains(request, "reviews")
}
