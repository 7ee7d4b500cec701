package layout

import "fmt"

// Hubs are the two hubs, in the order in which they are shown.
func Hubs() []string { return []string{HubOne, HubTwo} }

// Managed gives the names of the first n managed clusters.
func Managed(n int) []string {
	words := []string{"one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"}
	names := make([]string, 0, n)
	for i := range n {
		if i < len(words) {
			names = append(names, "managed-"+words[i])
			continue
		}
		names = append(names, fmt.Sprintf("managed-%d", i+1))
	}
	return names
}

// Clusters gives every cluster of a lab with n managed ones.
func Clusters(n int) []string { return append(Hubs(), Managed(n)...) }
