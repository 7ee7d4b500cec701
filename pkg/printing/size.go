package printing

import (
	"fmt"

	"github.com/dustin/go-humanize"
)

// Size prints a number of bytes: 512 B, 1.4 MiB.
func Size(bytes int64) string {
	if bytes < 0 {
		return Unknown
	}
	return humanize.IBytes(uint64(bytes))
}

// Count prints a number of things: 1 cluster, 2 clusters.
func Count(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}
