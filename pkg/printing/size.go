package printing

import "github.com/dustin/go-humanize"

// Size prints a number of bytes: 512 B, 1.4 MiB.
func Size(bytes int64) string {
	if bytes < 0 {
		return Unknown
	}
	return humanize.IBytes(uint64(bytes))
}
