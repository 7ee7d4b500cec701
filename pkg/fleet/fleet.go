// Package fleet runs one unit of work for many targets with bounded parallelism. One target's failure never stops
// another. The package knows no Kubernetes kind.
package fleet

import (
	"context"

	"golang.org/x/sync/errgroup"
)

// Run calls unit for every target, at most parallel at a time, and returns the results in the order of the targets.
// Targets that had not begun when ctx was cancelled are passed to unit all the same: it reports them as cancelled.
func Run[T, R any](ctx context.Context, targets []T, parallel int, unit func(context.Context, T) R) []R {
	results := make([]R, len(targets))
	var group errgroup.Group
	group.SetLimit(max(parallel, 1))
	for i, target := range targets {
		group.Go(func() error {
			results[i] = unit(ctx, target)
			return nil
		})
	}
	_ = group.Wait() // every outcome is in its result
	return results
}
